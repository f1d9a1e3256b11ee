/**
 * Turns values into what a durable store keeps, and back. `decode(encode(x))` must give a deep copy of x for every
 * value that `encode` accepts; anything else must be refused with an {@link UnencodableValueError}.
 */
export interface Codec {
  /** Short name, kept with what it wrote: `json`, `msgpack`, … */
  readonly name: string;
  encode(value: unknown): string | Uint8Array;
  decode(payload: string | Uint8Array): unknown;
}
