import { createHash } from 'node:crypto';
import type { OrderItem } from '../../orders/order-item.js';

/** A product as the load puts it in stock. */
export interface BookProduct {
  readonly productId: number;
  readonly unitsInStock: number;
  /** More is ordered when fewer pieces than this would be left. */
  readonly reorderLevel: number;
}

/** Body of `POST /orders`. */
export interface BookOrder {
  readonly orderId: string;
  readonly customerId: string;
  readonly address: string;
  readonly country?: string;
  readonly items: readonly OrderItem[];
}

/** Everything that a load sends, and what was noticed while reading it. */
export interface OrderBook {
  /** Where it comes from, for people. */
  readonly source: string;
  readonly products: readonly BookProduct[];
  readonly orders: readonly BookOrder[];
  /** Rows with commas inside of a field that is not quoted, put together again. */
  readonly repairedRows: number;
  /** Rows that could not be read, each with its file, line and reason. */
  readonly unreadable: readonly string[];
}

/** A short text that is the same for the same content. */
export function fingerprint(content: readonly BookProduct[] | readonly BookOrder[]): string {
  return createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 12);
}

/** The same book with the first `most` orders only. */
export function firstOrders(book: OrderBook, most: number | undefined): OrderBook {
  return most === undefined ? book : { ...book, orders: book.orders.slice(0, most) };
}
