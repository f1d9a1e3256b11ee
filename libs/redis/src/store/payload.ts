import type { Payload } from '@catga/core';

/** The first byte tells what a value is: `t` text, `b` bytes, `w` text with half of a surrogate pair, which UTF-8 cannot hold. */
const BYTES = Buffer.from('b');
const WIDE = Buffer.from('w');

/** The value that keeps a payload exactly; bytes are copied. */
export function toValue(payload: Payload): string | Buffer {
  if (typeof payload !== 'string') return Buffer.concat([BYTES, payload as Uint8Array]);
  return isWellFormed(payload) ? `t${payload}` : Buffer.concat([WIDE, Buffer.from(payload, 'utf16le')]);
}

/** The payload of the value from one place in these bytes to another. */
export function toPayload(bytes: Buffer, start: number, end: number): Payload {
  const mark = bytes[start];
  if (mark === 0x74) return bytes.toString('utf8', start + 1, end);
  // Not a part of what came from the socket, which would be kept in memory as a whole.
  if (mark === 0x62) return new Uint8Array(bytes.subarray(start + 1, end));
  return bytes.toString('utf16le', start + 1, end);
}

/** Whether text survives UTF-8. */
export function isWellFormed(text: string): boolean {
  return (text as unknown as { isWellFormed(): boolean }).isWellFormed();
}
