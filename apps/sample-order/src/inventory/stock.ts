import { Injectable } from '@nestjs/common';
import { DomainError, Store, type RecordWrite, type StoredRecord } from '@catga/core';
import type { Quantities } from './quantities.js';

/** How many pieces of a product can be reserved now. */
export interface StockLevel {
  readonly productId: number;
  readonly quantity: number;
}

/** A write, and what it will have done. */
export interface StockChange {
  readonly write: RecordWrite;
  /** Pieces added, negative for fewer. */
  readonly change: number;
  /** Pieces afterwards. */
  readonly quantity: number;
}

const COLLECTION = 'stock';

/**
 * How much of each product is there: one record a product. Nothing is changed here; callers get the writes and put
 * them into one commit with the ledger row that explains them. Each write names the version it was decided on, so two
 * orders can never take the same piece.
 */
@Injectable()
export class Stock {
  constructor(private readonly store: Store) {}

  /** The writes that take these pieces out. @throws {DomainError} `OUT_OF_STOCK`, `UNKNOWN_PRODUCT` */
  take(pieces: Quantities): Promise<RecordWrite[]> {
    return this.change(pieces, (level, wanted) => {
      if (level.quantity >= wanted) return level.quantity - wanted;
      const message = `Product ${level.productId}: ${wanted} wanted, ${level.quantity} in stock. Restock it with POST /inventory/${level.productId}/restock.`;
      throw new DomainError(message, { code: 'OUT_OF_STOCK' });
    });
  }

  /** The writes that put these pieces back. */
  putBack(pieces: Quantities): Promise<RecordWrite[]> {
    return this.change(pieces, (level, returned) => level.quantity + returned);
  }

  /** What is there, by product id. */
  async levels(): Promise<StockLevel[]> {
    const { records } = await this.store.findRecords({ collection: COLLECTION, limit: 10_000 });
    return records.map(read).sort((a, b) => a.productId - b.productId);
  }

  /** The write that brings a product, new or known, to `next` of what it is now. */
  async set(productId: number, next: (now: number) => number): Promise<StockChange> {
    const record = await this.store.getRecord(COLLECTION, String(productId));
    const now = record ? read(record).quantity : 0;
    const quantity = next(now);
    return { write: write({ productId, quantity }, record?.version ?? 0), change: quantity - now, quantity };
  }

  private async change(pieces: Quantities, next: (level: StockLevel, pieces: number) => number) {
    return Promise.all(
      Object.entries(pieces).map(async ([productId, count]) => {
        const record = await this.store.getRecord(COLLECTION, productId);
        if (!record) throw new DomainError(`There is no product ${productId}.`, { code: 'UNKNOWN_PRODUCT' });
        const level = read(record);
        return write({ ...level, quantity: next(level, count) }, record.version);
      }),
    );
  }
}

function read(record: StoredRecord): StockLevel {
  return JSON.parse(record.value as string) as StockLevel;
}

function write(level: StockLevel, ifVersion: number): RecordWrite {
  return { collection: COLLECTION, key: String(level.productId), value: JSON.stringify(level), ifVersion };
}
