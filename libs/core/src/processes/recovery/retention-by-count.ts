import { isPromise } from '../../foundation/index.js';
import type { Store } from '../../store/index.js';
import { PROCESSES, streamOf } from '../engine/run-record.js';

/** Keeps the last so many final runs of one process that this node has executed; the oldest goes when a newer one comes. */
export class RetentionByCount {
  private readonly ids: string[] = [];
  private readonly runs: number[] = [];
  /** Last run of ids that were run more than once. */
  private readonly rerun = new Map<string, number>();
  private next = 0;

  constructor(
    private readonly store: Store,
    private readonly count: number,
  ) {}

  add(id: string, run: number): void {
    if (run > 1) this.rerun.set(id, run);
    if (this.count === 0) return this.remove(id, run);
    if (this.ids.length < this.count) {
      this.ids.push(id);
      this.runs.push(run);
      return;
    }
    const { next } = this;
    const [oldest, oldestRun] = [this.ids[next] as string, this.runs[next] as number];
    this.ids[next] = id;
    this.runs[next] = run;
    this.next = (next + 1) % this.count;
    this.remove(oldest, oldestRun);
  }

  private remove(id: string, run: number): void {
    // Of an id that was run again since, only the former run's journal goes.
    const last = this.rerun.get(id);
    const again = last !== undefined && last > run;
    if (last === run) this.rerun.delete(id);
    const result = this.store.commit({
      ...(again ? {} : { records: [{ collection: PROCESSES, key: id }] }),
      deleteStreams: [streamOf(id, run)],
    });
    if (isPromise(result)) result.catch(() => undefined);
  }
}
