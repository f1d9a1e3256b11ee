import {
  Store,
  StoreUnavailableError,
  type CommitBatch,
  type CommitNotice,
  type CommitResult,
  type LogPage,
  type ReadAllOptions,
  type ReadStreamOptions,
  type RecordPage,
  type RecordQuery,
  type StoreCapabilities,
  type StoreWarning,
  type StoredEvent,
  type StoredRecord,
  type StreamInfo,
} from '@catga/core';

/** How a planned failure goes. */
export interface FaultOptions {
  /**
   * True: the commit is applied and only its answer is lost, as when a connection breaks at the wrong moment.
   * Default false: the commit is not applied.
   */
  readonly applied?: boolean;
}

/**
 * A store around another one that fails when told to: for tests of what a program does when its store goes away, and
 * of what it finds when it comes back.
 *
 * It does not offer `openDirect`: every write goes through `commit` and is counted.
 *
 * @example
 * ```ts
 * const inner = new MemoryStore({ mode: 'copy' });
 * const store = new FaultyStore(inner);
 * store.crashAfter(3);            // three more commits succeed, then everything is refused
 * await runProgram(store);
 * await runProgram(new FaultyStore(inner)); // "restart"
 * ```
 */
export class FaultyStore extends Store {
  /** Commits that were applied, also those whose answer was then lost. */
  commits = 0;
  /** Commits that were asked for. */
  attempts = 0;
  /** True once the planned crash has happened. */
  crashed = false;
  private readonly failures: { error: Error; applied: boolean }[] = [];
  private left = Number.POSITIVE_INFINITY;
  private loseLastAnswer = false;
  private delay: (() => Promise<void>) | undefined;

  constructor(readonly inner: Store) {
    super();
  }

  override get capabilities(): StoreCapabilities {
    return this.inner.capabilities;
  }

  /** Fails the next `n` commits with this error. Default: a {@link StoreUnavailableError} with reason `connection`. */
  failNext(n = 1, error: Error = unavailable('A planned failure'), { applied = false }: FaultOptions = {}): this {
    for (let count = 0; count < n; count++) this.failures.push({ error, applied });
    return this;
  }

  /**
   * Lets `n` more commits be applied and refuses everything from then on, reads and commit notices too, like a machine that died.
   * With `applied`, the last of them is applied but its caller gets an error.
   */
  crashAfter(n: number, { applied = false }: FaultOptions = {}): this {
    this.left = n;
    this.loseLastAnswer = applied;
    if (n <= 0) this.crashed = true;
    return this;
  }

  /** Forgets all planned faults; works again after a crash. */
  recover(): this {
    this.failures.length = 0;
    this.left = Number.POSITIVE_INFINITY;
    this.loseLastAnswer = false;
    this.crashed = false;
    this.delay = undefined;
    return this;
  }

  /** Holds every commit back, by milliseconds or until the promise of the function is fulfilled; undefined: no longer. */
  delayCommits(by: number | (() => Promise<void>) | undefined): this {
    this.delay = typeof by === 'number' ? () => new Promise((resolve) => setTimeout(resolve, by)) : by;
    return this;
  }

  override async commit(batch: CommitBatch): Promise<CommitResult> {
    this.attempts++;
    this.assertAlive();
    if (this.delay !== undefined) {
      await this.delay();
      this.assertAlive();
    }
    const failure = this.failures.shift();
    if (failure !== undefined && !failure.applied) throw failure.error;
    // Counted before the inner store answers: commits under way at the same time must not slip past the crash.
    if (--this.left === 0) this.crashed = true;
    const last = this.crashed;
    let result: CommitResult;
    try {
      result = await this.inner.commit(batch);
    } catch (error) {
      // A refused commit is none; the crash waits for the next one.
      if (last) this.crashed = false;
      this.left++;
      throw error;
    }
    this.commits++;
    if (failure !== undefined) throw failure.error;
    if (last && this.loseLastAnswer) throw unavailable('The planned crash came before the answer');
    return result;
  }

  override async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    this.assertAlive();
    return this.inner.readStream(stream, options);
  }

  override async getStream(stream: string): Promise<StreamInfo | undefined> {
    this.assertAlive();
    return this.inner.getStream(stream);
  }

  override async readAll(options?: ReadAllOptions): Promise<LogPage> {
    this.assertAlive();
    return this.inner.readAll(options);
  }

  override async getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    this.assertAlive();
    return this.inner.getRecord(collection, key);
  }

  override async findRecords(query: RecordQuery): Promise<RecordPage> {
    this.assertAlive();
    return this.inner.findRecords(query);
  }

  override onCommit(listener: (notice: CommitNotice) => void): () => void {
    return this.inner.onCommit((notice) => {
      if (!this.crashed) listener(notice);
    });
  }

  override async now(): Promise<number> {
    this.assertAlive();
    return this.inner.now();
  }

  override warnings(): readonly StoreWarning[] {
    return this.inner.warnings?.() ?? [];
  }

  override async ping(): Promise<void> {
    this.assertAlive();
    return this.inner.ping();
  }

  override open(): Promise<void> {
    return this.inner.open();
  }

  override close(): Promise<void> {
    return this.inner.close();
  }

  private assertAlive(): void {
    if (this.crashed) throw unavailable('The planned crash has happened');
  }
}

function unavailable(what: string): StoreUnavailableError {
  return new StoreUnavailableError(
    'connection',
    `${what}: the store of this test is away. Call recover() to bring it back.`,
  );
}
