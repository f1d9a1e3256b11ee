import type { PacketMetadata } from '@nestjs/microservices';
import { HEADERS as MESSAGES } from '../messaging/index.js';

/** Headers of ours. The first ones are those of Catga's own messages, so that their handlers read events of ours. */
export const HEADERS = {
  type: MESSAGES.type,
  version: MESSAGES.version,
  codec: MESSAGES.codec,
  /** Milliseconds that the caller of a request waits. */
  timeout: MESSAGES.timeout,
  metadata: 'catga-metadata',
  /** Of a reply: `error` when its last value is one. */
  status: MESSAGES.status,
  /** Of a reply with another number of values than one: the length of each. */
  lengths: 'catga-lengths',
  /** Of a reply that goes on: where to ask for more. */
  stream: 'catga-stream',
  /** Of a request for more that wants no more. */
  cancel: 'catga-cancel',
} as const;

const ONE_LINE = /^\S([^\r\n\0]*\S)?$/;

/** What Catga's own handlers need to know of an event; left out for patterns that no wire name can have. */
export function eventHeaders(pattern: string, codec: string): Record<string, string> {
  return { [HEADERS.codec]: codec, ...(ONE_LINE.test(pattern) && { [HEADERS.type]: pattern, [HEADERS.version]: '1' }) };
}

/** Metadata of a packet as a header; nothing for none. */
export function metadataHeaders(metadata: PacketMetadata | undefined): Record<string, string> {
  if (metadata === undefined || Object.keys(metadata).length === 0) return {};
  return { [HEADERS.metadata]: JSON.stringify(metadata) };
}

/** {@link metadataHeaders} back; nothing when somebody else has written it. */
export function readMetadata(headers: Readonly<Record<string, string>>): PacketMetadata {
  try {
    const value: unknown = JSON.parse(headers[HEADERS.metadata] ?? '{}');
    return typeof value === 'object' && value !== null ? (value as PacketMetadata) : {};
  } catch {
    return {};
  }
}
