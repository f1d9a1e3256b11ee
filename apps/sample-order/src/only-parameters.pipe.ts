import { InvalidQueryError } from '@catga/core';
import type { PipeTransform } from '@nestjs/common';

/**
 * Refuses a query with any other parameter, with 400: a mistyped filter would find everything. The endpoints of Catga do
 * the same.
 *
 * @example `@Query(onlyParameters(['limit', 'cursor'])) query: PageQuery`
 */
export function onlyParameters(known: readonly string[]): PipeTransform<object, object> {
  return {
    transform(query) {
      const unknown = Object.keys(query).filter((name) => !known.includes(name));
      if (unknown.length === 0) return query;
      const message = `is not a parameter of this route. Known: ${known.join(', ')}`;
      throw new InvalidQueryError(unknown.map((name) => ({ path: name, pointer: `#/${encodeURI(name)}`, message })));
    },
  };
}
