import { decodeMessage } from './wire/log-message.js';
import type { PayloadSection } from './wire/payload-section.js';

/** Gets a message of the log; undefined when it is not there. */
export type FetchMessage = (sequence: number) => Promise<Uint8Array | undefined>;

/** What events carry, by the sequence of their message: the ones used last in memory, the others fetched again. */
export class PayloadCache {
  private readonly sections = new Map<number, PayloadSection>();
  private readonly loading = new Map<number, Promise<PayloadSection>>();
  /** Messages that were cut into parts: the sequences of all parts, by that of the last one. */
  private readonly spans = new Map<number, readonly number[]>();
  private size = 0;

  /** @param limit bytes */
  constructor(
    private readonly limit: number,
    private readonly fetch: FetchMessage,
  ) {}

  /** Keeps the payloads of a message that has just been read. */
  add(sequence: number, section: PayloadSection, parts?: readonly number[]): void {
    if (parts !== undefined) this.addSpan(sequence, parts);
    if (section.count === 0 || this.sections.has(sequence)) return;
    this.sections.set(sequence, section);
    this.size += section.size;
    for (const [oldest, { size }] of this.sections) {
      if (this.size <= this.limit || oldest === sequence) return;
      this.sections.delete(oldest);
      this.size -= size;
    }
  }

  /** The payloads of a message if they are in memory. */
  find(sequence: number): PayloadSection | undefined {
    const section = this.sections.get(sequence);
    if (section === undefined) return undefined;
    // The order of the map is that of use.
    this.sections.delete(sequence);
    this.sections.set(sequence, section);
    return section;
  }

  /** The payloads of a message, from the server if need be. Several who ask at once share one answer. */
  load(sequence: number): Promise<PayloadSection> {
    let loading = this.loading.get(sequence);
    if (loading === undefined) {
      loading = this.get(sequence).finally(() => this.loading.delete(sequence));
      this.loading.set(sequence, loading);
    }
    return loading;
  }

  /** Takes note of a message in parts: sequence of the last part, and of all. */
  addSpan(sequence: number, parts: readonly number[]): void {
    this.spans.set(sequence, parts);
  }

  /** For a snapshot: messages of several parts. */
  dumpSpans(): readonly (readonly [number, readonly number[]])[] {
    return [...this.spans];
  }

  private async get(sequence: number): Promise<PayloadSection> {
    const parts = this.spans.get(sequence) ?? [sequence];
    const pieces = await Promise.all(parts.map((part) => this.piece(part)));
    const message = decodeMessage(pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces));
    if (message.kind !== 'whole') throw new MissingMessage(sequence);
    this.add(sequence, message.payloads);
    return message.payloads;
  }

  private async piece(sequence: number): Promise<Uint8Array> {
    const bytes = await this.fetch(sequence);
    if (bytes === undefined) throw new MissingMessage(sequence);
    const message = decodeMessage(bytes);
    return message.kind === 'part' ? message.bytes : bytes;
  }
}

/** A message that holds events is not in the log. Deleted on purpose it may be, when the events were. */
export class MissingMessage extends Error {
  constructor(readonly sequence: number) {
    super(`message ${sequence} of the log is not there`);
  }
}
