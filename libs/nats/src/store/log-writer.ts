import { setImmediate } from 'node:timers';
import type { CommitResult } from '@catga/core';
import { JetStreamError, PublishAcks, type NatsLink } from '../connection/index.js';
import { storeFault, type StoreName } from './nats-store.errors.js';
import type { Applied, Replica } from './replica.js';
import type { SnapshotNote } from './snapshot/snapshot-book.js';
import { encodeNote, type EncodedCommit } from './wire/commit-wire.js';
import { encodeMessage, MESSAGE_OVERHEAD, splitMessage, type MessageHead } from './wire/log-message.js';

/** Messages that may be under way at once; what comes meanwhile goes into one message together. */
const MOST_IN_FLIGHT = 4;
/** Commits in one message, and their bytes: enough to share its cost, little enough to be applied quickly. */
const MOST_COMMITS = 256;
const MOST_BYTES = 256 * 1_024;
/** How long the server may take to acknowledge before a message is sent again. Milliseconds. */
const ACK_TIMEOUT = 2_000;
/** Pause before a message is sent again that the server had no use for. Milliseconds. */
const RETRY = 100;
/** How often overdue commits are looked for. Milliseconds. */
const SWEEP = 200;

/** A commit whose answer is awaited. */
interface Waiting {
  readonly commit: EncodedCommit;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: Error) => void;
  /** On the monotonic clock, milliseconds. */
  readonly deadline: number;
}

/** A message that has not come back in the log yet. */
interface Sent {
  readonly head: MessageHead;
  readonly waiting: readonly Waiting[];
  readonly parts: readonly Buffer[];
  /** Times that it was sent, and times that the server has certainly not kept it. */
  attempts: number;
  refusals: number;
}

/** What the writer needs to know of its store. */
export interface WriterContext {
  readonly link: NatsLink;
  readonly subject: string;
  readonly name: StoreName;
  /** Name of this sender, never used before. */
  readonly node: string;
  /** Milliseconds that a commit may take. */
  readonly timeout: number;
  /** The store's clock. */
  now(): number;
}

/**
 * Sends commits and gives them their answers when they come back in the log. A message without an answer is sent again,
 * with the same number, until its commits are overdue; it is applied once however often it arrives.
 */
export class LogWriter {
  private queue: Waiting[] = [];
  private readonly inFlight = new Map<number, Sent>();
  private readonly acks: PublishAcks;
  private readonly unwatch: () => void;
  private readonly timer: NodeJS.Timeout;
  private numbers = 0;
  private scheduled = false;
  private paused = false;
  private idle: (() => void)[] = [];

  constructor(private readonly context: WriterContext) {
    this.acks = new PublishAcks(context.link, ACK_TIMEOUT);
    this.unwatch = context.link.onEvent((event) => {
      if (event === 'connected') for (const sent of this.inFlight.values()) this.send(sent);
      if (event === 'connected') this.schedule();
    });
    this.timer = setInterval(() => this.giveUpOverdue(), SWEEP);
    this.timer.unref();
  }

  commit(commit: EncodedCommit): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      this.queue.push({ commit, resolve, reject, deadline: performance.now() + this.context.timeout });
      this.schedule();
    });
  }

  /** Sends something that changes nothing: when it comes back, everything before it has. */
  async mark(): Promise<void> {
    await this.commit({ text: '{}', payloads: [], size: 3 });
  }

  /** Tells all nodes something about snapshots. */
  async note(note: SnapshotNote): Promise<void> {
    await this.commit(encodeNote(note));
  }

  /** A message has come back in the log, ours or that of another node. */
  applied({ node, number, arrival, verdicts }: Applied): void {
    const sent = node === this.context.node ? this.inFlight.get(number) : undefined;
    if (sent === undefined) return; // a second copy, or its commits are overdue
    this.inFlight.delete(number);
    if (arrival === 'too-old') {
      // This OS process or its machine stood still. It was certainly not applied: begin anew.
      this.queue.unshift(...sent.waiting);
    } else {
      for (const [index, { resolve, reject }] of sent.waiting.entries()) {
        const verdict = verdicts[index];
        if (verdict instanceof Error) reject(verdict);
        else if (verdict !== undefined) resolve(verdict);
        else reject(storeFault.unknown(this.context.name, 'its message came back without a verdict'));
      }
    }
    this.settled();
  }

  /** Sends no further commits until {@link goOn}. */
  pause(): void {
    this.paused = true;
  }

  /**
   * Sends commits again, after this node has skipped a part of the log: of those under way some were decided there. With
   * an id they get the answer that asking again would get.
   */
  goOn({ senders, clock, ids }: Pick<Replica, 'senders' | 'clock' | 'ids'>): void {
    this.paused = false;
    for (const [number, { head, waiting }] of this.inFlight) {
      if (senders.isAwaited(head, clock.last)) continue;
      this.inFlight.delete(number);
      for (const { commit, resolve, reject } of waiting) {
        const first = commit.id === undefined ? undefined : ids.find(commit.id);
        if (first === undefined) reject(storeFault.missed(this.context.name));
        else resolve({ ...first, repeated: true });
      }
    }
    this.settled();
  }

  /** Rejects everything that waits, for good. */
  fail(error: Error): void {
    const waiting = [...this.inFlight.values()].flatMap((sent) => sent.waiting);
    this.inFlight.clear();
    for (const { reject } of [...waiting, ...this.queue.splice(0)]) reject(error);
    this.settled();
  }

  /** Resolves when nothing waits for an answer any more. */
  async drained(): Promise<void> {
    if (this.queue.length + this.inFlight.size === 0) return;
    await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  close(): void {
    clearInterval(this.timer);
    this.unwatch();
    this.acks.close();
  }

  private schedule(): void {
    if (this.scheduled || this.paused || this.inFlight.size >= MOST_IN_FLIGHT) return;
    this.scheduled = true;
    // Not at once: the commits of one turn of the event loop travel together.
    setImmediate(this.flush);
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    while (this.mayTake()) {
      const waiting = this.take();
      const head = { node: this.context.node, number: ++this.numbers, sentAt: this.context.now() };
      const message = encodeMessage(
        head,
        waiting.map(({ commit }) => commit),
      );
      const parts = splitMessage(message, head, this.context.link.maxPayload);
      const sent = { head, waiting, parts, attempts: 0, refusals: 0 };
      this.inFlight.set(head.number, sent);
      this.send(sent);
    }
  };

  private mayTake(): boolean {
    return this.queue.length > 0 && !this.paused && this.inFlight.size < MOST_IN_FLIGHT && this.context.link.connected;
  }

  /** The next commits that fit into one message; one at least, for a large message is sent in parts. */
  private take(): Waiting[] {
    const limit = Math.min(MOST_BYTES, this.context.link.maxPayload - MESSAGE_OVERHEAD);
    let count = 0;
    for (let bytes = 0; count < this.queue.length && count < MOST_COMMITS; count++) {
      bytes += (this.queue[count] as Waiting).commit.size;
      if (bytes > limit && count > 0) break;
    }
    return this.queue.splice(0, count);
  }

  private send(sent: Sent): void {
    sent.attempts++;
    const attempt = sent.attempts;
    Promise.all(sent.parts.map((part) => this.acks.publish(this.context.subject, part))).catch((error: Error) => {
      if (this.inFlight.get(sent.head.number) === sent && sent.attempts === attempt) this.unanswered(sent, error);
    });
  }

  private unanswered(sent: Sent, error: Error): void {
    // Of a message in parts it is enough that one was not kept.
    const isRefusal = error instanceof JetStreamError || isNobodyThere(error);
    if (isRefusal) sent.refusals++;
    if (error instanceof JetStreamError && isPermanent(error) && sent.refusals === sent.attempts) {
      this.inFlight.delete(sent.head.number);
      const fault = storeFault.refused(this.context.name, error);
      for (const { reject } of sent.waiting) reject(fault);
      this.settled();
      return;
    }
    // After a lost connection the next one tells; otherwise there is nobody to tell.
    if (!this.context.link.connected) return;
    setTimeout(() => {
      if (this.inFlight.get(sent.head.number) === sent && this.context.link.connected) this.send(sent);
    }, RETRY);
  }

  private giveUpOverdue(): void {
    const now = performance.now();
    const { name, timeout, link } = this.context;
    const overdue = this.queue.filter(({ deadline }) => deadline <= now);
    if (overdue.length > 0) {
      this.queue = this.queue.filter(({ deadline }) => deadline > now);
      const fault = storeFault.notSent(name, timeout, link.connected);
      for (const { reject } of overdue) reject(fault);
    }
    for (const [number, { waiting, attempts, refusals }] of this.inFlight) {
      // All commits of a message are younger than its first one by a turn of the event loop at most, or waited longer.
      if (waiting.some(({ deadline }) => deadline > now)) continue;
      this.inFlight.delete(number);
      const fault = attempts === refusals ? storeFault.notSent(name, timeout, true) : storeFault.lost(name, timeout);
      for (const { reject } of waiting) reject(fault);
    }
    this.settled();
  }

  private settled(): void {
    if (this.queue.length > 0) this.schedule();
    else if (this.inFlight.size === 0) for (const resolve of this.idle.splice(0)) resolve();
  }
}

/** Nobody listens on the subject: the stream has no leader for the moment, or is gone. */
function isNobodyThere(error: Error): boolean {
  return (error as { reason?: string }).reason === 'jetstream-off';
}

/** Trying again would not help; anything else is tried until the commits are overdue. */
function isPermanent({ description }: JetStreamError): boolean {
  return /maximum|insufficient|exceed|sealed|permission/i.test(description);
}
