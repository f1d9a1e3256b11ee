import { InvalidNameError } from './sqlite.errors.js';

/** @throws {InvalidNameError} */
export function assertName(what: string, name: string): void {
  if (!isName(name)) throw new InvalidNameError(what, name);
}

/** Whether SQLite's clients keep it as it is; nothing else is ever written. */
export function isName(name: string): boolean {
  return !name.includes('\0') && (name as unknown as { isWellFormed(): boolean }).isWellFormed();
}
