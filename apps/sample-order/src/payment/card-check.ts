/**
 * Whether the card of an order is declined. Decided by the order's id alone, so that asking again gets the same
 * answer, as it would from a bank.
 *
 * @param rate share of the orders that are declined, 0 to 1.
 */
export function isDeclined(orderId: string, rate: number): boolean {
  return fraction(orderId) < rate;
}

/** A number from 0 to below 1 that looks random and depends on the text only (FNV-1a, then mixed). */
function fraction(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
