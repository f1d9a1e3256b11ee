import type { StateRecords } from '../state-records.js';
import type { PartitionRecord } from './partition-record.js';

/** Least time between two records that nobody waits for: longer for long ones. Milliseconds, the second a message. */
const PAUSE = 10;
const PAUSE_FOR_EACH = 0.05;

/** What is written, and where. */
export interface PartitionLeaseOptions {
  readonly records: StateRecords;
  readonly subject: string;
  readonly owner: string;
  /** Milliseconds after the last record that others take it for abandoned. */
  readonly duration: number;
  /** Of the record that made this member the owner. */
  readonly revision: number;
  readonly snapshot: () => PartitionRecord;
  /** Messages that a record would name now. */
  readonly size: () => number;
  /** Somebody else has written it. Called once. */
  readonly onLost: () => void;
}

/**
 * Owning a partition: every record says how far the owner is, and that it lives. Others measure with their own clocks
 * for how long it has not changed; this one measures from before it was sent, so it stops before they begin.
 */
export class PartitionLease {
  isLost = false;
  private revision: number;
  private renewedAt = performance.now();
  private savedAt = 0;
  private saving: Promise<void> | undefined;
  private isDirty = false;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: PartitionLeaseOptions) {
    this.revision = options.revision;
  }

  /** False when others may soon take it: nothing may be begun any more. */
  get isFresh(): boolean {
    return performance.now() - this.renewedAt < (this.options.duration * 2) / 3;
  }

  /** Something is to be written down: now, or soon if that was just done. */
  changed(): void {
    this.isDirty = true;
    if (this.saving !== undefined || this.timer !== undefined || this.isLost) return;
    const pause = PAUSE + this.options.size() * PAUSE_FOR_EACH;
    const rest = pause - (performance.now() - this.savedAt);
    if (rest <= 0) void this.save();
    else this.timer = setTimeout(() => void this.save(), rest);
  }

  /** Writes again when it was long ago. */
  renew(): void {
    if (this.saving === undefined && performance.now() - this.renewedAt > this.options.duration / 3) void this.save();
  }

  /** Resolves when what is so now was written down, or could not be. */
  async save(): Promise<void> {
    const { saving } = this;
    if (saving === undefined) return this.saveNow();
    // Under way is an older state: all that ask meanwhile share the next one.
    await saving;
    return this.saving ?? this.saveNow();
  }

  /** Writes that nobody owns it. */
  async release(): Promise<void> {
    clearTimeout(this.timer);
    await this.saving;
    if (this.isLost) return;
    this.isLost = true;
    const { records, subject, snapshot } = this.options;
    await records.put(subject, { ...snapshot(), owner: null }, this.revision).catch(() => undefined);
  }

  /** Writes nothing more: others find out by its silence. */
  abandon(): void {
    this.isLost = true;
    clearTimeout(this.timer);
  }

  private saveNow(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    if (this.isLost) return Promise.resolve();
    const now = performance.now();
    // A mere renewal does not hold up the next change.
    if (this.isDirty) this.savedAt = now;
    this.isDirty = false;
    this.saving = this.write(now).finally(() => {
      this.saving = undefined;
      if (this.isDirty) this.changed();
    });
    return this.saving;
  }

  private async write(sentAt: number): Promise<void> {
    const { records, subject, snapshot, owner } = this.options;
    try {
      const revision = await records.put(subject, snapshot(), this.revision);
      if (revision === undefined) this.lost();
      else this.renewed(revision, sentAt);
    } catch {
      // Whether it was written is unknown: look.
      this.isDirty = true;
      const found = await records.get<PartitionRecord>(subject).catch(() => undefined);
      if (found === undefined) return;
      if (found.value.owner === owner) this.revision = found.revision;
      else this.lost();
    }
  }

  private renewed(revision: number, sentAt: number): void {
    this.revision = revision;
    this.renewedAt = sentAt;
  }

  private lost(): void {
    if (this.isLost) return;
    this.abandon();
    this.options.onLost();
  }
}
