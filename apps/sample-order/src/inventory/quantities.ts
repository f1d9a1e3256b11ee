/** Pieces by product id. */
export type Quantities = Readonly<Record<string, number>>;

/** Adds up lines of the same product. */
export function quantitiesOf(items: readonly { productId: number; quantity: number }[]): Quantities {
  const sums: Record<string, number> = {};
  for (const { productId, quantity } of items) sums[productId] = (sums[productId] ?? 0) + quantity;
  return sums;
}
