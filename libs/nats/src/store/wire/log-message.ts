import type { EncodedCommit, WireCommit } from './commit-wire.js';
import { PayloadSection, writePayload } from './payload-section.js';

/** First two bytes of every message of Catga's log. */
const MAGIC = [0xc4, 0x67] as const;
/** Format of messages that this release writes. It reads this and every older one. */
export const FORMAT = 1;
const KIND = { whole: 0, part: 1 } as const;
/** Magic, format, kind, length of the JSON that follows. Bytes. */
const PREFIX = 8;

/** Who sent a message, and when. */
export interface MessageHead {
  /** Name of the sender, made anew whenever a store is opened. */
  readonly node: string;
  /** Number of the message at its sender, from 1. A message that is sent again has the same one. */
  readonly number: number;
  /** When it was first sent by the store's clock. Milliseconds since 1970. */
  readonly sentAt: number;
}

/** What one message holds. */
export interface WholeMessage extends MessageHead {
  readonly kind: 'whole';
  readonly commits: readonly WireCommit[];
  readonly payloads: PayloadSection;
}

/** A piece of a message that is too large to be sent as one. */
export interface PartMessage extends Pick<MessageHead, 'node' | 'number'> {
  readonly kind: 'part';
  /** From 0. */
  readonly part: number;
  readonly parts: number;
  readonly bytes: Buffer;
}

/** A message that is not ours. */
export interface ForeignMessage {
  readonly kind: 'foreign';
}

/** A message of a newer release, or one that is damaged. */
export interface UnreadableMessage {
  readonly kind: 'unreadable';
  readonly why: 'newer' | 'damaged';
  readonly format: number;
}

/** Bytes that a message needs beside its commits, at most. */
export const MESSAGE_OVERHEAD = 256;

/** Several commits as one message. */
export function encodeMessage({ node, number, sentAt }: MessageHead, commits: readonly EncodedCommit[]): Buffer {
  const texts = commits.map(({ text }) => text).join(',');
  const json = `{"n":${JSON.stringify(node)},"k":${number},"t":${sentAt},"c":[${texts}]}`;
  const jsonLength = Buffer.byteLength(json);
  let size = PREFIX + jsonLength;
  for (const { payloads } of commits) for (const { length } of payloads) size += 5 + length;
  const bytes = Buffer.allocUnsafe(size);
  writePrefix(bytes, KIND.whole, jsonLength);
  bytes.write(json, PREFIX, 'utf8');
  let at = PREFIX + jsonLength;
  for (const { payloads } of commits) for (const payload of payloads) at = writePayload(bytes, at, payload);
  return bytes;
}

/** A message cut into pieces of at most `limit` bytes, or the message itself when it is not larger. */
export function splitMessage(message: Buffer, { node, number }: MessageHead, limit: number): readonly Buffer[] {
  if (message.length <= limit) return [message];
  const room = limit - MESSAGE_OVERHEAD;
  const parts = Math.ceil(message.length / room);
  return Array.from({ length: parts }, (_, part) => {
    const json = Buffer.from(JSON.stringify({ n: node, k: number, p: part, of: parts }));
    const prefix = Buffer.allocUnsafe(PREFIX);
    writePrefix(prefix, KIND.part, json.length);
    return Buffer.concat([prefix, json, message.subarray(part * room, (part + 1) * room)]);
  });
}

/** What a message is. Never throws: everybody must come to the same answer, whatever somebody has written. */
export function decodeMessage(data: Uint8Array): WholeMessage | PartMessage | ForeignMessage | UnreadableMessage {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length < PREFIX || bytes[0] !== MAGIC[0] || bytes[1] !== MAGIC[1]) return { kind: 'foreign' };
  const format = bytes[2] as number;
  if (format > FORMAT) return { kind: 'unreadable', why: 'newer', format };
  try {
    const end = PREFIX + bytes.readUInt32LE(4);
    const head = JSON.parse(bytes.toString('utf8', PREFIX, end)) as WireHead;
    const { n: node, k: number } = head;
    if (bytes[3] === KIND.part) {
      return {
        kind: 'part',
        node,
        number,
        part: head.p as number,
        parts: head.of as number,
        bytes: bytes.subarray(end),
      };
    }
    const payloads = new PayloadSection(bytes, end);
    return { kind: 'whole', node, number, sentAt: head.t as number, commits: head.c as WireCommit[], payloads };
  } catch {
    return { kind: 'unreadable', why: 'damaged', format };
  }
}

interface WireHead {
  readonly n: string;
  readonly k: number;
  readonly t?: number;
  readonly c?: readonly WireCommit[];
  readonly p?: number;
  readonly of?: number;
}

function writePrefix(target: Buffer, kind: number, length: number): void {
  target[0] = MAGIC[0];
  target[1] = MAGIC[1];
  target[2] = FORMAT;
  target[3] = kind;
  target.writeUInt32LE(length, 4);
}
