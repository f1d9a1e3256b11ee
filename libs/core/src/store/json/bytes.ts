import { types } from 'node:util';

type BytesConstructor = new (buffer: ArrayBuffer) => ArrayBufferView;

const VIEWS: Readonly<Record<string, BytesConstructor>> = {
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
  DataView,
};

/** Name of the built-in kind of bytes; undefined for anything else, subclasses included. */
export function bytesKind(value: object): string | undefined {
  if (Buffer.isBuffer(value)) return 'Buffer';
  const name = Object.getPrototypeOf(value)?.constructor?.name as unknown;
  if (types.isArrayBuffer(value)) return name === 'ArrayBuffer' ? name : undefined;
  return ArrayBuffer.isView(value) && typeof name === 'string' && Object.hasOwn(VIEWS, name) ? name : undefined;
}

/** Base64 of what the view covers, not of the memory behind it. Numbers are in the machine's byte order, little-endian. */
export function bytesToText(value: ArrayBuffer | ArrayBufferView): string {
  return ArrayBuffer.isView(value)
    ? Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64')
    : Buffer.from(value).toString('base64');
}

/** True when {@link bytesFromText} knows the name. */
export function isBytesKind(name: string): boolean {
  return name === 'Buffer' || name === 'ArrayBuffer' || Object.hasOwn(VIEWS, name);
}

/** The bytes again, in memory of their own. */
export function bytesFromText(kind: string, text: string): ArrayBuffer | ArrayBufferView {
  const bytes = Buffer.from(text, 'base64');
  if (kind === 'Buffer') return bytes;
  const memory = new ArrayBuffer(bytes.byteLength);
  new Uint8Array(memory).set(bytes);
  const View = VIEWS[kind];
  return View === undefined ? memory : new View(memory);
}
