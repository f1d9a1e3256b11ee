import { seededRandom, wholeBetween } from '../random.js';
import type { BookOrder, BookProduct, OrderBook } from './order-book.js';

/** As many as Northwind has. */
const PRODUCTS = 77;
const ORDERS = 830;
const COUNTRIES = ['Austria', 'Brazil', 'France', 'Germany', 'Mexico', 'Sweden', 'UK', 'USA'];
const DISCOUNTS = [0, 0, 0, 0.05, 0.1, 0.15, 0.2, 0.25];

/** Orders of the shape of Northwind's, made up: for machines that do not have its files. Same seed, same orders. */
export function generateOrders(seed: number, count: number = ORDERS): OrderBook {
  const random = seededRandom(seed);
  const products = Array.from({ length: PRODUCTS }, (_, index) => toProduct(index + 1, random));
  const prices = products.map(() => wholeBetween(random, 250, 10_000) / 100);
  const orders = Array.from({ length: count }, (_, index) => toOrder(`G${seed}-${index + 1}`, prices, random));
  return { source: `generated, seed ${seed}`, products, orders, repairedRows: 0, unreadable: [] };
}

function toProduct(productId: number, random: () => number): BookProduct {
  return { productId, unitsInStock: wholeBetween(random, 0, 125), reorderLevel: wholeBetween(random, 0, 6) * 5 };
}

function toOrder(orderId: string, prices: readonly number[], random: () => number): BookOrder {
  const productIds = new Set(
    Array.from({ length: wholeBetween(random, 1, 5) }, () => wholeBetween(random, 1, PRODUCTS)),
  );
  const items = [...productIds].map((productId) => ({
    productId,
    quantity: wholeBetween(random, 1, 60),
    unitPrice: prices[productId - 1] ?? 1,
    discount: DISCOUNTS[wholeBetween(random, 0, DISCOUNTS.length - 1)] ?? 0,
  }));
  const customer = wholeBetween(random, 1, 89);
  // One customer, one country.
  const country = COUNTRIES[customer % COUNTRIES.length] as string;
  return { orderId, customerId: `C${customer}`, address: `${customer} Long Road, ${country}`, country, items };
}
