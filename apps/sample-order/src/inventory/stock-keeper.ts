import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { randomUUID } from 'node:crypto';
import { Stock, type StockLevel } from './stock.js';
import { StockLedger, type StockRow } from './stock.ledger.js';

/** What a fresh clone has in stock: products 1 to 20, more pieces of each than a first user will order. */
const FIRST_CATALOGUE = { products: 20, quantity: 1_000_000 };

/** Puts products into stock. */
@Injectable()
export class StockKeeper implements OnApplicationBootstrap {
  constructor(
    private readonly stock: Stock,
    private readonly ledger: StockLedger,
  ) {}

  /** Fills an empty warehouse. The keys make it the same call after a crash half-way. */
  async onApplicationBootstrap(): Promise<void> {
    const { products, quantity } = FIRST_CATALOGUE;
    const missing = (await this.stock.levels()).length < products;
    for (let productId = 1; missing && productId <= products; productId++) {
      await this.count(productId, quantity, 'first-catalogue');
    }
  }

  /** Sets how many pieces of a product there are; the product may be new. */
  count(productId: number, quantity: number, key: string = randomUUID()): Promise<StockLevel> {
    return this.change('count', productId, () => quantity, key);
  }

  /** Adds pieces of a product; the product may be new. */
  restock(productId: number, quantity: number, key: string = randomUUID()): Promise<StockLevel> {
    return this.change('restock', productId, (now) => now + quantity, key);
  }

  private async change(kind: StockRow['kind'], productId: number, next: (now: number) => number, key: string) {
    const { quantity } = await this.ledger.once(`${kind}:${productId}:${key}`, async () => {
      const { write, change, quantity } = await this.stock.set(productId, next);
      return { row: { kind, status: 'done', productId, change, quantity }, effects: [write] };
    });
    return { productId, quantity };
  }
}
