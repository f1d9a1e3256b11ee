import {
  Event,
  EventLog,
  EventRegistry,
  EventTags,
  RawEvent,
  RecordedEvent,
  type CommitParticipant,
  type RecordWrite,
  type Store,
} from '@catga/core';
import { closeStores, openStore, STORES } from './support/stores.js';

@Event('account-opened')
@EventTags<AccountOpened>((event) => [`owner:${event.owner}`])
class AccountOpened {
  constructor(
    readonly owner: string,
    readonly openedOn: Date,
  ) {}
}

@Event('money-deposited')
class MoneyDeposited {
  constructor(readonly amount: bigint) {}

  get isLarge(): boolean {
    return this.amount > 1_000n;
  }
}

@Event('account-closed')
class AccountClosed {
  readonly reason = 'asked for';
}

@Event('never-registered')
class NeverRegistered {}

const opened = () => new AccountOpened('ann', new Date('2026-01-02T03:04:05Z'));

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => 'no error',
    (error: { code?: unknown }) => error.code,
  );
}

afterAll(closeStores);

describe.each(STORES)('an event log on $name', (kind) => {
  let store: Store;
  let log: EventLog;

  beforeEach(async () => {
    store = await openStore(kind);
    log = new EventLog(store, new EventRegistry(store));
  });

  it('gives back instances of the classes, with everything in them, where and when they were recorded', async () => {
    const before = Date.now();
    await log.append('account-1', [opened(), new MoneyDeposited(2_000n)], { expectedVersion: 'no-stream' });
    const result = await log.append('account-1', [new AccountClosed()], { expectedVersion: 2 });
    expect(result).toEqual({ version: 3, position: 3, repeated: false });
    const events = await log.read('account-1');
    expect(events.map(({ event }) => event)).toEqual([opened(), new MoneyDeposited(2_000n), new AccountClosed()]);
    expect(events[0]?.event).toBeInstanceOf(AccountOpened);
    expect(events[1]?.event).toHaveProperty('isLarge', true);
    expect(events.map(({ stream, version, position, type }) => [stream, version, position, type])).toEqual([
      ['account-1', 1, 1, 'account-opened'],
      ['account-1', 2, 2, 'money-deposited'],
      ['account-1', 3, 3, 'account-closed'],
    ]);
    for (const { at } of events) {
      expect(at).toBeGreaterThanOrEqual(before - 1_000);
      expect(at).toBeLessThanOrEqual(Date.now());
    }
  });

  it('finds what another program has written, once it knows the classes', async () => {
    await log.append('account-1', [opened(), new MoneyDeposited(5n)]);
    const other = new EventLog(store, new EventRegistry(store).register(AccountOpened, MoneyDeposited));
    expect((await other.read('account-1')).map(({ event }) => event)).toEqual([opened(), new MoneyDeposited(5n)]);
  });

  it('keeps who and what caused an event, and gives every event an id of its own', async () => {
    const context = {
      messageId: 'm1',
      correlationId: 'c1',
      tenant: 'acme',
      traceparent: '00-1',
      headers: { region: 'eu' },
      signal: new AbortController().signal,
    };
    await log.append('account-1', [opened(), new AccountClosed()], {
      context,
      metadata: { user: 'bob', headers: { shift: 'night' } },
    });
    await log.append('account-1', [new AccountClosed()], {
      context,
      metadata: { causationId: 'own', tenant: 'other' },
    });
    await log.append('account-2', [opened()]);
    const [first, second, third] = await log.read('account-1');
    expect(first?.metadata).toEqual({
      eventId: first?.id,
      schemaVersion: 1,
      correlationId: 'c1',
      causationId: 'm1',
      tenant: 'acme',
      user: 'bob',
      traceparent: '00-1',
      headers: { region: 'eu', shift: 'night' },
    });
    expect(third?.metadata).toMatchObject({ causationId: 'own', tenant: 'other', correlationId: 'c1' });
    const [bare] = await log.read('account-2');
    expect(bare?.metadata).toEqual({ eventId: bare?.id, schemaVersion: 1, headers: {} });
    expect(new Set([first?.id, second?.id, third?.id, bare?.id]).size).toBe(4);
    expect(first?.id).toMatch(/^\w{10,}$/);
  });

  it('gives each event one id for good, whoever wrote it, reads it or is told of it before', async () => {
    const registry = () => new EventRegistry(store).register(AccountOpened, MoneyDeposited, AccountClosed);
    const others = [new EventLog(store, registry()), new EventLog(store, registry())] as const;
    const told: string[] = [];
    others[1].addParticipant({
      name: 'listener',
      wants: () => true,
      prepare: (events): readonly RecordWrite[] => {
        told.push(...events.map(({ id }) => id));
        return [];
      },
    });
    const metadata = { user: 'bob' };
    await log.append('account-1', [new AccountClosed(), new AccountClosed(), opened()]);
    await log.append('account-2', [new AccountClosed(), new MoneyDeposited(1n)], { metadata });
    await log.append('account-2', [new AccountClosed()], { metadata });
    await others[0].append('account-2', [new AccountClosed()]);
    await others[0].append('account-2', [new AccountClosed()], { id: 'once' });
    await others[1].append('account-3', [new AccountClosed(), new AccountClosed()]);
    const { events } = await log.readAll();
    const ids = events.map(({ id }) => id);
    expect(new Set(ids).size).toBe(10);
    expect(ids.slice(-2)).toEqual(told);
    for (const reader of others) expect((await reader.readAll()).events.map(({ id }) => id)).toEqual(ids);
    expect((await log.read('account-2')).map(({ id }) => id)).toEqual(ids.slice(3, 8));
    expect(events.map((event) => event.metadata.user)).toEqual(
      events.map(({ position }) => (position >= 4 && position <= 6 ? 'bob' : undefined)),
    );
    await log.purge('account-1');
    await log.append('account-1', [new AccountClosed()]);
    expect(ids).not.toContain((await log.read('account-1'))[0]?.id);
  });

  it('holds writers to what they expect of a stream, and writes nothing when it does not hold', async () => {
    await log.append('account-1', [opened()]);
    const late = log.append('account-1', [new AccountClosed()], { expectedVersion: 0 });
    await expect(late).rejects.toMatchObject({ code: 'CATGA_VERSION_CONFLICT', expected: 0, actual: 1 });
    expect(await codeOf(log.append('account-1', [opened()], { expectedVersion: 'no-stream' }))).toBe(
      'CATGA_VERSION_CONFLICT',
    );
    expect(await codeOf(log.append('account-2', [opened()], { expectedVersion: 'stream-exists' }))).toBe(
      'CATGA_VERSION_CONFLICT',
    );
    const both = log.commit({
      appends: [
        { stream: 'account-1', events: [new AccountClosed()], expectedVersion: 1 },
        { stream: 'account-2', events: [opened()], expectedVersion: 1 },
      ],
      records: [{ collection: 'owners', key: 'ann', value: 'x' }],
    });
    expect(await codeOf(both)).toBe('CATGA_VERSION_CONFLICT');
    expect((await log.readAll()).events).toHaveLength(1);
    expect(await store.getRecord('owners', 'ann')).toBeUndefined();
  });

  it('commits events of several streams and records as one', async () => {
    const result = await log.commit({
      appends: [
        { stream: 'account-1', events: [opened(), new AccountClosed()], expectedVersion: 'no-stream' },
        { stream: 'account-2', events: [opened()] },
      ],
      records: [{ collection: 'owners', key: 'ann', value: 'x', ifVersion: 0 }],
    });
    expect(result).toEqual({ position: 3, versions: [2, 1], recordVersions: [1], repeated: false });
    expect((await log.readAll()).events.map(({ stream }) => stream)).toEqual(['account-1', 'account-1', 'account-2']);
  });

  it('answers a repeated append with the first answer and writes nothing', async () => {
    const first = await log.append('account-1', [opened()], { id: 'request-1', expectedVersion: 'no-stream' });
    await log.append('account-1', [new AccountClosed()]);
    const again = await log.append('account-1', [opened()], { id: 'request-1', expectedVersion: 'no-stream' });
    expect(first).toEqual({ version: 1, position: 1, repeated: false });
    expect(again).toEqual({ version: 1, position: 1, repeated: true });
    expect(await log.read('account-1')).toHaveLength(2);
  });

  it('lets a decision stand only while no newer event touches what it was made from', async () => {
    await log.append('account-1', [opened()]);
    const query = { tags: ['owner:ann'] };
    const { position } = await log.readAll({ query });
    await log.append('account-2', [new AccountClosed()], { conditions: [{ query, after: position }] });
    await log.append('account-3', [opened()]);
    const late = log.append('account-4', [opened()], { conditions: [{ query, after: position }] });
    expect(await codeOf(late)).toBe('CATGA_APPEND_CONDITION');
    expect(await log.read('account-4')).toEqual([]);
  });

  it('reads a stream forward, backward, by range and by time, whole or in pages', async () => {
    for (let amount = 1n; amount <= 7n; amount++) await log.append('account-1', [new MoneyDeposited(amount)]);
    const amounts = (events: readonly RecordedEvent[]) =>
      events.map(({ event }) => Number((event as MoneyDeposited).amount));
    expect(amounts(await log.read('account-1', { from: 3, to: 5 }))).toEqual([3, 4, 5]);
    expect(amounts(await log.read('account-1', { direction: 'backward', limit: 2 }))).toEqual([7, 6]);
    const { at } = (await log.read('account-1', { from: 7 }))[0] as RecordedEvent;
    expect(await log.read('account-1', { since: at + 60_000 })).toEqual([]);
    expect(amounts(await log.read('account-1', { until: at }))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    const collect = async (events: AsyncIterable<RecordedEvent>) => {
      const all: RecordedEvent[] = [];
      for await (const event of events) all.push(event);
      return amounts(all);
    };
    expect(await collect(log.iterate('account-1', { pageSize: 2 }))).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await collect(log.iterate('account-1', { pageSize: 7, from: 2, to: 4 }))).toEqual([2, 3, 4]);
    expect(await collect(log.iterate('account-1', { pageSize: 3, direction: 'backward' }))).toEqual([
      7, 6, 5, 4, 3, 2, 1,
    ]);
    expect(await collect(log.iterateAll({ pageSize: 3, after: 1 }))).toEqual([2, 3, 4, 5, 6, 7]);
    expect(await collect(log.iterateAll({ pageSize: 3, direction: 'backward' }))).toEqual([7, 6, 5, 4, 3, 2, 1]);
    const replayed: number[] = [];
    const last = await log.replay('account-1', (_event, version) => replayed.push(version), { from: 2, to: 6 });
    expect([last, replayed]).toEqual([6, [2, 3, 4, 5, 6]]);
    expect(await log.replay('nothing-1', () => replayed.push(0))).toBe(0);
    replayed.length = 0;
    expect(await log.replay('account-1', (_event, version) => replayed.push(version), { from: 6 })).toBe(7);
    expect(replayed).toEqual([6, 7]);
    expect(await log.replay('account-1', () => replayed.push(0), { from: 8 })).toBe(7);
  });

  it('gives a history as it is, also when a part of it was truncated or stored by somebody else', async () => {
    await log.append('account-1', [opened(), new MoneyDeposited(1n), new AccountClosed(), new MoneyDeposited(2n)]);
    await log.truncate('account-1', 3);
    const stored = await log.read('account-1');
    const { events, first, payloads, timeOf } = await log.history('account-1');
    expect(events).toEqual([new AccountClosed(), new MoneyDeposited(2n)]);
    expect(first).toMatchObject({ version: 3, position: 3 });
    expect(payloads).toHaveLength(2);
    expect([timeOf(0), timeOf(1)]).toEqual(stored.map(({ at }) => at));
    expect(await log.history('account-1', 5)).toMatchObject({ events: [], first: undefined });
    expect(await log.history('nothing-1')).toMatchObject({ events: [], first: undefined });
    const data = store.capabilities.payload === 'encoded' ? '{"reason":"theirs"}' : { reason: 'theirs' };
    const foreign = { stream: 'account-1', expectedVersion: 4, events: [{ type: 'account-closed', data }] };
    await store.commit({ appends: [foreign] });
    const [last] = (await log.history('account-1', 5)).events;
    expect(last).toBeInstanceOf(AccountClosed);
    expect(last).toEqual({ reason: 'theirs' });
    const strangers = new EventLog(store, new EventRegistry(store));
    expect(await codeOf(strangers.history('account-1'))).toBe('CATGA_UNKNOWN_EVENT_TYPE');
    await log.delete('account-1');
    expect((await log.history('account-1')).events).toEqual([]);
  });

  it('reads of all streams what is asked for, and says how far it has looked', async () => {
    await log.append('account-1', [opened()], { tags: ['vip'] });
    await log.append('shop-1', [new AccountClosed(), new MoneyDeposited(1n)]);
    const types = async (selection: Parameters<EventLog['readAll']>[0]) => {
      const page = await log.readAll(selection);
      return [page.events.map(({ position }) => position), page.position];
    };
    expect(await types({ events: [MoneyDeposited] })).toEqual([[3], 3]);
    expect(await types({ events: [AccountOpened, AccountClosed], query: { categories: ['shop'] } })).toEqual([[2], 3]);
    expect(await types({ query: { tags: ['vip', 'owner:ann'] } })).toEqual([[1], 3]);
    expect(await types({ query: { tags: ['nobody'] } })).toEqual([[], 3]);
    expect(await types({ limit: 2 })).toEqual([[1, 2], 2]);
    const [first] = (await log.readAll({ query: { tags: ['vip'] } })).events;
    expect(first?.tags).toEqual(['owner:ann', 'vip']);
  });

  it('truncates, archives, hides, brings back and removes a stream', async () => {
    await log.append('account-1', [opened(), new MoneyDeposited(1n), new AccountClosed()]);
    await log.truncate('account-1', 3, { expectedVersion: 3 });
    expect((await log.read('account-1')).map(({ version }) => version)).toEqual([3]);
    expect(await log.stream('account-1')).toEqual({
      stream: 'account-1',
      version: 3,
      firstVersion: 3,
      state: 'open',
    });
    await log.archive('account-1');
    expect(await codeOf(log.append('account-1', [new AccountClosed()]))).toBe('CATGA_STREAM_CLOSED');
    expect([(await log.read('account-1')).length, (await log.readAll()).events.length]).toEqual([1, 0]);
    await log.delete('account-1');
    expect(await log.read('account-1')).toEqual([]);
    expect((await log.readAll({ closed: true })).events).toHaveLength(1);
    await log.restore('account-1');
    expect(await log.append('account-1', [new AccountClosed()], { expectedVersion: 3 })).toMatchObject({ version: 4 });
    await expect(log.delete('account-1', { expectedVersion: 3 })).rejects.toMatchObject({
      code: 'CATGA_VERSION_CONFLICT',
    });
    await log.purge('account-1');
    expect(await log.stream('account-1')).toBeUndefined();
    expect(await log.append('account-1', [opened()])).toMatchObject({ version: 1 });
  });

  it('throws at an unknown type and names where it is, or leaves it out, or gives it raw, as the reader wants', async () => {
    await log.append('account-1', [opened(), new NeverRegistered(), new MoneyDeposited(3n)]);
    const other = new EventLog(store, new EventRegistry(store).register(AccountOpened, MoneyDeposited));
    const failure = other.read('account-1');
    await expect(failure).rejects.toMatchObject({
      code: 'CATGA_UNKNOWN_EVENT_TYPE',
      type: 'never-registered',
      details: { stream: 'account-1', version: 2, position: 2 },
    });
    expect((await other.read('account-1', { unknown: 'skip' })).map(({ version }) => version)).toEqual([1, 3]);
    const raw = await other.read('account-1', { unknown: 'raw' });
    expect(raw[1]?.event).toBeInstanceOf(RawEvent);
    expect(raw[1]?.event).toMatchObject({ type: 'never-registered', schemaVersion: 1, data: {} });
    expect(await codeOf(other.readAll())).toBe('CATGA_UNKNOWN_EVENT_TYPE');
  });

  it('keeps journals of processes out of the events of the application, and appends out of the journals', async () => {
    const data = store.capabilities.payload === 'encoded' ? '{}' : {};
    const events = [{ type: 'ProcessStarted', data }];
    await store.commit({ appends: [{ stream: 'process-P:1', expectedVersion: 'any', events }] });
    await log.append('account-1', [opened()]);
    expect(await log.readAll()).toMatchObject({ events: [{ stream: 'account-1' }], position: 2 });
    expect((await log.readAll({ unknown: 'raw' })).events).toHaveLength(2);
    expect(await codeOf(log.append('process-P:1', [opened()]))).toBe('CATGA_RESERVED_STREAM');
  });

  it('refuses what is no event, and a value that cannot be stored, before anything is written', async () => {
    for (const wrong of [{ plain: true }, [], null, 'text', Object.create(null)]) {
      expect(await codeOf(log.append('account-1', [opened(), wrong as object]))).toBe('CATGA_NOT_AN_EVENT');
    }
    class Impostor {}
    Event('account-opened')(Impostor);
    await log.append('account-2', [opened()]);
    expect(await codeOf(log.append('account-1', [new Impostor()]))).toBe('CATGA_EVENT_TYPE_CONFLICT');
    expect(await log.read('account-1')).toEqual([]);
  });

  describe('with participants', () => {
    /** Counts events of each owner in one record, as an inline projection does. */
    class Counter implements CommitParticipant {
      readonly name = 'counter';
      readonly seen: (readonly [string, number, number])[] = [];
      before: (() => Promise<unknown>) | undefined;

      wants(type: string): boolean {
        return type !== 'account-closed';
      }

      async prepare(events: readonly RecordedEvent[]): Promise<readonly RecordWrite[]> {
        for (const { type, version, at } of events) this.seen.push([type, version, at]);
        const record = await store.getRecord('counts', 'all');
        await this.before?.();
        const value = String(Number(record?.value ?? 0) + events.length);
        return [{ collection: 'counts', key: 'all', value, ifVersion: record?.version ?? 0 }];
      }
    }

    it('writes their records in the commit of the events, or neither', async () => {
      const counter = new Counter();
      const remove = log.addParticipant(counter);
      const before = await store.now();
      await log.append('account-1', [opened(), new AccountClosed(), new MoneyDeposited(1n)]);
      expect((await store.getRecord('counts', 'all'))?.value).toBe('2');
      expect(counter.seen.map(([type, version]) => [type, version])).toEqual([
        ['account-opened', 1],
        ['money-deposited', 3],
      ]);
      const [{ at } = { at: 0 }] = await log.read('account-1');
      expect(counter.seen[0]?.[2]).toBe(at);
      expect(at).toBeGreaterThanOrEqual(before);
      const result = await log.commit({
        appends: [{ stream: 'account-1', events: [new MoneyDeposited(2n)], expectedVersion: 3 }],
        records: [{ collection: 'own', key: 'a', value: 'x' }],
      });
      expect(result).toMatchObject({ versions: [4], recordVersions: [1] });
      expect(await codeOf(log.append('account-1', [new MoneyDeposited(1n)], { expectedVersion: 3 }))).toBe(
        'CATGA_VERSION_CONFLICT',
      );
      expect((await store.getRecord('counts', 'all'))?.value).toBe('3');
      counter.before = () => Promise.reject(new Error('no'));
      await expect(log.append('account-1', [new MoneyDeposited(1n)])).rejects.toThrow('no');
      expect(await log.stream('account-1')).toMatchObject({ version: 4 });
      await log.append('account-1', [new AccountClosed()]);
      remove();
      await log.append('account-1', [new MoneyDeposited(1n)]);
      expect((await store.getRecord('counts', 'all'))?.value).toBe('3');
    });

    it('tries again when another commit was faster, and loses nothing', async () => {
      const counter = new Counter();
      log.addParticipant(counter);
      await Promise.all(
        Array.from({ length: 12 }, (_, index) => log.append(`account-${index % 3}`, [new MoneyDeposited(1n)])),
      );
      expect((await store.getRecord('counts', 'all'))?.value).toBe('12');
      const versions = await Promise.all([0, 1, 2].map((index) => log.stream(`account-${index}`)));
      expect(versions.map((info) => info?.version)).toEqual([4, 4, 4]);
    });
  });
});
