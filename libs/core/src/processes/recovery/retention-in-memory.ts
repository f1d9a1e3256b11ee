import { coarseNow, type Clock } from '../../foundation/index.js';
import type { DirectStream, Store } from '../../store/index.js';
import { PROCESSES, readRecord, streamOf } from '../engine/run-record.js';
import type { Run } from '../engine/run.js';

/** A final run: the stream that is all there is of it, or its name. */
type Kept = DirectStream | { readonly id: string; readonly run: number };

export interface RetentionInMemoryOptions {
  readonly store: Store;
  readonly clock: Clock;
  /** Most final runs to keep. */
  readonly count: number;
  /** Milliseconds after which a final run goes in any case; left out: never. */
  readonly age?: number | undefined;
}

/**
 * Keeps the last final runs of one process that this node has executed; the oldest go when newer ones come, or when
 * their time has come. For stores in memory, where nobody else could do it.
 */
export class RetentionInMemory {
  /** In the order of their ends, from `head` on. */
  private kept: (Kept | undefined)[] = [];
  private endedAt: number[] = [];
  private head = 0;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: RetentionInMemoryOptions) {}

  add({ journal, identity }: Run): void {
    this.kept.push(journal.derived ?? { id: identity.id, run: identity.run });
    this.endedAt.push(coarseNow());
    if (this.kept.length - this.head > this.options.count) this.removeOldest();
    else if (this.timer === undefined) this.lookLater();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  private removeOldest(): void {
    const oldest = this.kept[this.head] as Kept;
    this.kept[this.head++] = undefined;
    if (this.head * 2 > this.kept.length && this.head > 1_000) {
      this.kept = this.kept.slice(this.head);
      this.endedAt = this.endedAt.slice(this.head);
      this.head = 0;
    }
    // Takes its line along, unless the id was run again since: then the line is that of the later run.
    if ('remove' in oldest) oldest.remove();
    else void this.remove(oldest.id, oldest.run).catch(() => undefined);
  }

  private async remove(id: string, run: number): Promise<void> {
    const { store } = this.options;
    const line = await store.getRecord(PROCESSES, id);
    // Of an id that was run again since, only the former run's journal goes: the line is that of the later run, which
    // may still be under way.
    const again = line === undefined || readRecord(line).run > run;
    await store.commit({
      ...(again ? {} : { records: [{ collection: PROCESSES, key: id, ifVersion: line.version }] }),
      deleteStreams: [streamOf(id, run)],
    });
  }

  private lookLater(): void {
    const { age, clock } = this.options;
    const oldest = this.endedAt[this.head];
    if (age === undefined || oldest === undefined) return;
    this.timer = setTimeout(this.look, Math.min(Math.max(oldest + age - clock.now(), 100), 2 ** 31 - 1));
    this.timer.unref();
  }

  private readonly look = (): void => {
    const { age = Number.POSITIVE_INFINITY, clock } = this.options;
    const before = clock.now() - age;
    while ((this.endedAt[this.head] ?? Number.POSITIVE_INFINITY) <= before) this.removeOldest();
    this.timer = undefined;
    this.lookLater();
  };
}
