/** One fault of a body or query. */
export interface Fault {
  /** Where, with dots: `items.0.quantity`. Empty for the value as a whole. */
  readonly path: string;
  /** The same as a JSON pointer in a URI fragment, as RFC 9457 shows it: `#/items/0/quantity`. */
  readonly pointer: string;
  readonly message: string;
}

/** A value that passed, or everything that is wrong with it. */
export type ValidationOutcome =
  { readonly value: unknown; readonly faults?: undefined } | { readonly faults: readonly Fault[] };

/** Makes a {@link Fault} from the segments of a path. */
export function fault(path: readonly PropertyKey[], message: string): Fault {
  const segments = path.map(String);
  const pointer = segments.map((s) => `/${encodeURI(s.replaceAll('~', '~0').replaceAll('/', '~1'))}`).join('');
  return { path: segments.join('.'), pointer: `#${pointer}`, message };
}
