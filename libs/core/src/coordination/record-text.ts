import type { StoredRecord } from '../store/index.js';

/** The value of a record that was written as text. */
export function textOf({ value }: StoredRecord): string {
  return typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array);
}
