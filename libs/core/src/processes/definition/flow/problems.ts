import { nearestName } from '../../../foundation/index.js';

/** Collects what is wrong with a process class, each thing once. */
export class Problems {
  private readonly texts = new Set<string>();

  add(text: string): void {
    this.texts.add(text);
  }

  get all(): readonly string[] {
    return [...this.texts];
  }
}

/** ` Did you mean "reserve"?` with a space in front, or nothing. */
export function didYouMean(name: string, known: Iterable<string>): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? '' : ` Did you mean "${nearest}"?`;
}

/** `a, b or c`, quoted. */
export function listNames(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}

/** `reserveInventory` → `ReserveInventory`. */
export function upperFirst(name: string): string {
  return name.charAt(0).toUpperCase() + name.slice(1);
}

/** `ReserveInventory` → `reserveInventory`. */
export function lowerFirst(name: string): string {
  return name.charAt(0).toLowerCase() + name.slice(1);
}
