import { SENDER_WINDOW } from './sender-memory.js';
import type { PartMessage } from './wire/log-message.js';

interface Unfinished {
  readonly pieces: (Buffer | undefined)[];
  readonly sequences: number[];
  missing: number;
  readonly since: number;
}

/** A message put together again. */
export interface Assembled {
  readonly bytes: Buffer;
  /** Where its parts are in the log, in their order. */
  readonly sequences: readonly number[];
}

/**
 * Puts messages together that were too large for one. Part of the state. What a sender did not finish is forgotten after
 * the time after which he may not go on with it.
 */
export class PartAssembly {
  private readonly unfinished = new Map<string, Unfinished>();

  /** Adds a part; the whole when it was the last one. @param now milliseconds since 1970 */
  add({ node, number, part, parts, bytes }: PartMessage, sequence: number, now: number): Assembled | undefined {
    for (const [key, { since }] of this.unfinished) if (now - since >= SENDER_WINDOW) this.unfinished.delete(key);
    const key = `${number} ${node}`;
    let one = this.unfinished.get(key);
    if (one === undefined || one.pieces.length !== parts) {
      one = { pieces: new Array<Buffer | undefined>(parts), sequences: [], missing: parts, since: now };
      this.unfinished.set(key, one);
    }
    // The first copy counts: the sender may have sent all parts again.
    if (one.pieces[part] === undefined) one.missing--;
    one.pieces[part] ??= Buffer.from(bytes);
    one.sequences[part] ??= sequence;
    if (one.missing > 0) return undefined;
    this.unfinished.delete(key);
    return { bytes: Buffer.concat(one.pieces as Buffer[]), sequences: one.sequences };
  }

  /** For a snapshot. */
  *dump(): Iterable<PartDump> {
    for (const [key, { pieces, sequences, since }] of this.unfinished) {
      const texts = Array.from(pieces, (piece) => piece?.toString('base64') ?? null);
      yield { key, since, pieces: texts, sequences: Array.from(pieces, (_, part) => sequences[part] ?? null) };
    }
  }

  /** From a snapshot. */
  restore({ key, since, pieces, sequences }: PartDump): void {
    const places: number[] = [];
    for (const [part, sequence] of sequences.entries()) if (sequence !== null) places[part] = sequence;
    this.unfinished.set(key, {
      since,
      pieces: pieces.map((piece) => (piece === null ? undefined : Buffer.from(piece, 'base64'))),
      sequences: places,
      missing: pieces.filter((piece) => piece === null).length,
    });
  }
}

/** A message of which parts are missing. */
export interface PartDump {
  readonly key: string;
  readonly since: number;
  /** Base64; null for a part that is missing. */
  readonly pieces: readonly (string | null)[];
  readonly sequences: readonly (number | null)[];
}
