import { toMessage, type DecodedMessage, type Envelope } from '../envelope.js';

/**
 * Messages of a pack; never fewer. A constant, so that the number of waiting messages follows from the number of waiting
 * packs, which is all that the server tells.
 */
export const PACK = 32;
/** Longest body, and longest envelope, of a message that may be packed. UTF-16 units. */
const LONGEST = 4_096;

/** A message that may be packed, encoded. */
export interface PackItem {
  /** One line of JSON. */
  readonly envelope: string;
  readonly body: string;
}

/** Whether a body or an envelope is short enough. What is long gains nothing by company. */
export function fitsIntoPack(text: string): boolean {
  return text.length <= LONGEST;
}

/** The payload of one that travels alone after all: what `encodeMessage` makes. */
export function encodeAlone({ envelope, body }: PackItem): Buffer {
  return Buffer.from(`${envelope}\n${body}`);
}

/**
 * The payload of a pack: one line of JSON with all envelopes (`e`) and the lengths of the bodies (`l`), then the bodies. So
 * that it is encoded and decoded once, not once for each message.
 */
export function encodePack(items: readonly PackItem[]): Buffer {
  const envelopes = items.map(({ envelope }) => envelope).join(',');
  const lengths = items.map(({ body }) => body.length).join(',');
  return Buffer.from(`{"e":[${envelopes}],"l":[${lengths}]}\n${items.map(({ body }) => body).join('')}`);
}

/** The messages of a pack, their attempts counted before; nothing when it is not one of ours. */
export function decodePack(data: Uint8Array, subject: string, publishedAt: number): DecodedMessage[] {
  const text = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString();
  const end = text.indexOf('\n');
  try {
    const { e, l } = JSON.parse(text.slice(0, end)) as { e: readonly Envelope[]; l: readonly number[] };
    let at = end + 1;
    return e.map((envelope, index) => {
      const from = at;
      at += l[index] ?? 0;
      return toMessage(envelope, text.slice(from, at), subject, publishedAt);
    });
  } catch {
    return [];
  }
}
