import type { Evidence } from './evidence.js';

/** For every product: what came in, less what was reserved, plus what was released, is what is there. */
export function auditStock({ levels, stock, inventory }: Evidence): string[] {
  const expected = new Map<number, number>();
  const add = (productId: number, pieces: number): void => {
    expected.set(productId, (expected.get(productId) ?? 0) + pieces);
  };
  for (const { productId, change } of stock) add(productId, change);
  for (const { kind, status, items = {} } of inventory) {
    const sign = kind === 'release' ? 1 : status === 'refused' ? 0 : -1;
    for (const [productId, pieces] of Object.entries(items)) if (sign !== 0) add(Number(productId), sign * pieces);
  }
  const there = new Map(levels.map((level) => [level.productId, level.quantity]));
  return [...expected]
    .filter(([productId, quantity]) => there.get(productId) !== quantity)
    .map(
      ([productId, quantity]) =>
        `Product ${productId}: ${there.get(productId)} in stock, but the ledgers say ${quantity}.`,
    )
    .concat(levels.filter((level) => level.quantity < 0).map((level) => `Product ${level.productId} is below zero.`));
}
