/** One thing that is wrong with a value, with its place. */
export interface Fault {
  /** Where, with dots: `items.0.quantity`. Empty for the value as a whole. */
  readonly path: string;
  /** The same as a JSON pointer in a URI fragment, as RFC 9457 shows it: `#/items/0/quantity`. */
  readonly pointer: string;
  readonly message: string;
}

/** Makes a {@link Fault} from the segments of a path. */
export function fault(path: readonly PropertyKey[], message: string): Fault {
  const segments = path.map(String);
  const escaped = segments.map((segment) => encodeURI(segment.replaceAll('~', '~0').replaceAll('/', '~1')));
  return { path: segments.join('.'), pointer: ['#', ...escaped].join('/'), message };
}
