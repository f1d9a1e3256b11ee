import type { AuditEntry } from '@catga/core';

/** One line of `GET /orders/:id/history`. */
export interface OrderEvent {
  readonly version: number;
  readonly at: string;
  readonly type: string;
  readonly event: object;
  /** What is different since: path in the state of the order, before, after. */
  readonly changes: AuditEntry['changes'];
  /** The process that it belongs to. */
  readonly correlationId?: string | undefined;
  /** The message that caused it. */
  readonly causationId?: string | undefined;
}

/** The audit of an order for people. */
export function toHistory(entries: readonly AuditEntry[]): OrderEvent[] {
  return entries.map(({ version, at, type, event, changes, correlationId, causationId }) => {
    return { version, at: new Date(at).toISOString(), type, event, changes, correlationId, causationId };
  });
}
