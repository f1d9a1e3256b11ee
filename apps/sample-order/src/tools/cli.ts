import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { SampleStartError } from './crash/sample-process.js';
import { generateOrders } from './load/generated-orders.js';
import { readNorthwind } from './load/northwind.js';
import { firstOrders, type OrderBook } from './load/order-book.js';

/** The command line cannot be understood. */
export class UsageError extends Error {}

/** Beside the repository, where developers of this project keep the data. */
const NORTHWIND = resolve(import.meta.dirname, '../../../../../shared/data/northwind');

/**
 * The orders to send: of the folder, else Northwind's when they are beside the repository, else made up.
 *
 * @param count first orders only. Default: all.
 * @param seed of orders that are made up.
 */
export function openBook(folder: string | undefined, count: number | undefined, seed: number): OrderBook {
  const found = folder === undefined ? (existsSync(NORTHWIND) ? NORTHWIND : undefined) : resolve(folder);
  return found === undefined ? generateOrders(seed, count) : firstOrders(readNorthwind(found), count);
}

/** What is worth knowing about a book, in lines. */
export function describeBook(book: OrderBook): string {
  const repaired = `${book.repairedRows} rows had a comma inside of the address and were put together again`;
  return [
    `${book.orders.length} orders and ${book.products.length} products (${book.source}).`,
    ...(book.repairedRows > 0 ? [`${repaired}; no order is lost.`] : []),
    ...book.unreadable.map((reason) => `NOT READ  ${reason}`),
  ].join('\n');
}

/** A whole number from the command line. @throws {UsageError} */
export function wholeNumber(name: string, text: string, least: number): number {
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  throw new UsageError(`--${name} "${text}" is not a whole number of ${least} or more.`);
}

/**
 * Runs a command and exits with what it returns; with 1 and one line when the sample cannot be started, with 2 and one
 * line when the command cannot be carried out at all.
 */
export async function runCommand(usage: string, command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (error) {
    const isUsage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
    console.error(`${(error as Error).message}${isUsage ? `\n\n${usage}` : ''}`);
    process.exitCode = error instanceof SampleStartError ? 1 : 2;
  }
}
