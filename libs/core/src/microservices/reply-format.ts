import type { Codec } from '../store/index.js';
import type { Reply } from '../transport/index.js';
import { ReplyInterruptedError } from './microservice.errors.js';
import { HEADERS } from './packet-headers.js';

/** Values of an answer, encoded each on its own, so that one is never encoded twice and the size of all is known. */
export interface ReplyChunk {
  readonly parts: readonly (string | Uint8Array)[];
  /** The last part is an error. */
  readonly isError: boolean;
  /** Where to ask for what follows: subject, space, id. Left out when nothing does. */
  readonly more?: string | undefined;
}

/** {@link ReplyChunk} decoded. */
export interface ReplyValues {
  readonly values: readonly unknown[];
  readonly error?: { readonly value: unknown } | undefined;
  readonly more?: { readonly subject: string; readonly id: string } | undefined;
}

/** A single value is a body as of any other message; several are put together, with their lengths in a header. */
export function writeReply({ parts, isError, more }: ReplyChunk): Reply {
  const headers: Record<string, string> = {
    ...(isError && { [HEADERS.status]: 'error' }),
    ...(more !== undefined && { [HEADERS.stream]: more }),
  };
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) return { headers, body: first };
  headers[HEADERS.lengths] = parts.map(({ length }) => length).join();
  return { headers, body: joined(parts) };
}

/** @throws {CatgaError} the codec cannot read it @throws {ReplyInterruptedError} it is not an answer of ours */
export function readReply({ headers = {}, body }: Reply, codec: Codec): ReplyValues {
  const values = split(body, headers[HEADERS.lengths]).map((part) => codec.decode(part));
  const [subject, id] = (headers[HEADERS.stream] ?? '').split(' ');
  return {
    values: headers[HEADERS.status] === 'error' ? values.slice(0, -1) : values,
    error: headers[HEADERS.status] === 'error' ? { value: values.at(-1) } : undefined,
    more: subject !== undefined && id !== undefined ? { subject, id } : undefined,
  };
}

function joined(parts: readonly (string | Uint8Array)[]): string | Uint8Array {
  if (parts.every((part) => typeof part === 'string')) return parts.join('');
  return Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
}

function split(body: string | Uint8Array, lengths: string | undefined): (string | Uint8Array)[] {
  if (lengths === undefined) return [body];
  if (lengths === '') return [];
  const parts: (string | Uint8Array)[] = [];
  let at = 0;
  for (const length of lengths.split(',').map(Number)) {
    parts.push(typeof body === 'string' ? body.slice(at, at + length) : body.subarray(at, at + length));
    at += length;
  }
  if (at !== body.length) throw new ReplyInterruptedError('its length is not what it says');
  return parts;
}
