import type { Store } from '@catga/core';
import { FileHistory, HistoryClient, historyWorkload } from '@catga/testing';

/** The program that the test starts, kills and starts again. */
export async function writer(store: Store, historyPath: string): Promise<void> {
  const client = new HistoryClient(store, new FileHistory(historyPath), 'writer');
  await historyWorkload(client, { operations: 2_000, retries: 2 });
}
