import { isPromise } from '../../foundation/index.js';
import { RecordConflictError, type CommitNotice, type RecordWrite, type Store } from '../../store/index.js';
import type { ResolvedPrivacyOptions } from './privacy.options.js';
import { SubjectForgottenError } from './privacy.errors.js';
import { forgottenRecord, KeyRing, SUBJECT_KEYS, type SubjectKey, type SubjectState } from './subject-key.js';

/** One record that is written whenever somebody is forgotten: its version tells other nodes. */
const FORGETS = 'subject-forgets';
/** Until then an append or a read that is under way may still need a key that is no longer good for new ones. */
const GRACE = 5_000;

interface Cached {
  readonly state: SubjectState;
  readonly loadedAt: number;
  usedAt: number;
  /** Somebody was forgotten since: whoever comes now must look again. */
  stale: boolean;
}

/**
 * The keys of subjects, from the store and for a while from memory. A key is loaded in a step that may wait and then
 * used in one that may not, so what was loaded stays at hand for a moment.
 *
 * A forgotten subject is heard of at once, by push: every forget writes one record, and a node that hears of a commit
 * that may have been one looks at its version. A node that hears nothing holds no key for longer than `cacheFor`.
 */
export class SubjectKeys {
  private readonly ring: KeyRing;
  private readonly cache = new Map<string, Cached>();
  private readonly loading = new Map<string, Promise<SubjectState>>();
  private started: Promise<void> | undefined;
  private stopListening: (() => void) | undefined;
  private forgets = 0;
  /** Grows when somebody was forgotten: what was read before may be out of date. */
  private generation = 0;
  private checking: Promise<void> | undefined;
  private heardMeanwhile = false;
  private sweep: NodeJS.Timeout | undefined;

  constructor(
    private readonly store: Store,
    private readonly options: ResolvedPrivacyOptions,
  ) {
    this.ring = new KeyRing(options.masterKeys);
  }

  /** How many subjects are in memory. */
  get cached(): number {
    return this.cache.size;
  }

  /** What was loaded of a subject. Never waits; undefined when {@link load} has not been called for it just now. */
  peek(subject: string): SubjectState | undefined {
    return this.cache.get(subject)?.state;
  }

  /** Makes sure that {@link peek} knows these subjects as they are now. @throws {MasterKeyError} */
  async load(subjects: ReadonlySet<string>): Promise<void> {
    await this.start();
    const waiting = [...subjects].map((subject) => this.get(subject)).filter((state) => isPromise(state));
    if (waiting.length > 0) await Promise.all(waiting);
    this.evict(subjects);
  }

  /** The same, and makes a key for those that have none. @throws {SubjectForgottenError} {@link MasterKeyError} */
  async loadForWriting(subjects: ReadonlySet<string>): Promise<void> {
    await this.load(subjects);
    await Promise.all(
      [...subjects].map(async (subject) => {
        let state = this.peek(subject) ?? (await this.get(subject));
        while (state.key === undefined) state = await this.create(subject, state);
      }),
    );
  }

  /** The record writes that take the key of a subject away, and tell everybody. */
  forgetting(subject: string, ifVersion: number, now: number): readonly RecordWrite[] {
    return [
      { collection: SUBJECT_KEYS, key: subject, value: forgottenRecord(now), ifVersion },
      { collection: FORGETS, key: 'latest', value: String(now) },
    ];
  }

  /** What the store says of a subject now. */
  async look(subject: string): Promise<SubjectState> {
    return this.ring.read(subject, await this.store.getRecord(SUBJECT_KEYS, subject));
  }

  /** Nothing that is in memory is good for whoever comes now. */
  invalidate(): void {
    this.generation++;
    this.loading.clear();
    for (const cached of this.cache.values()) cached.stale = true;
    this.sweep ??= setTimeout(() => this.dropStale(), GRACE).unref();
  }

  /** Wraps every key anew that is not wrapped by the current master key. Gives how many there were. */
  async rewrap(): Promise<number> {
    let count = 0;
    for (let cursor: string | undefined; ;) {
      const page = await this.store.findRecords({ collection: SUBJECT_KEYS, ...(cursor !== undefined && { cursor }) });
      for (const record of page.records) {
        const value = this.ring.rewrap(record.key, record);
        if (value === undefined) continue;
        count += await this.replace(record.key, value, record.version);
      }
      if (page.cursor === undefined) return count;
      ({ cursor } = page);
    }
  }

  /** Ends listening and drops every key. */
  close(): void {
    this.stopListening?.();
    this.stopListening = undefined;
    this.started = undefined;
    clearTimeout(this.sweep);
    this.sweep = undefined;
    this.cache.clear();
    this.loading.clear();
  }

  private start(): Promise<void> {
    this.started ??= this.listen().catch((error: unknown) => {
      this.close();
      throw error;
    });
    return this.started;
  }

  /** Listens first: a forget between the two would otherwise never be heard of. */
  private async listen(): Promise<void> {
    this.stopListening = this.store.onCommit((notice) => {
      if (mayBeForget(notice)) this.check();
    });
    this.forgets = await this.countForgets();
  }

  private check(): void {
    if (this.checking !== undefined) {
      this.heardMeanwhile = true;
      return;
    }
    this.heardMeanwhile = false;
    this.checking = this.countForgets()
      .then((count) => {
        if (count === this.forgets) return;
        this.forgets = count;
        this.invalidate();
      })
      // Not knowing is like knowing the worst.
      .catch(() => this.invalidate())
      .finally(() => {
        this.checking = undefined;
        if (this.heardMeanwhile) this.check();
      });
  }

  private async countForgets(): Promise<number> {
    return (await this.store.getRecord(FORGETS, 'latest'))?.version ?? 0;
  }

  private get(subject: string): Promise<SubjectState> | SubjectState {
    const now = performance.now();
    const cached = this.cache.get(subject);
    if (cached !== undefined && !cached.stale && now - cached.loadedAt < this.options.cacheFor) {
      cached.usedAt = now;
      return cached.state;
    }
    let loading = this.loading.get(subject);
    if (loading === undefined) {
      loading = this.fetch(subject).finally(() => {
        if (this.loading.get(subject) === loading) this.loading.delete(subject);
      });
      this.loading.set(subject, loading);
    }
    return loading;
  }

  private async fetch(subject: string): Promise<SubjectState> {
    const { generation } = this;
    const askedAt = performance.now();
    const state = await this.look(subject);
    this.keep(subject, state, askedAt, generation);
    return state;
  }

  private keep(subject: string, state: SubjectState, loadedAt: number, generation: number): void {
    // Somebody was forgotten while it was on its way: good for those who asked before, and for nobody after them.
    const stale = generation !== this.generation;
    this.cache.delete(subject);
    this.cache.set(subject, { state, loadedAt, usedAt: performance.now(), stale });
    if (stale) this.sweep ??= setTimeout(() => this.dropStale(), GRACE).unref();
  }

  private async create(subject: string, { forgotten, recordVersion }: SubjectState): Promise<SubjectState> {
    if (forgotten && this.options.afterForget === 'refuse') throw new SubjectForgottenError(subject);
    const { generation } = this;
    const askedAt = performance.now();
    const made = this.ring.create(subject, forgotten, await this.store.now());
    if ((await this.replace(subject, made.value, recordVersion)) === 0) {
      // Somebody else was faster: theirs is the key.
      return this.fetch(subject);
    }
    const state: SubjectState = { key: made.key satisfies SubjectKey, forgotten, recordVersion: recordVersion + 1 };
    this.keep(subject, state, askedAt, generation);
    return state;
  }

  /** Gives 1 when the record was written, 0 when somebody else had written it. */
  private async replace(subject: string, value: string, ifVersion: number): Promise<0 | 1> {
    try {
      await this.store.commit({ records: [{ collection: SUBJECT_KEYS, key: subject, value, ifVersion }] });
      return 1;
    } catch (error) {
      if (error instanceof RecordConflictError) return 0;
      throw error;
    }
  }

  private evict(wanted: ReadonlySet<string>): void {
    if (this.cache.size <= this.options.cacheSize) return;
    const idleSince = performance.now() - GRACE;
    for (const [subject, { usedAt }] of this.cache) {
      if (this.cache.size <= this.options.cacheSize) return;
      if (!wanted.has(subject) && usedAt < idleSince) this.cache.delete(subject);
    }
  }

  private dropStale(): void {
    this.sweep = undefined;
    for (const [subject, { stale }] of this.cache) if (stale) this.cache.delete(subject);
  }
}

function mayBeForget({ collections }: CommitNotice): boolean {
  return collections === undefined || collections.includes(FORGETS);
}
