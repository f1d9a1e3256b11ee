import { MemoryStore, VersionConflictError, type NewEvent } from '@catga/core';
import { MemoryCollection } from '../../src/store/memory/memory-collection.js';
import { referencePolicy } from '../../src/store/memory/payload-policy.js';

const event = (type: string, data: unknown = {}): NewEvent => ({ type, data });

/** What the conformance suite of `@catga/testing` cannot say, because only this store does it. */
describe('MemoryStore', () => {
  it('answers commits at once and throws conflicts at once', () => {
    const store = new MemoryStore();
    const result = store.commit({ appends: [{ stream: 's', expectedVersion: 'no-stream', events: [event('a')] }] });
    expect(result).toEqual({ position: 1, versions: [1], recordVersions: [] });
    expect(() => store.commit({ appends: [{ stream: 's', expectedVersion: 'no-stream', events: [] }] })).toThrow(
      VersionConflictError,
    );
  });

  describe('in reference mode', () => {
    it('gives back the very objects it was given', async () => {
      const store = new MemoryStore({ mode: 'reference' });
      const data = { when: new Date() };
      store.commit({
        appends: [{ stream: 's', expectedVersion: 'any', events: [event('a', data)] }],
        records: [{ collection: 'c', key: 'k', value: data }],
      });
      expect((await store.readStream('s'))[0]?.data).toBe(data);
      expect((await store.getRecord('c', 'k'))?.value).toBe(data);
    });

    it('freezes data in depth, and leaves objects with behaviour alone', () => {
      class Dto {
        constructor(public items: number[]) {}
      }
      class Service {
        calls = 0;
        call(): void {
          this.calls++;
        }
      }
      const service = new Service();
      const data = {
        list: [{ n: 1 }],
        dto: new Dto([1]),
        map: new Map([['k', { n: 1 }]]),
        service,
        bytes: Buffer.from('x'),
      };
      const store = new MemoryStore({ mode: 'reference', freeze: true });
      store.commit({ appends: [{ stream: 's', expectedVersion: 'any', events: [event('a', data)] }] });
      expect(() => data.list.push({ n: 2 })).toThrow(TypeError);
      expect(() => ((data.list[0] as { n: number }).n = 2)).toThrow(TypeError);
      expect(() => data.dto.items.push(2)).toThrow(TypeError);
      expect(() => ((data.map.get('k') as { n: number }).n = 2)).toThrow(TypeError);
      service.call();
      data.bytes[0] = 1;
      expect(service.calls).toBe(1);
    });

    it('freezes nothing when told not to', () => {
      const data = { n: 1 };
      new MemoryStore({ freeze: false }).commit({ records: [{ collection: 'c', key: 'k', value: data }] });
      data.n = 2;
      expect(data.n).toBe(2);
    });

    it('survives cyclic data', () => {
      const data: { self?: unknown } = {};
      data.self = data;
      new MemoryStore({ freeze: true }).commit({ records: [{ collection: 'c', key: 'k', value: data }] });
      expect(Object.isFrozen(data)).toBe(true);
    });
  });

  describe('direct streams', () => {
    const direct = (store: MemoryStore, name: string) => {
      if (store.openDirect === undefined) throw new Error('not offered');
      return store.openDirect(name);
    };

    it('are offered in reference mode only', () => {
      expect(new MemoryStore({ mode: 'copy' }).openDirect).toBeUndefined();
    });

    it('push events that are read back with version, position and time', async () => {
      const store = new MemoryStore({ clock: { now: () => 77, monotonic: () => 0 } });
      const stream = direct(store, 's');
      stream.push(event('a'));
      stream.push({ type: 'b', data: 1, metadata: 'm', at: 5 });
      expect(stream.version).toBe(2);
      expect(await store.readStream('s')).toEqual([
        { stream: 's', version: 1, position: 1, type: 'a', data: {}, at: 77 },
        { stream: 's', version: 2, position: 2, type: 'b', data: 1, metadata: 'm', at: 5 },
      ]);
    });

    it('mix with commits in one global order, whether the order is first read before or after', async () => {
      const store = new MemoryStore();
      const one = direct(store, 'one');
      const two = direct(store, 'two');
      const round = (type: string): void => {
        one.push(event(type));
        store.commit({ appends: [{ stream: 'three', expectedVersion: 'any', events: [event(type)] }] });
        two.push(event(type));
        store.commit({ appends: [{ stream: 'one', expectedVersion: 'any', events: [event(type)] }] });
      };
      round('first');
      expect((await store.readAll()).events.map((e) => `${e.stream}${e.version}`)).toEqual([
        'one1',
        'three1',
        'two1',
        'one2',
      ]);
      round('second');
      const { events: all } = await store.readAll();
      expect(all.map((e) => e.position)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
      expect(all.slice(4).map((e) => `${e.stream}${e.version}`)).toEqual(['one3', 'three2', 'two2', 'one4']);
      expect(one.version).toBe(4);
    });

    it('refuse a stream that has events', () => {
      const store = new MemoryStore();
      direct(store, 's').push(event('a'));
      expect(() => direct(store, 's')).toThrow(VersionConflictError);
    });

    it('of a deleted stream go on without being seen', async () => {
      const store = new MemoryStore();
      const stream = direct(store, 's');
      stream.push(event('a'));
      await store.readAll();
      store.commit({ deleteStreams: ['s'] });
      stream.push(event('b'));
      expect((await store.readAll()).events).toEqual([]);
      expect(await store.readStream('s')).toEqual([]);
    });

    it('wake listeners', async () => {
      const store = new MemoryStore();
      const stream = direct(store, 's');
      const notice = new Promise((resolve) => store.onCommit(resolve));
      stream.push(event('a'));
      expect(await notice).toEqual({ streams: ['s'], collections: [] });
    });
  });

  it('keeps the global order right while thousands of streams come and go', async () => {
    const store = new MemoryStore({ freeze: false });
    await store.readAll();
    for (let round = 0; round < 5_000; round++) {
      store.commit({
        appends: [{ stream: `s${round}`, expectedVersion: 'no-stream', events: [event('a'), event('b')] }],
      });
      if (round >= 10) store.commit({ deleteStreams: [`s${round - 10}`] });
    }
    const { events: all } = await store.readAll();
    expect(all).toHaveLength(20);
    expect(all.map((e) => e.position)).toEqual(Array.from({ length: 20 }, (_, index) => 9_981 + index));
  });

  it('gives the payloads of a stream as they are at that moment, whatever happens to the stream while they are read', () => {
    const store = new MemoryStore({ freeze: false });
    const append = (data: readonly string[]) =>
      store.commit({
        appends: [
          { stream: 's', expectedVersion: 'any', events: data.map((one, at) => ({ ...event(one), data: one, at })) },
        ],
      });
    append(['a', 'b', 'c']);
    const view = store.readPayloads?.('s', 2);
    append(['d']);
    const later = store.readPayloads?.('s', 1);
    store.commit({ streams: [{ stream: 's', truncateBefore: 4 }] });
    store.commit({ deleteStreams: ['s'] });
    append(['x', 'y', 'z']);
    const all = (found: typeof view) =>
      Array.from({ length: found?.length ?? 0 }, (_, index) => [found?.at(index), found?.timeOf(index)]);
    expect(view).toMatchObject({ version: 2, position: 2 });
    expect(all(view)).toEqual([
      ['b', 1],
      ['c', 2],
    ]);
    expect(all(later)).toEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['d', 0],
    ]);
    expect(store.readPayloads?.('s', 4)).toBeUndefined();
  });

  it('drops expired records without being asked for them', () => {
    const collection = new MemoryCollection('c', referencePolicy(false));
    let largest = 0;
    for (let now = 0; now < 100_000; now++) {
      collection.write({ collection: 'c', key: `k${now}`, value: now, expiresAt: now + 10 }, now, now);
      largest = Math.max(largest, collection.size);
    }
    expect(largest).toBeLessThanOrEqual(1_000);
    expect(collection.find({ collection: 'c' }, 100_000).records).toHaveLength(9);
  });
});
