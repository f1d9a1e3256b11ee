import { CatgaError } from '@catga/core';
import { isWellFormed } from './payload.js';

/** A name that cannot be kept as UTF-8. */
export class InvalidNameError extends CatgaError {
  readonly code = 'CATGA_INVALID_NAME';
  readonly kind = 'request';
  constructor(what: string, name: string) {
    super(
      `${JSON.stringify(name)} cannot be the name of a ${what}: it holds half of a surrogate pair. Encode it first.`,
      { details: { what, name } },
    );
  }
}

/** The name, if it can be kept. @throws {InvalidNameError} */
export function checkedName(what: string, name: string): string {
  if (!isWellFormed(name)) throw new InvalidNameError(what, name);
  return name;
}

/** Tags as JSON, each once; empty text for none. @throws {InvalidNameError} */
export function tagList(tags: readonly string[] | undefined): string {
  if (tags === undefined || tags.length === 0) return '';
  for (const tag of tags) checkedName('tag', tag);
  return JSON.stringify([...new Set(tags)]);
}
