import type { SnapshotMetrics } from './snapshot-metrics.js';
import type { SnapshotReporter } from './snapshot-reporter.js';
import type { Snapshot, SnapshotStore } from './snapshot-store.js';
import type { ResolvedSnapshotWriterOptions } from './snapshot.options.js';

/** A snapshot to be written when there is time. */
export class SnapshotJob {
  private encoded: string | Uint8Array | undefined;
  private version = 0;
  private failure: unknown;

  /**
   * @param owner name of the aggregate or decider
   * @param take gives the snapshot; called once, at the latest before the state changes
   */
  constructor(
    readonly owner: string,
    readonly category: string,
    readonly stream: string,
    private take: (() => Snapshot) | undefined,
    private readonly store: SnapshotStore,
  ) {}

  /** Takes the state as it is now. Called by whoever is about to change it; never throws. */
  capture(): void {
    const { take } = this;
    if (take === undefined) return;
    this.take = undefined;
    try {
      const snapshot = take();
      this.version = snapshot.version;
      this.encoded = this.store.encode(snapshot);
    } catch (error) {
      this.failure = error;
    }
  }

  async write(): Promise<void> {
    this.capture();
    if (this.encoded === undefined) throw this.failure;
    await this.store.write(this.stream, this.version, this.encoded, [this.category]);
  }
}

/**
 * Writes snapshots beside the write path: a save is answered first, and whether its snapshot is written late, fails or
 * never comes back makes no difference to anybody but the next load.
 */
export class SnapshotWriter {
  /** Waiting jobs by stream, in the order in which they came; a newer one takes the place of an older one. */
  private readonly pending = new Map<string, SnapshotJob>();
  private readonly running = new Set<Promise<void>>();
  private turn: NodeJS.Immediate | undefined;
  private ended = false;

  constructor(
    private readonly options: ResolvedSnapshotWriterOptions,
    private readonly metrics: SnapshotMetrics,
    private readonly reporter: SnapshotReporter,
  ) {}

  /** Snapshots that are not written yet. */
  get waiting(): number {
    return this.pending.size + this.running.size;
  }

  schedule(job: SnapshotJob): void {
    if (this.ended) return this.metrics.count('dropped');
    this.pending.delete(job.stream);
    this.pending.set(job.stream, job);
    if (this.pending.size > this.options.maxPending) this.dropOldest();
    // Not at once: whoever saved gets the answer first.
    this.turn ??= setImmediate(() => this.start());
  }

  /**
   * Writes what waits, then takes no more. Gives up after the drain time-out.
   *
   * @returns how many snapshots were left unwritten
   */
  async drain(): Promise<number> {
    const limit = performance.now() + this.options.drainTimeout;
    while (this.waiting > 0 && performance.now() < limit) {
      this.start();
      await settledWithin(Promise.race(this.running), limit - performance.now(), true);
    }
    this.ended = true;
    clearImmediate(this.turn);
    const left = this.waiting;
    for (let count = 0; count < left; count++) this.metrics.count('dropped');
    this.pending.clear();
    return left;
  }

  private start(): void {
    this.turn = undefined;
    for (const [stream, job] of this.pending) {
      if (this.running.size >= this.options.concurrency) return;
      this.pending.delete(stream);
      this.run(job);
    }
  }

  private run(job: SnapshotJob): void {
    const write = this.attempt(job).finally(() => {
      this.running.delete(write);
      if (!this.ended) this.start();
    });
    this.running.add(write);
  }

  /** Never fails. */
  private async attempt(job: SnapshotJob): Promise<void> {
    const { writeTimeout } = this.options;
    try {
      if (!(await settledWithin(job.write(), writeTimeout))) {
        throw new Error(`the store did not answer within ${writeTimeout} ms`);
      }
      this.metrics.count('written');
    } catch (error) {
      this.metrics.count('failed');
      this.reporter.writeFailed(job.owner, job.stream, error);
    }
  }

  private dropOldest(): void {
    const [oldest] = this.pending.keys();
    this.pending.delete(oldest as string);
    this.metrics.count('dropped');
  }
}

/** True when the promise was fulfilled in time; its own error when it failed in time. */
async function settledWithin(promise: Promise<unknown>, milliseconds: number, keepsAlive = false): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, milliseconds, false);
    if (!keepsAlive) timer.unref();
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
