import { Fifo, type IncomingMessage, type SubscriptionSettings } from '@catga/core';
import type { Msg } from '@nats-io/transport-node';
import { AbortGroup } from '../abort-group.js';
import type { TransportContext } from '../context.js';
import { decodeMessage, type DecodedMessage } from '../envelope.js';
import type { Runner } from '../runner.js';
import type { StateRecord } from '../state-records.js';
import type { SubscriptionRecord } from '../subscription-record.js';
import type { Task } from '../task.js';
import { KeyLanes } from './key-lanes.js';
import { PartitionLease } from './partition-lease.js';
import { PartitionReader } from './partition-reader.js';
import type { PartitionRecord } from './partition-record.js';

/** Messages of a partition that are on the node at once. A key that fails delays the others when it alone has so many. */
const WINDOW = 1_000;
/** Bytes of these. */
const WINDOW_BYTES = 8 * 1_024 * 1_024;
const LONGEST_TIMER = 2 ** 31 - 1;

/** What a partition needs to know of its subscription. */
export interface OwnedPartitionOptions {
  readonly context: TransportContext;
  readonly settings: SubscriptionSettings;
  readonly subscription: SubscriptionRecord;
  readonly runner: Runner;
  readonly owner: string;
  readonly partition: number;
  /** The owner before this one vanished without giving it up. */
  readonly isInherited: boolean;
}

/** A partition of messages with a key, read by this member alone: in order, with a lane for each key. */
export class OwnedPartition {
  readonly signals = new AbortGroup();
  readonly lease: PartitionLease;
  private readonly reader: PartitionReader;
  private readonly entries = new Map<number, Entry>();
  private readonly lanes = new KeyLanes<Entry>();
  /** Left open by the owner before and not read again yet. */
  private readonly unread: Set<number>;
  private readonly subjects: ReadonlyMap<string, string>;
  private bytes = 0;
  /** Handlers that were begun, until their outcome is written down. */
  private running = 0;
  private idle: (() => void)[] = [];
  private isLeaving = false;
  /** Messages until which each is written down before it begins: the owner before may have died of one. */
  private probation: number;
  /** Those among them that have failed before, or were under way when an owner died, and the one that is tried now. */
  private readonly suspects = new Fifo<Entry>();
  private suspect: Entry | undefined;

  constructor(
    private readonly options: OwnedPartitionOptions,
    private readonly before: StateRecord<PartitionRecord>,
  ) {
    const { context, settings, partition, isInherited } = options;
    const { names } = context;
    this.probation = isInherited ? WINDOW : 0;
    this.unread = new Set(before.value.open);
    this.subjects = new Map(settings.subjects.map((subject) => [names.keyed(subject, partition), subject]));
    const again = names.keyedAgain(settings.name, partition);
    this.lease = new PartitionLease({
      records: context.records,
      subject: names.partitionState(settings.name, partition),
      owner: options.owner,
      duration: settings.ackTimeout,
      revision: before.revision,
      snapshot: () => this.snapshot(),
      size: () => this.entries.size + this.unread.size,
      onLost: () => this.lose(),
    });
    this.reader = new PartitionReader(
      {
        context,
        subjects: [...this.subjects.keys(), again],
        cover: names.partition(partition),
        room: () => (this.bytes < WINDOW_BYTES ? WINDOW - this.entries.size : 0),
        onMessage: (message, sequence, storedAt) => this.take(message, sequence, storedAt, again),
      },
      this.start(),
    );
  }

  get isLost(): boolean {
    return this.lease.isLost;
  }

  get isIdle(): boolean {
    return this.running === 0;
  }

  /** Messages here that no handler works on, and the number after which more may lie on the server. */
  get waiting(): { readonly here: number; readonly after: number } {
    return { here: this.entries.size - this.running, after: Math.max(this.before.value.high, this.reader.position) };
  }

  /** Begins nothing more, waits for what runs, and lets others have it. */
  async leave(): Promise<void> {
    this.isLeaving = true;
    await Promise.all([this.reader.stop(), this.settled()]);
    for (const entry of this.entries.values()) clearTimeout(entry.timer);
    await this.lease.release();
  }

  /** Whatever runs here does not count any more. */
  abandon(reason: Error): void {
    this.lease.abandon();
    this.signals.abort(reason);
  }

  /** Whether a handler may begin. */
  begin(): boolean {
    if (this.isLost || this.isLeaving) return false;
    if (!this.lease.isFresh) {
      this.lease.abandon();
      this.lose();
      return false;
    }
    this.running++;
    this.lease.changed();
    return true;
  }

  /** Another attempt later; nothing of this key goes before. */
  again(entry: Entry, delay: number): void {
    this.ended();
    this.cleared(entry);
    entry.timer = setTimeout(() => this.ready(entry), Math.min(delay, LONGEST_TIMER));
    this.lease.changed();
  }

  settle(entry: Entry): void {
    this.entries.delete(entry.sequence);
    this.bytes -= entry.size;
    this.ended();
    this.cleared(entry);
    const next = this.lanes.advance(entry);
    if (next !== undefined) this.ready(next);
    this.lease.changed();
    this.reader.pull();
  }

  private settled(): Promise<void> {
    if (this.running === 0) return Promise.resolve();
    return new Promise((resolve) => this.idle.push(resolve));
  }

  private ended(): void {
    if (--this.running === 0) for (const resolve of this.idle.splice(0)) resolve();
  }

  /** The number after which to read: before what is open, and before what new subjects begin with. */
  private start(): number {
    const { high, open, subjects } = this.before.value;
    const { settings, subscription } = this.options;
    const fresh = settings.subjects.filter((subject) => !subjects.includes(subject));
    const starts = fresh.map((subject) => subscription.subjects[subject] ?? 0);
    const known = subjects.length > 0 ? [high, ...open.map((sequence) => sequence - 1)] : [];
    return Math.min(...known, ...starts);
  }

  private take(message: Msg, sequence: number, storedAt: number, again: string): void {
    for (const passed of this.unread) if (passed < sequence) this.unread.delete(passed);
    const subject = this.subjects.get(message.subject);
    if ((subject === undefined && message.subject !== again) || !this.isNew(subject, sequence)) {
      this.reader.pull();
      return;
    }
    this.unread.delete(sequence);
    const place = `${this.options.context.names.messages}-${sequence}`;
    const decoded = decodeMessage(message.data, subject ?? '', storedAt, place);
    const tries = this.before.value.tries[sequence] ?? 0;
    const entry = new Entry(this, sequence, decoded, message.data.length, tries);
    this.entries.set(sequence, entry);
    this.bytes += entry.size;
    if (this.lanes.add(entry)) this.ready(entry);
  }

  /** False for what an owner before has settled. */
  private isNew(subject: string | undefined, sequence: number): boolean {
    const { high, subjects } = this.before.value;
    const isKnown = subject === undefined || subjects.includes(subject);
    if (isKnown) return sequence > high || this.unread.has(sequence);
    return sequence > (this.options.subscription.subjects[subject] ?? 0);
  }

  private ready(entry: Entry): void {
    if (this.isLost || this.isLeaving) return;
    if (this.probation <= 0) {
      this.options.runner.add(entry);
      return;
    }
    this.probation--;
    if (entry.tries === 0) this.beginSuspect(entry);
    else {
      this.suspects.push(entry);
      this.nextSuspect();
    }
  }

  private beginSuspect(entry: Entry): void {
    entry.isSuspect = true;
    void this.lease.save().then(() => this.options.runner.add(entry));
  }

  /** One at a time: what is begun beside a message that kills its owner would use up its attempts with it. */
  private nextSuspect(): void {
    if (this.suspect !== undefined) return;
    this.suspect = this.suspects.shift();
    if (this.suspect !== undefined) this.beginSuspect(this.suspect);
  }

  private cleared(entry: Entry): void {
    if (this.suspect !== entry) return;
    this.suspect = undefined;
    this.nextSuspect();
  }

  private snapshot(): PartitionRecord {
    const { high, subjects } = this.before.value;
    const open = [...this.unread, ...this.entries.keys()];
    const entries = [...this.entries.values()];
    const hasPassed = this.reader.position >= high;
    return {
      owner: this.options.owner,
      high: Math.max(high, this.reader.position),
      open,
      tries: Object.fromEntries([
        ...open.flatMap((each) => (each in this.before.value.tries ? [[each, this.before.value.tries[each]]] : [])),
        ...entries.filter(({ tries }) => tries > 0).map(({ sequence, tries }) => [sequence, tries]),
      ]) as Record<string, number>,
      begun: entries.filter(({ isRunning, isSuspect }) => isRunning || isSuspect).map(({ sequence }) => sequence),
      subjects: hasPassed ? this.options.settings.subjects : subjects,
    };
  }

  private lose(): void {
    for (const entry of this.entries.values()) clearTimeout(entry.timer);
    const { settings, partition } = this.options;
    this.signals.abort(
      new Error(
        `Partition ${partition} of subscription "${settings.name}" went to another member, or may have: this one could not renew its lease in time. Raise ackTimeout when the event loop or the connection is blocked for that long.`,
      ),
    );
    void this.reader.stop();
  }
}

/** A message of a partition, until it is settled. */
class Entry implements Task {
  readonly signals: AbortGroup;
  readonly lane: string;
  isRunning = false;
  /** It is written down as begun before it is. */
  isSuspect = false;
  timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly partition: OwnedPartition,
    readonly sequence: number,
    private readonly message: DecodedMessage,
    readonly size: number,
    public tries: number,
  ) {
    this.signals = partition.signals;
    this.lane = message.key ?? '';
  }

  get isLost(): boolean {
    return this.partition.isLost;
  }

  begin(): IncomingMessage | undefined {
    this.isRunning = true;
    this.isSuspect = false;
    if (!this.partition.begin()) {
      this.isRunning = false;
      return undefined;
    }
    // A copy: the next attempt has another number.
    return { ...this.message, attempt: this.message.attempt + this.tries + 1 };
  }

  done(): void {
    this.isRunning = false;
    this.partition.settle(this);
  }

  again(delay: number): void {
    this.isRunning = false;
    this.tries++;
    this.partition.again(this, delay);
  }

  buried(): void {
    this.done();
  }
}
