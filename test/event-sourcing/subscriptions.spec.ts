import { setImmediate } from 'node:timers/promises';
import {
  Event,
  EventLog,
  EventRegistry,
  MemoryStore,
  StoreUnavailableError,
  type LogPage,
  type ReadAllOptions,
  type RecordedEvent,
  type Store,
  type SubscribeOptions,
  type Subscription,
} from '@catga/core';
import { closeStores, openStore, STORES } from './support/stores.js';

@Event('ticked')
class Ticked {
  constructor(readonly n: number) {}
}

@Event('tocked')
class Tocked {}

@Event('unknown-here')
class UnknownHere {}

afterAll(closeStores);

/** A subscription that keeps what it was given. */
function follow(log: EventLog, options: SubscribeOptions = {}) {
  const batches: (readonly number[])[] = [];
  const positions: number[] = [];
  const subscription = log.subscribe({ batchSize: 3, ...options }, (events, position) => {
    batches.push(events.map((one) => one.position));
    positions.push(position);
  });
  return { subscription, batches, positions, seen: () => batches.flat() };
}

const ticks = (count: number) => Array.from({ length: count }, (_, n) => new Ticked(n));

describe.each(STORES)('a subscription on $name', (kind) => {
  let store: Store;
  let log: EventLog;

  beforeEach(async () => {
    store = await openStore(kind);
    log = new EventLog(store, new EventRegistry(store).register(Ticked, Tocked));
  });

  afterEach(() => log.stopSubscriptions());

  it('catches up in batches, then follows what is appended, in order and once', async () => {
    await log.append('clock-1', ticks(7));
    const { subscription, batches, positions, seen } = follow(log);
    await subscription.caughtUp();
    expect(batches).toEqual([[1, 2, 3], [4, 5, 6], [7]]);
    expect(positions).toEqual([3, 6, 7]);
    expect(subscription).toMatchObject({ live: true, position: 7 });
    const { position } = await log.append('clock-2', ticks(2));
    await subscription.waitFor(position, '5s');
    expect(seen()).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    await subscription.stop();
    await log.append('clock-1', ticks(1));
    await setImmediate();
    expect(seen()).toHaveLength(9);
    await expect(subscription.closed).resolves.toBeUndefined();
  });

  it('begins after a position, or with what comes from now on', async () => {
    await log.append('clock-1', ticks(5));
    const later = follow(log, { after: 3 });
    const now = follow(log, { after: 'end' });
    await Promise.all([later.subscription.caughtUp(), now.subscription.caughtUp()]);
    expect([later.seen(), now.seen()]).toEqual([[4, 5], []]);
    const { position } = await log.append('clock-1', ticks(1));
    await Promise.all([later.subscription.waitFor(position), now.subscription.waitFor(position)]);
    expect([later.seen(), now.seen()]).toEqual([[4, 5, 6], [6]]);
  });

  it('gives only what is asked for, and gets ahead also where nothing matches', async () => {
    await log.commit({
      appends: [
        { stream: 'clock-1', events: [new Ticked(1), new Tocked()] },
        { stream: 'watch-1', events: [new Ticked(2)], tags: ['gold'] },
      ],
    });
    const tocked = follow(log, { events: [Tocked] });
    const gold = follow(log, { query: { tags: ['gold'] } });
    const nothing = follow(log, { events: [Tocked], query: { categories: ['watch'] } });
    const all = [tocked, gold, nothing];
    await Promise.all(all.map(({ subscription }) => subscription.caughtUp()));
    expect(all.map(({ seen }) => seen())).toEqual([[2], [3], []]);
    const { position } = await log.append('clock-1', ticks(1));
    await Promise.all(all.map(({ subscription }) => subscription.waitFor(position, '5s')));
    expect(all.map(({ seen }) => seen())).toEqual([[2], [3], []]);
    expect(nothing.subscription.position).toBe(4);
  });

  it('hands out the next batch only when the handler is done with the one before', async () => {
    await log.append('clock-1', ticks(9));
    const running: string[] = [];
    const subscription = log.subscribe({ batchSize: 3 }, async (events) => {
      running.push(`begin ${events[0]?.position}`);
      for (let turn = 0; turn < 5; turn++) await setImmediate();
      running.push(`end ${events[0]?.position}`);
    });
    await subscription.caughtUp();
    expect(running).toEqual(['begin 1', 'end 1', 'begin 4', 'end 4', 'begin 7', 'end 7']);
  });

  it('ends when its handler fails, says so, and has not moved past the batch', async () => {
    await log.append('clock-1', ticks(5));
    const errors: unknown[] = [];
    const failure = new Error('no');
    const subscription = log.subscribe({ batchSize: 2, onError: (error) => errors.push(error) }, (events) => {
      if (events[0]?.position === 3) throw failure;
    });
    const waiting = subscription.waitFor(5);
    await expect(waiting).rejects.toMatchObject({ code: 'CATGA_SUBSCRIPTION_ENDED', cause: failure });
    await expect(subscription.closed).rejects.toBe(failure);
    expect(errors).toEqual([failure]);
    expect(subscription).toMatchObject({ position: 2, live: false });
    await expect(subscription.caughtUp()).rejects.toMatchObject({ code: 'CATGA_SUBSCRIPTION_ENDED' });
    await expect(subscription.waitFor(2)).resolves.toBeUndefined();
  });

  it('ends at an event of an unknown type, or passes over it, as it was told', async () => {
    await log.append('clock-1', [new Ticked(1), new UnknownHere(), new Ticked(2)]);
    const other = new EventLog(store, new EventRegistry(store).register(Ticked));
    const errors: unknown[] = [];
    const strict = follow(other, { batchSize: 1, onError: (error) => errors.push(error) });
    const lenient = follow(other, { unknown: 'skip' });
    await expect(strict.subscription.closed).rejects.toMatchObject({ code: 'CATGA_UNKNOWN_EVENT_TYPE' });
    await lenient.subscription.caughtUp();
    expect([strict.seen(), lenient.seen(), errors.length]).toEqual([[1], [1, 3], 1]);
    expect(lenient.subscription.position).toBe(3);
    await lenient.subscription.stop();
  });

  it('refuses to follow a log that ends before its checkpoint', async () => {
    await log.append('clock-1', ticks(2));
    const { subscription } = follow(log, { after: 7, onError: () => undefined });
    await expect(subscription.closed).rejects.toMatchObject({
      code: 'CATGA_LOG_BEHIND',
      details: { checkpoint: 7, last: 2 },
    });
  });

  it('sees every event once and in order while many writers append', async () => {
    const subscriptions = [1, 7, 500].map((batchSize) => follow(log, { batchSize }));
    const writers = Array.from({ length: 4 }, async (_, writer) => {
      for (let n = 0; n < 40; n++) {
        await log.append(`clock-${writer}`, ticks(1 + (n % 3)));
        if (n % 10 === writer) await setImmediate();
      }
    });
    const late = follow(log, { batchSize: 5 });
    await Promise.all(writers);
    const { position } = await log.readAll({ after: 0, limit: 1_000 });
    for (const { subscription } of [...subscriptions, late]) await subscription.waitFor(position, '10s');
    const all = Array.from({ length: position }, (_, index) => index + 1);
    expect(position).toBe(4 * (14 + 13 * 2 + 13 * 3));
    for (const { seen } of [...subscriptions, late]) expect(seen()).toEqual(all);
  });

  it('tells who waits too long how far it is, and goes on', async () => {
    const { subscription } = follow(log);
    await subscription.caughtUp();
    await expect(subscription.waitFor(1, 20)).rejects.toMatchObject({
      code: 'CATGA_SUBSCRIPTION_TIMEOUT',
      details: { wanted: 1, position: 0, timeout: 20 },
    });
    const { position } = await log.append('clock-1', ticks(1));
    await subscription.waitFor(position);
    const [failure] = await Promise.all([
      subscription.waitFor(99).catch((error: unknown) => error),
      subscription.stop(),
    ]);
    expect(failure).toMatchObject({ code: 'CATGA_SUBSCRIPTION_ENDED' });
  });

  it('refuses options that it does not know or cannot use', () => {
    const wrong = (options: object) => () => log.subscribe(options, () => undefined);
    expect(wrong({ batchsize: 3 })).toThrow(expect.objectContaining({ code: 'CATGA_UNKNOWN_OPTION' }));
    expect(wrong({ batchSize: 0 })).toThrow(expect.objectContaining({ code: 'CATGA_INVALID_OPTION' }));
    expect(wrong({ after: 'begin' })).toThrow(expect.objectContaining({ code: 'CATGA_INVALID_OPTION' }));
    expect(wrong({ after: -1 })).toThrow(expect.objectContaining({ code: 'CATGA_INVALID_OPTION' }));
  });
});

describe('a subscription while the store is away', () => {
  /** A store whose reads fail while it is away. */
  class FlakyStore extends MemoryStore {
    away = false;
    failed = 0;
    reads = 0;

    override readAll(options?: ReadAllOptions): Promise<LogPage> {
      this.reads++;
      if (!this.away) return super.readAll(options);
      this.failed++;
      return Promise.reject(new StoreUnavailableError('connection', 'away'));
    }
  }

  let subscription: Subscription;
  afterEach(() => subscription.stop());

  it('waits for it, loses nothing and gives nothing twice', async () => {
    const store = new FlakyStore();
    const log = new EventLog(store, new EventRegistry(store));
    await log.append('clock-1', ticks(2));
    store.away = true;
    const seen: number[] = [];
    subscription = log.subscribe({ retryDelay: 5, batchSize: 1 }, (events: readonly RecordedEvent[]) => {
      seen.push(...events.map(({ position }) => position));
    });
    while (store.failed < 3) await setImmediate();
    expect(seen).toEqual([]);
    store.away = false;
    await subscription.caughtUp();
    expect(seen).toEqual([1, 2]);
    store.away = true;
    await log.append('clock-1', ticks(1));
    while (store.failed < 6) await setImmediate();
    store.away = false;
    await subscription.waitFor(3, '5s');
    expect(seen).toEqual([1, 2, 3]);
  });

  it('can be stopped while it waits, at once', async () => {
    const store = new FlakyStore();
    const log = new EventLog(store, new EventRegistry(store));
    store.away = true;
    subscription = log.subscribe({ retryDelay: '1h' }, () => undefined);
    while (store.failed < 1) await setImmediate();
    await subscription.stop();
    await expect(subscription.closed).resolves.toBeUndefined();
  });

  it('does not look for events while nothing is appended', async () => {
    const store = new FlakyStore();
    const log = new EventLog(store, new EventRegistry(store));
    subscription = log.subscribe({}, () => undefined);
    await subscription.caughtUp();
    const { reads } = store;
    for (let turn = 0; turn < 20; turn++) await setImmediate();
    expect(store.reads).toBe(reads);
    await log.append('clock-1', ticks(1));
    await subscription.waitFor(1);
    expect(store.reads).toBe(reads + 1);
  });
});
