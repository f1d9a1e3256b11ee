import type { BookOrder, BookProduct } from './order-book.js';

/** Pieces to put in. */
export interface Restock {
  readonly productId: number;
  readonly quantity: number;
}

/** Smallest delivery of a supplier. */
const LOT = 100;

/**
 * What has to come in before each order, so that no product falls below its reorder level. Reckoned from the book
 * alone, so that a second run plans exactly the same and the sample can recognise each delivery.
 */
export class RestockPlan {
  private readonly products: ReadonlyMap<number, BookProduct>;
  private readonly levels: Map<number, number>;

  constructor(products: readonly BookProduct[]) {
    this.products = new Map(products.map((product) => [product.productId, product]));
    this.levels = new Map(products.map((product) => [product.productId, product.unitsInStock]));
  }

  /** Deliveries to make before this order is sent. Call it once an order, in the order of the book. */
  before(order: BookOrder): Restock[] {
    return order.items.flatMap(({ productId, quantity }) => this.afterTaking(productId, quantity));
  }

  private afterTaking(productId: number, taken: number): Restock[] {
    const product = this.products.get(productId);
    if (!product) return []; // not in the book: the sample will say so
    const left = (this.levels.get(productId) ?? 0) - taken;
    const missing = product.reorderLevel - left;
    const quantity = missing > 0 ? Math.ceil(missing / LOT) * LOT : 0;
    this.levels.set(productId, left + quantity);
    return quantity > 0 ? [{ productId, quantity }] : [];
  }
}
