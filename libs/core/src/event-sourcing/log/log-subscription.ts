import { isPromise, toMilliseconds, type Duration } from '../../foundation/index.js';
import type { LogPage, ReadAllOptions, Store } from '../../store/index.js';
import { StoreUnavailableError } from '../../store/index.js';
import type { RecordedEvent, UnknownEventPolicy } from '../events/index.js';
import type { EventDecoder } from './event-decoder.js';
import { LogBehindError, SubscriptionEndedError } from './log.errors.js';
import { PositionWaiters } from './position-waiters.js';
import type { Subscription, SubscriptionHandler } from './subscription.types.js';

/** What a subscription is made of; the options with every default filled in. */
export interface SubscriptionSetup {
  readonly store: Store;
  readonly decoder: EventDecoder;
  readonly name: string;
  readonly after: number | 'end';
  /** The part of the read that stays the same. */
  readonly read: Pick<ReadAllOptions, 'query'> & { readonly limit: number };
  readonly unknown: UnknownEventPolicy;
  /** Milliseconds. */
  readonly retryDelay: number;
  readonly onError: (error: unknown) => void;
}

/** Ends the wait of somebody for the end of the log. */
type CatchUp = (error?: Error) => void;

/** First wait while the store is away, in milliseconds; each next one is twice as long. */
const FIRST_DELAY = 50;

/**
 * Reads on from where it is, whether that is the past or the present: one loop for both, so that there is no place
 * between catching up and being live at which an event could be lost or given twice. A commit only wakes the loop up.
 */
export class LogSubscription implements Subscription {
  position: number;
  live = false;
  readonly closed: Promise<void>;
  private readonly waiters: PositionWaiters;
  private stopping = false;
  private ended = false;
  private failure: unknown;
  /** True when something may have been appended since the last read began. */
  private woken = true;
  private wake: (() => void) | undefined;
  /** Who waits for the end of the log, and no read has begun since. */
  private readonly asking: CatchUp[] = [];
  /** Who waits for the end of the log, and the next page that is not full is the answer. */
  private readonly served: CatchUp[] = [];
  private cancelPause: (() => void) | undefined;

  constructor(
    private readonly setup: SubscriptionSetup,
    private readonly handler: SubscriptionHandler,
  ) {
    this.position = setup.after === 'end' ? 0 : setup.after;
    this.waiters = new PositionWaiters(setup.name);
    const unlisten = setup.store.onCommit(this.wakeUp);
    this.closed = this.run().finally(() => {
      unlisten();
      this.end();
    });
    // Nobody has to look at it: what went wrong is told to onError.
    this.closed.catch(() => undefined);
  }

  stop(): Promise<void> {
    this.stopping = true;
    this.wakeUp();
    this.cancelPause?.();
    return this.closed.catch(() => undefined);
  }

  caughtUp(): Promise<void> {
    if (this.ended) return Promise.reject(this.endedError());
    return new Promise((resolve, reject) => {
      this.asking.push((error) => (error === undefined ? resolve() : reject(error)));
      this.wakeUp();
    });
  }

  waitFor(position: number, timeout?: Duration): Promise<void> {
    if (position <= this.position) return Promise.resolve();
    if (this.ended) return Promise.reject(this.endedError());
    const limit = timeout === undefined ? undefined : toMilliseconds(timeout, 'timeout of waitFor');
    return this.waiters.add(position, () => this.position, limit);
  }

  private readonly wakeUp = (): void => {
    this.woken = true;
    this.wake?.();
  };

  private async run(): Promise<void> {
    try {
      if (this.setup.after === 'end') this.position = await this.endOfLog();
      while (!this.stopping) await this.step();
    } catch (error) {
      // A store that closes while the subscription stops is no failure.
      if (this.stopping && error instanceof StoreUnavailableError) return;
      this.failure = error;
      this.setup.onError(error);
      throw error;
    }
  }

  /** Waits until there may be something, then reads and hands out until the end of the log. */
  private async step(): Promise<void> {
    if (!this.woken) await new Promise<void>((resolve) => (this.wake = resolve));
    this.wake = undefined;
    let next: Promise<LogPage> | undefined = this.read(this.position);
    while (next !== undefined && !this.stopping) {
      const page: LogPage = await next;
      if (page.position < this.position) throw new LogBehindError(this.setup.name, this.position, page.position);
      const isFull = page.events.length >= this.setup.read.limit;
      // One page ahead: it is read while the handler works, and never more than one.
      next = isFull ? this.read(page.position) : undefined;
      await this.handOut(page);
      this.live = !isFull;
      if (!isFull) for (const done of this.served.splice(0)) done();
    }
  }

  private async handOut(page: LogPage): Promise<void> {
    const { decoder, unknown } = this.setup;
    const decoded = decoder.decode(page.events, unknown);
    const events = isPromise(decoded) ? await this.decoded(page, decoded) : decoded;
    if (events.length > 0) {
      const done = this.handler(events, page.position);
      if (isPromise(done)) await done;
    }
    this.position = page.position;
    this.waiters.reached(page.position);
  }

  /** What the first try gives, or a later one: transforms may need the store as well, e.g. for a key. */
  private decoded(page: LogPage, first: Promise<RecordedEvent[]>): Promise<RecordedEvent[]> {
    const { decoder, unknown } = this.setup;
    let tries = 0;
    return this.retry(async () => (tries++ === 0 ? first : decoder.decode(page.events, unknown)));
  }

  private read(after: number): Promise<LogPage> {
    this.woken = false;
    this.served.push(...this.asking.splice(0));
    const page = this.retry(() => this.setup.store.readAll({ ...this.setup.read, after }));
    // Read ahead: it may fail while nobody waits for it yet.
    page.catch(() => undefined);
    return page;
  }

  private async endOfLog(): Promise<number> {
    const page = await this.retry(() => this.setup.store.readAll({ after: Number.MAX_SAFE_INTEGER, limit: 1 }));
    return page.position;
  }

  /** Tries until the store is there; nothing is lost by waiting. */
  private async retry<T>(read: () => Promise<T>): Promise<T> {
    for (let delay = FIRST_DELAY; ; delay = Math.min(delay * 2, this.setup.retryDelay)) {
      try {
        return await read();
      } catch (error) {
        if (!(error instanceof StoreUnavailableError) || this.stopping) throw error;
      }
      await this.pause(Math.min(delay, this.setup.retryDelay));
    }
  }

  /** Ends early when the subscription is stopped. */
  private async pause(delay: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.cancelPause = resolve;
      timer = setTimeout(resolve, delay);
    });
    clearTimeout(timer);
  }

  private end(): void {
    this.ended = true;
    this.live = false;
    this.waiters.ended(this.position, this.failure);
    for (const done of [...this.served.splice(0), ...this.asking.splice(0)]) done(this.endedError());
  }

  private endedError(): SubscriptionEndedError {
    const { failure } = this;
    return new SubscriptionEndedError(
      this.setup.name,
      this.position,
      failure === undefined ? undefined : { cause: failure },
    );
  }
}
