import { uuidv7 } from '../../ids/index.js';
import { RecordConflictError, type Store } from '../../store/index.js';

const COLLECTION = 'catga.outbox-relay';
const KEY = 'relay';

/**
 * Who publishes the outbox of a store. One node at a time, so that messages stay in order; nothing worse than doubled
 * messages happens when two believe they are the one.
 */
export class RelayLease {
  private readonly owner = uuidv7();
  private version: number | undefined;

  /** @param duration milliseconds */
  constructor(
    private readonly store: Store,
    private readonly duration: number,
  ) {}

  /**
   * Takes or prolongs the lease.
   *
   * @returns 0 when this node has it, else the milliseconds for which another one does
   */
  async take(): Promise<number> {
    const record = await this.store.getRecord(COLLECTION, KEY);
    const now = await this.store.now();
    const left = record === undefined ? 0 : Math.max(0, (record.expiresAt ?? 0) - now);
    const isMine = record !== undefined && ownerOf(record.value) === this.owner;
    if (isMine && left > this.duration / 2) return 0;
    if (!isMine && left > 0) return left;
    try {
      const write = { collection: COLLECTION, key: KEY, value: this.owner, expiresAt: now + this.duration };
      const { recordVersions } = await this.store.commit({
        records: [{ ...write, ifVersion: isMine ? record.version : 0 }],
      });
      this.version = recordVersions[0];
      return 0;
    } catch (error) {
      if (error instanceof RecordConflictError) return this.duration / 2;
      throw error;
    }
  }

  /** For the next node, which then need not wait. */
  async release(): Promise<void> {
    const { version } = this;
    this.version = undefined;
    if (version === undefined) return;
    try {
      await this.store.commit({ records: [{ collection: COLLECTION, key: KEY, ifVersion: version }] });
    } catch (error) {
      // Somebody else has it already.
      if (!(error instanceof RecordConflictError)) throw error;
    }
  }
}

const ownerOf = (value: unknown): string =>
  typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array);
