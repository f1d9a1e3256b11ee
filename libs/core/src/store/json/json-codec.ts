import type { Codec } from '../codec.js';
import { UndecodablePayloadError } from '../codec.errors.js';
import { CodecTypes, type CodecClass, type CodecTypeOptions } from './codec-types.js';
import { JsonDecoder } from './json-decoder.js';
import { JsonEncoder } from './json-encoder.js';
import { isPlainJson, TYPE_KEY } from './plain-json.js';

/** A payload without this text holds no tag: a quote inside a JSON string is written `\"`, so this is a key or a whole string. */
const TAG_TEXT = `"${TYPE_KEY}"`;

/**
 * The default codec: JSON that a person can read, with tags (`{ "$type": "Date", "value": … }`) for what JSON cannot
 * say. Plain data is plain JSON, written by `JSON.stringify` itself.
 *
 * Comes back as it was: undefined, NaN, ±Infinity, -0, bigint, Date, Map, Set, RegExp, URL, Buffer, ArrayBuffer, typed
 * arrays, DataView, errors (name, message, code, cause, stack, own fields), and instances of registered classes.
 *
 * Comes back changed, on the first run as on every other: instances of classes that only declare fields (commands,
 * DTOs) as plain objects with these fields; objects with `toJSON` as what that returns; errors of classes that are not
 * registered as the nearest registered parent class, else as an `Error` (an error of Catga as a `CatgaError`), with the
 * same name and fields; an object met twice as
 * two copies; holes in arrays as undefined; fields named by symbols and extra fields of arrays not at all.
 *
 * Anything else is refused with the path to it: functions, symbols, cycles, promises, instances of unregistered
 * classes with methods.
 *
 * @example
 * ```ts
 * const codec = new JsonCodec()
 *   .registerType(PaymentDeclined)
 *   .registerType(Money, { encode: (m) => m.toString(), decode: (text: string) => Money.parse(text) });
 * ```
 */
export class JsonCodec implements Codec {
  readonly name = 'json';
  private readonly types = new CodecTypes();

  /**
   * Makes instances of exactly this class come back as its instances. Valid for this codec only.
   *
   * @throws {CodecTypeConflictError} when the name or the class is taken.
   */
  registerType<T, D = unknown>(type: CodecClass<T>, options: CodecTypeOptions<T, D> = {}): this {
    this.types.add(type, options);
    return this;
  }

  /** @throws {UnencodableValueError} with the path of what cannot be stored. */
  encode(value: unknown): string {
    return JSON.stringify(this.isPlain(value) ? value : new JsonEncoder(this.types).tree(value));
  }

  /** @throws {UndecodablePayloadError} @throws {UnknownCodecTypeError} */
  decode(payload: string | Uint8Array): unknown {
    const text = typeof payload === 'string' ? payload : new TextDecoder().decode(payload);
    const tree = parse(text);
    return text.includes(TAG_TEXT) ? new JsonDecoder(this.types).value(tree) : tree;
  }

  private isPlain(value: unknown): boolean {
    try {
      return isPlainJson(value, this.types);
    } catch {
      // A getter of the user's threw; the encoder meets it again and says where.
      return false;
    }
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new UndecodablePayloadError('json', 'it is not JSON', { cause });
  }
}
