import type { IncomingMessage, Reply, TransportMessage } from '@catga/core';

/** How a body came in: text, bytes, or text that is no well-formed Unicode and would not survive UTF-8. */
type BodyKind = 't' | 'b' | 'u';

/** What goes beside the body, as JSON. Short names: it is stored with every message. */
interface Header {
  readonly i: string;
  readonly s: string;
  readonly k?: string;
  readonly h?: Readonly<Record<string, string>>;
  /** Left out for text. */
  readonly e?: BodyKind;
}

/** A message as two fields. */
export interface Encoded {
  readonly header: string;
  readonly body: string | Buffer;
}

/** The message as it is stored. */
export function encodeMessage(message: TransportMessage): Encoded {
  const { kind, body } = encodeBody(message.body);
  const header: Header = {
    i: message.id,
    s: message.subject,
    ...(message.key !== undefined && { k: message.key }),
    ...(message.headers !== undefined && hasAny(message.headers) && { h: message.headers }),
    ...(kind !== 't' && { e: kind }),
  };
  return { header: JSON.stringify(header), body };
}

/** The message that was stored. */
export function decodeMessage(header: Buffer | string, body: Buffer): Omit<IncomingMessage, 'publishedAt' | 'attempt'> {
  const { i, s, k, h, e } = JSON.parse(header.toString()) as Header;
  return { id: i, subject: s, ...(k !== undefined && { key: k }), headers: h ?? {}, body: decodeBody(body, e) };
}

/** A content with something beside it, as one text of a channel: JSON, a line break, the body. */
export function pack(beside: object, content: Reply): Buffer {
  const { kind, body } = encodeBody(content.body);
  const head = JSON.stringify({ ...beside, h: content.headers, e: kind });
  return Buffer.concat([Buffer.from(`${head}\n`), typeof body === 'string' ? Buffer.from(body) : body]);
}

/** What {@link pack} made. */
export function unpack<T>(packed: Buffer): {
  beside: T;
  headers: Readonly<Record<string, string>>;
  body: string | Uint8Array;
} {
  const end = packed.indexOf(10);
  const beside = JSON.parse(packed.toString('utf8', 0, end)) as T & { h?: Record<string, string>; e?: BodyKind };
  return { beside, headers: beside.h ?? {}, body: decodeBody(packed.subarray(end + 1), beside.e) };
}

/** A number below 2^32, the same for the same key on every node and in every release. */
export function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function encodeBody(body: string | Uint8Array): { kind: BodyKind; body: string | Buffer } {
  // Copied: the caller may go on using its bytes before they are sent.
  if (typeof body !== 'string') return { kind: 'b', body: Buffer.from(body) };
  if (/\p{Surrogate}/u.test(body)) return { kind: 'u', body: Buffer.from(body, 'utf16le') };
  return { kind: 't', body };
}

function decodeBody(body: Buffer, kind: BodyKind = 't'): string | Uint8Array {
  if (kind === 'b') return new Uint8Array(body);
  return body.toString(kind === 'u' ? 'utf16le' : 'utf8');
}

function hasAny(headers: object): boolean {
  for (const _ in headers) return true;
  return false;
}
