import { MemoryStore } from '@catga/core';
import { assertHistory, HistoryClient, historyWorkload, MemoryHistory, readFinalLog } from '@catga/testing';

export async function holdsUnderConcurrency(): Promise<number> {
  const store = new MemoryStore();
  const history = new MemoryHistory();
  const clients = ['ann', 'bob', 'cid'].map((name) => new HistoryClient(store, history, name));
  await Promise.all(clients.map((client) => historyWorkload(client)));
  const counts = assertHistory({ history: history.entries, log: await readFinalLog(store) });
  return counts.acknowledged; // a test should also show that there was something to check
}
