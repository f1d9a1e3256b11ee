import { setTimeout as pause } from 'node:timers/promises';
import type { NotificationRow } from '../../notification/notification.ledger.js';
import type { LedgerRow } from '../../ledger/ledger-row.js';
import type { Evidence } from '../crash/evidence.js';
import type { SampleClient } from '../sample-client.js';

/** Longest wait for the last receipts, in ms: one whose node died is mailed by another when its silence is noticed. */
const PATIENCE = 120_000;

/** Receipts are mailed after the order was answered: waits until there are this many of them, or for too long. */
export async function waitForReceipts(client: SampleClient, count: number): Promise<void> {
  for (const limit = Date.now() + PATIENCE; Date.now() < limit; await pause(250)) {
    const rows = await client.get<LedgerRow<NotificationRow>[]>('/ledger/notification');
    if (rows.filter(isReceipt).length >= count) return;
  }
}

/** Every completed order has one receipt, no other order has any. */
export function auditReceipts({ orders, notification }: Evidence): string[] {
  const receipts = new Map<string, number>();
  for (const { orderId } of notification.filter(isReceipt)) receipts.set(orderId, (receipts.get(orderId) ?? 0) + 1);
  return Array.from(orders).flatMap(([orderId, order]) => {
    const expected = order?.view.status === 'completed' ? 1 : 0;
    const mailed = receipts.get(orderId) ?? 0;
    return mailed === expected ? [] : [`Order ${orderId} is ${order?.view.status}: ${mailed} receipts were mailed.`];
  });
}

function isReceipt({ kind }: NotificationRow): boolean {
  return kind === 'receipt';
}
