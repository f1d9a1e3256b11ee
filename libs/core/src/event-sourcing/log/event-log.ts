import { chain, isPromise, settle, type MaybePromise } from '../../foundation/index.js';
import type { CommitResult, Store, StoredEvent, StreamChange, StreamInfo } from '../../store/index.js';
import type { EventRegistry, RecordedEvent } from '../events/index.js';
import { SNAPSHOT_COLLECTION } from '../snapshots/index.js';
import type { CommitParticipant } from './commit-participant.js';
import { batchOf, encodeAppend, encodeAppends } from './encode-commit.js';
import { EventDecoder } from './event-decoder.js';
import type {
  AppendOptions,
  AppendResult,
  LogCommit,
  LogCommitResult,
  ReadEventsOptions,
  ReadLogOptions,
  RecordedPage,
  ReplayOptions,
  StreamHistory,
  StreamChangeOptions,
} from './event-log.types.js';
import { KeptHistory } from './kept-history.js';
import { LogSubscription } from './log-subscription.js';
import { Participants } from './participants.js';
import { queryOf } from './selection.js';
import { subscriptionSetup } from './subscription-setup.js';
import type { SubscribeOptions, Subscription, SubscriptionHandler } from './subscription.types.js';

/** Events in a page of what reads everything, unless told otherwise. */
const PAGE = 500;
const NOTHING: AppendOptions = Object.freeze({});

/**
 * The log of events of the application: streams that grow by appending, and one order over all of them. Injectable.
 *
 * @example
 * ```ts
 * await log.append('order-42', [new OrderPlaced('42')], { expectedVersion: 'no-stream', context });
 * for (const { event, version, at } of await log.read('order-42')) { … }
 * ```
 */
export class EventLog {
  private readonly participants: Participants;
  private readonly decoder: EventDecoder;
  private readonly subscriptions = new Set<Subscription>();

  constructor(
    readonly store: Store,
    readonly registry: EventRegistry,
  ) {
    this.participants = new Participants(store);
    this.decoder = new EventDecoder(registry);
  }

  /**
   * Appends events to one stream. They are durable when it answers, as far as the store is.
   *
   * @throws {VersionConflictError} {@link AppendConditionError} {@link RecordConflictError} somebody else was faster
   * @throws {StreamClosedError} the stream is archived or deleted
   * @throws {NotAnEventError} {@link UnnamedEventError} {@link UnencodableValueError} nothing was appended
   * @throws {ReservedStreamError} the name begins with `process-`
   * @throws {StoreUnavailableError}
   */
  append(stream: string, events: readonly object[], options: AppendOptions = NOTHING): Promise<AppendResult> {
    return settle(() => {
      const { expectedVersion, id, conditions, records } = options;
      const isPlain = id === undefined && conditions === undefined && records === undefined;
      if (!isPlain || this.registry.hasTransforms || this.participants.any) {
        return chain(this.write({ ...options, appends: [{ ...options, stream, events }] }), appendResult);
      }
      // The way of most appends: nothing is made that the store does not keep, and all batches have one shape.
      const append = encodeAppend(this.registry, stream, events, expectedVersion, options);
      const result = this.store.commit({ appends: [append] });
      return isPromise(result) ? result.then(appendResult) : appendResult(result);
    });
  }

  /**
   * Everything in one commit: events for several streams, records, changes of streams. Errors as of {@link append}.
   */
  commit(commit: LogCommit): Promise<LogCommitResult> {
    return settle(() => chain(this.write(commit), (result) => commitResult(result, commit)));
  }

  /**
   * Events of one stream; none when there is no such stream or it is deleted.
   *
   * @throws {UnknownEventTypeError} and what else `EventRegistry.decode` throws
   * @example Backward from the last: `log.read('order-42', { direction: 'backward', limit: 10 })`
   */
  async read<E extends object = object>(stream: string, options: ReadEventsOptions = {}): Promise<RecordedEvent<E>[]> {
    const stored = await this.store.readStream(stream, options);
    return (await this.decoder.decode(stored, options.unknown ?? 'throw', 'raw')) as RecordedEvent<E>[];
  }

  /**
   * Events of all streams in the order of their commits, without gaps. Journals of processes are left out, unless
   * `unknown` is `raw`. Errors as of {@link read}.
   *
   * @example `await log.readAll({ after: page.position, events: [OrderPlaced], limit: 100 })`
   */
  async readAll<E extends object = object>(options: ReadLogOptions = {}): Promise<RecordedPage<E>> {
    const { events, query, unknown = 'throw', ...range } = options;
    const wanted = queryOf(this.registry, { events, query });
    const page = await this.store.readAll(wanted === undefined ? range : { ...range, query: wanted });
    const decoded = await this.decoder.decode(page.events, unknown);
    return { events: decoded as RecordedEvent<E>[], position: page.position };
  }

  /** Events of one stream, fetched page by page while somebody reads on. Options and errors as of {@link read}. */
  async *iterate<E extends object = object>(
    stream: string,
    options: Omit<ReadEventsOptions, 'limit'> & { readonly pageSize?: number | undefined } = {},
  ): AsyncGenerator<RecordedEvent<E>, void, undefined> {
    const { pageSize = PAGE, unknown = 'throw', ...range } = options;
    const step = range.direction === 'backward' ? -1 : 1;
    let next = range;
    for (;;) {
      const stored = await this.store.readStream(stream, { ...next, limit: pageSize });
      yield* (await this.decoder.decode(stored, unknown, 'raw')) as RecordedEvent<E>[];
      const last = stored.at(-1)?.version;
      if (last === undefined || stored.length < pageSize || last + step < 1) return;
      next = { ...range, from: last + step };
    }
  }

  /** Events of all streams up to the end of the log as it is when reached. Options and errors as of {@link readAll}. */
  async *iterateAll<E extends object = object>(
    options: Omit<ReadLogOptions, 'limit'> & { readonly pageSize?: number | undefined } = {},
  ): AsyncGenerator<RecordedEvent<E>, void, undefined> {
    const { pageSize = PAGE, events, query, unknown = 'throw', ...range } = options;
    const wanted = queryOf(this.registry, { events, query });
    const base = { ...range, limit: pageSize, ...(wanted === undefined ? undefined : { query: wanted }) };
    let next = base;
    for (;;) {
      const page = await this.store.readAll(next);
      yield* (await this.decoder.decode(page.events, unknown)) as RecordedEvent<E>[];
      if (page.events.length < pageSize) return;
      const { position } = page;
      next = range.direction === 'backward' ? { ...base, before: position } : { ...base, after: position };
    }
  }

  /**
   * The events of a stream from a version on and nothing else about them: the quickest way to load what a history is
   * folded into.
   *
   * @param from default 1
   * @throws what {@link read} throws
   */
  async history(stream: string, from = 1): Promise<StreamHistory> {
    const kept = this.store.readPayloads?.(stream, from);
    if (kept !== undefined && this.registry.areEvents(kept)) return new KeptHistory(kept);
    const stored = await this.store.readStream(stream, { from });
    if (this.registry.hasTransforms) await this.registry.prepareDecode(stored);
    const events = stored.map((event) => this.registry.decodeEvent(event));
    const timeOf = (index: number): number => (stored[index] as StoredEvent).at;
    return { events, list: events, payloads: stored.map(({ data }) => data), first: stored[0], timeOf };
  }

  /**
   * Calls `apply` with each event of a stream in order. What `apply` throws ends it.
   *
   * @returns the version of the last event applied; 0, or the one before `from`, when there was none
   * @throws what {@link read} throws
   */
  async replay(
    stream: string,
    apply: (event: object, version: number) => void,
    options: ReplayOptions = {},
  ): Promise<number> {
    const { from = 1, to, until } = options;
    if (to === undefined && until === undefined) {
      const { list, first } = await this.history(stream, from);
      const start = first?.version ?? from;
      for (let index = 0; index < list.length; index++) apply(list.at(index) as object, start + index);
      return start + list.length - 1;
    }
    const stored = await this.store.readStream(stream, {
      from,
      ...(to === undefined ? undefined : { to }),
      ...(until === undefined ? undefined : { until }),
    });
    if (this.registry.hasTransforms) await this.registry.prepareDecode(stored);
    let version = from - 1;
    for (const event of stored) {
      apply(this.registry.decodeEvent(event), event.version);
      ({ version } = event);
    }
    return version;
  }

  /**
   * Follows the log: gives the handler what is there already, then what is appended, in the order of the log, without a
   * gap and nothing twice. The handler gets the next batch when it is done with the one before; while it works, at most
   * one page is read ahead. While the store is away the subscription waits for it.
   *
   * It ends when the handler rejects, when an event cannot be read, or when the log is behind where it began. Nest stops
   * all subscriptions at shutdown, each after its batch under way.
   *
   * @throws {UnknownOptionError} {@link InvalidOptionError}
   * @example
   * ```ts
   * const subscription = log.subscribe({ after: checkpoint, events: [OrderPlaced] }, async (events, position) => {
   *   for (const { event } of events) await mailer.thank(event);
   *   await checkpoints.save(position);
   * });
   * ```
   */
  subscribe<E extends object = object>(options: SubscribeOptions, handler: SubscriptionHandler<E>): Subscription {
    const setup = subscriptionSetup(options);
    const query = queryOf(this.registry, options);
    const { store, decoder } = this;
    const read = { limit: setup.limit, ...(query === undefined ? undefined : { query }) };
    const subscription = new LogSubscription({ ...setup, store, decoder, read }, handler as SubscriptionHandler);
    this.subscriptions.add(subscription);
    const forget = (): boolean => this.subscriptions.delete(subscription);
    subscription.closed.then(forget, forget);
    return subscription;
  }

  /** Stops every subscription, each after its batch under way. */
  async stopSubscriptions(): Promise<void> {
    await Promise.all([...this.subscriptions].map((subscription) => subscription.stop()));
  }

  /** Version and state of a stream; undefined when no event was ever appended to it. */
  stream(stream: string): Promise<StreamInfo | undefined> {
    return this.store.getStream(stream);
  }

  /**
   * Removes the events below a version for good; versions and positions of the others stay. Take a snapshot first if
   * an aggregate is loaded from the stream.
   *
   * @throws {VersionConflictError}
   */
  async truncate(stream: string, before: number, options: StreamChangeOptions = {}): Promise<void> {
    await this.change({ stream, truncateBefore: before }, options);
  }

  /** Closes a stream for good: it can still be read by its name, is left out of `readAll`, and refuses appends. @throws {VersionConflictError} */
  async archive(stream: string, options: StreamChangeOptions = {}): Promise<void> {
    await this.change({ stream, state: 'archived' }, options);
  }

  /** Hides a stream from all readers and refuses appends; the events are kept, {@link restore} brings them back. @throws {VersionConflictError} */
  async delete(stream: string, options: StreamChangeOptions = {}): Promise<void> {
    await this.change({ stream, state: 'deleted' }, options);
  }

  /** Opens an archived or deleted stream again. @throws {VersionConflictError} */
  async restore(stream: string, options: StreamChangeOptions = {}): Promise<void> {
    await this.change({ stream, state: 'open' }, options);
  }

  /** Removes a stream with all its events and its snapshot, beyond recall. The name may be used again, from version 1. */
  async purge(stream: string): Promise<void> {
    await this.store.commit({ deleteStreams: [stream], records: [{ collection: SNAPSHOT_COLLECTION, key: stream }] });
  }

  /** Adds what writes records in the commits of events, see {@link CommitParticipant}. Returns the way to remove it. */
  addParticipant(participant: CommitParticipant): () => void {
    return this.participants.add(participant);
  }

  private write(commit: LogCommit): MaybePromise<CommitResult> {
    if (!this.registry.hasTransforms) return this.writeEncoded(commit);
    const events = commit.appends?.flatMap((append) => append.events) ?? [];
    return chain(this.registry.prepareEncode(events), () => this.writeEncoded(commit));
  }

  private writeEncoded(commit: LogCommit): MaybePromise<CommitResult> {
    const appends = encodeAppends(this.registry, commit.appends ?? []);
    const participants = this.participants.of(appends);
    if (participants !== undefined) return this.participants.commit(participants, commit, appends);
    return this.store.commit(batchOf(commit, appends));
  }

  private change(change: StreamChange, { expectedVersion }: StreamChangeOptions): MaybePromise<CommitResult> {
    const { store } = this;
    return store.commit({ streams: [expectedVersion === undefined ? change : { ...change, expectedVersion }] });
  }
}

function appendResult({ versions, position, repeated }: CommitResult): AppendResult {
  return { version: versions[0] ?? 0, position, repeated: repeated === true };
}

function commitResult(
  { versions, recordVersions, position, repeated }: CommitResult,
  commit: LogCommit,
): LogCommitResult {
  // What participants have written comes after the caller's own records and is none of its business.
  const own = recordVersions.slice(0, commit.records?.length ?? 0);
  return { versions, recordVersions: own, position, repeated: repeated === true };
}
