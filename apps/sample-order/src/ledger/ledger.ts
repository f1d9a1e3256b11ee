import { setTimeout as pause } from 'node:timers/promises';
import { RecordConflictError, type RecordWrite, type Store, type StoredRecord } from '@catga/core';
import type { LedgerRow, RowDetails } from './ledger-row.js';

/** A row with the version that an amendment must still find. */
export interface LedgerEntry<D extends RowDetails> {
  readonly row: LedgerRow<D>;
  readonly version: number;
}

/** What a call came to, and what else changes in the same commit. */
export interface Decision<D extends RowDetails> {
  readonly row: D;
  readonly effects?: readonly RecordWrite[];
}

/** Rows of a ledger, and where to go on. */
export interface LedgerPage<D extends RowDetails> {
  readonly rows: LedgerRow<D>[];
  readonly cursor?: string;
}

/**
 * What a service behind the mediator has done, durably: one record a call, found by its idempotency key. A row and
 * its effects are one commit, so there is never one without the others.
 *
 * It keeps repetitions of one call apart from doing something twice: the former are counted in the row, the latter
 * would be a second row, for everybody to see.
 */
export class Ledger<D extends RowDetails> {
  constructor(
    private readonly store: Store,
    readonly name: string,
  ) {}

  /**
   * Does something once per idempotency key. A repetition gets the row of the first time back.
   *
   * @param decide reads what it needs and says what to write; asked again when somebody else wrote in between.
   */
  async once(key: string, decide: () => Decision<D> | Promise<Decision<D>>): Promise<LedgerRow<D>> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.tryOnce(key, decide);
      } catch (error) {
        if (!(error instanceof RecordConflictError)) throw error;
        // Those who met on one record should not meet there again at once.
        await pause(Math.random() * Math.min(attempt, 10));
      }
    }
  }

  /** A write that puts a new row in, for a commit of the caller's own. */
  insert(key: string, row: D): RecordWrite {
    return this.write(firstRow(key, row), 0);
  }

  /** A write that changes a row; the store refuses it if somebody else has changed the row since it was read. */
  amend(entry: LedgerEntry<D>, change: Partial<D>): RecordWrite {
    return this.write({ ...entry.row, ...change }, entry.version);
  }

  /** The rows of an order that stand at `status`. */
  async standing(orderId: string, status: D['status']): Promise<LedgerEntry<D>[]> {
    const query = { collection: this.collection, tags: [orderTag(orderId)], limit: 1_000 };
    const { records } = await this.store.findRecords(query);
    return records.map((record) => this.read(record)).filter(({ row }) => row.status === status);
  }

  /** Rows, oldest first. */
  async page(query: { orderId?: string; limit: number; cursor?: string }): Promise<LedgerPage<D>> {
    const { records, cursor } = await this.store.findRecords({
      collection: this.collection,
      limit: query.limit,
      ...(query.orderId === undefined ? {} : { tags: [orderTag(query.orderId)] }),
      ...(query.cursor === undefined ? {} : { cursor: query.cursor }),
    });
    const rows = records.map((record) => this.read(record).row);
    return cursor === undefined ? { rows } : { rows, cursor };
  }

  private async tryOnce(key: string, decide: () => Decision<D> | Promise<Decision<D>>): Promise<LedgerRow<D>> {
    const known = await this.store.getRecord(this.collection, key);
    if (known) {
      const { row, version } = this.read(known);
      return this.commit({ ...row, calls: row.calls + 1 }, version);
    }
    const { row, effects } = await decide();
    return this.commit(firstRow(key, row), 0, effects);
  }

  private async commit(row: LedgerRow<D>, ifVersion: number, effects: readonly RecordWrite[] = []) {
    await this.store.commit({ records: [...effects, this.write(row, ifVersion)] });
    return row;
  }

  private get collection(): string {
    return `ledger-${this.name}`;
  }

  /** As text, because a durable store keeps only text and bytes. */
  private write(row: LedgerRow<D>, ifVersion: number): RecordWrite {
    const tags = row.orderId === undefined ? [] : [orderTag(row.orderId)];
    return { collection: this.collection, key: row.idempotencyKey, value: JSON.stringify(row), ifVersion, tags };
  }

  private read(record: StoredRecord): LedgerEntry<D> {
    return { row: JSON.parse(record.value as string) as LedgerRow<D>, version: record.version };
  }
}

function firstRow<D extends RowDetails>(idempotencyKey: string, row: D): LedgerRow<D> {
  return { ...row, idempotencyKey, calls: 1, at: new Date().toISOString() };
}

function orderTag(orderId: string): string {
  return `order:${orderId}`;
}
