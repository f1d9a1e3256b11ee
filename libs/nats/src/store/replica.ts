import { CatgaError, MemoryStore, type CommitBatch, type CommitResult } from '@catga/core';
import { CommitIds } from './commit-ids.js';
import { makeRef } from './event-ref.js';
import { PartAssembly } from './part-assembly.js';
import { PayloadCache, type FetchMessage } from './payload-cache.js';
import { SenderMemory, type Arrival } from './sender-memory.js';
import { SnapshotBook } from './snapshot/snapshot-book.js';
import { StateClock } from './state-clock.js';
import { CommitReader, type WireCommit } from './wire/commit-wire.js';
import {
  decodeMessage,
  FORMAT,
  type MessageHead,
  type UnreadableMessage,
  type WholeMessage,
} from './wire/log-message.js';

/** What became of a commit: its result, or why it was refused. */
export type Verdict = CommitResult | CatgaError;

/** What became of a message, for whoever sent it. */
export interface Applied extends MessageHead {
  readonly arrival: Arrival;
  /** One for each commit, when `arrival` is `new`. */
  readonly verdicts: readonly Verdict[];
}

/** Why no further message can be applied. */
export interface Halt extends Omit<UnreadableMessage, 'why'> {
  /** `gap`: messages before this one are missing. */
  readonly why: UnreadableMessage['why'] | 'gap';
  readonly sequence: number;
}

/** Told of every commit that changed something. */
export type CommitListener = (batch: CommitBatch) => void;

/**
 * The state that the log leads to. Every node applies the same messages in the same order and comes to the same state and
 * the same verdicts; so nobody has to ask anybody, and nothing is decided anywhere else.
 *
 * Everything in here must follow from the messages and their times alone.
 */
export class Replica {
  readonly clock = new StateClock();
  /** Versions, indexes, records, conditions: the memory store knows how. Events carry an `EventRef` in it. */
  readonly state = new MemoryStore({ mode: 'reference', freeze: false, clock: this.clock });
  readonly payloads: PayloadCache;
  readonly senders = new SenderMemory();
  readonly ids = new CommitIds();
  /** Sequence of the last message that was applied. */
  sequence = 0;
  /** Messages that were not ours: somebody else publishes to the subject of the log. */
  foreign = 0;
  readonly parts = new PartAssembly();
  readonly book = new SnapshotBook();

  /** @param cacheSize bytes of events to keep in memory */
  constructor(
    cacheSize: number,
    fetch: FetchMessage,
    /** Told of commits that were accepted. */
    public committed: CommitListener = () => undefined,
  ) {
    this.payloads = new PayloadCache(cacheSize, fetch);
  }

  /**
   * Applies the next message of the log.
   *
   * @param time of the message by the server, milliseconds since 1970
   * @returns undefined when there is nothing to tell a sender
   */
  apply(sequence: number, time: number, data: Uint8Array): Applied | Halt | undefined {
    if (sequence !== this.sequence + 1) return { kind: 'unreadable', why: 'gap', format: FORMAT, sequence };
    const message = decodeMessage(data);
    if (message.kind === 'unreadable') return { ...message, sequence };
    this.clock.hold(time);
    try {
      this.sequence = sequence;
      this.book.count(data.length);
      if (message.kind === 'foreign') {
        this.foreign++;
        return undefined;
      }
      if (message.kind === 'whole') return this.applyWhole(sequence, message);
      const complete = this.parts.add(message, sequence, this.clock.last);
      if (complete === undefined) return undefined;
      const whole = decodeMessage(complete.bytes);
      if (whole.kind !== 'whole') return { kind: 'unreadable', why: 'damaged', format: FORMAT, sequence };
      return this.applyWhole(sequence, whole, complete.sequences);
    } finally {
      this.clock.release();
    }
  }

  private applyWhole(sequence: number, message: WholeMessage, parts?: readonly number[]): Applied {
    const { node, number, sentAt, commits, payloads } = message;
    const arrival = this.senders.arrived(message, this.clock.last);
    if (arrival !== 'new') return { node, number, sentAt, arrival, verdicts: [] };
    this.payloads.add(sequence, payloads, parts);
    const reader = new CommitReader(payloads, (index, hasMetadata) => makeRef(sequence, index, hasMetadata));
    const verdicts = commits.map((commit) => this.applyCommit(commit, reader));
    return { node, number, sentAt, arrival, verdicts };
  }

  private applyCommit(commit: WireCommit, reader: CommitReader): Verdict {
    if (commit.x !== undefined) this.book.note(commit.x, this.clock.last);
    const batch = reader.read(commit); // always, because the payloads of the next commit follow
    const first = commit.i === undefined ? undefined : this.ids.find(commit.i);
    if (first !== undefined) return { ...first, repeated: true };
    try {
      const result = this.state.commit(batch);
      if (commit.i !== undefined) this.ids.add(commit.i, result, this.clock.last);
      this.committed(batch);
      return result;
    } catch (error) {
      // A refusal has changed nothing, and everybody refuses. Anything else is a fault of the program.
      if (error instanceof CatgaError) return error;
      throw error;
    }
  }
}
