import type { Payload } from '@catga/core';

/** How a payload is written. Text that is not well-formed Unicode would not survive UTF-8. */
const KIND = { utf8: 0, bytes: 1, utf16: 2 } as const;

/** Kind and length in front of each payload. Bytes. */
const PREFIX = 5;

/** A payload and the room that it takes. */
export interface SizedPayload {
  readonly value: string | Uint8Array;
  readonly kind: number;
  /** Bytes, without the prefix. */
  readonly length: number;
}

/** Measures a payload; it must be text or bytes. */
export function sizePayload(value: Payload): SizedPayload {
  if (typeof value !== 'string') {
    // A copy: the message is written later, and the caller may use his buffer again.
    const bytes = new Uint8Array(value as Uint8Array);
    return { value: bytes, kind: KIND.bytes, length: bytes.length };
  }
  return (value as unknown as { isWellFormed(): boolean }).isWellFormed()
    ? { value, kind: KIND.utf8, length: Buffer.byteLength(value) }
    : { value, kind: KIND.utf16, length: value.length * 2 };
}

/** Bytes that a payload takes in a message. */
export function sectionSize({ length }: SizedPayload): number {
  return PREFIX + length;
}

/** Writes a payload at an offset; the offset behind it. */
export function writePayload(target: Buffer, at: number, { value, kind, length }: SizedPayload): number {
  target[at] = kind;
  target.writeUInt32LE(length, at + 1);
  const start = at + PREFIX;
  if (typeof value !== 'string') target.set(value, start);
  else if (kind === KIND.utf8) target.write(value, start, 'utf8');
  else target.write(value, start, 'utf16le');
  return start + length;
}

/** The payloads of one message, each read when somebody asks for it. */
export class PayloadSection {
  private readonly offsets: number[] = [];

  /** @throws {RangeError} when the section is cut off */
  constructor(
    private readonly bytes: Buffer,
    start: number,
  ) {
    for (let at = start; at < bytes.length; at += PREFIX + bytes.readUInt32LE(at + 1)) this.offsets.push(at);
  }

  /** Bytes kept alive by this section. */
  get size(): number {
    return this.bytes.length + this.offsets.length * 8;
  }

  get count(): number {
    return this.offsets.length;
  }

  /** A copy of the payload: nobody gets a piece of the message. */
  at(index: number): string | Uint8Array {
    const offset = this.offsets[index];
    if (offset === undefined) throw new RangeError(`there is no payload ${index} in a message of ${this.count}`);
    const start = offset + PREFIX;
    const end = start + this.bytes.readUInt32LE(offset + 1);
    if (this.bytes[offset] === KIND.bytes) return new Uint8Array(this.bytes.subarray(start, end));
    return this.bytes.toString(this.bytes[offset] === KIND.utf8 ? 'utf8' : 'utf16le', start, end);
  }
}
