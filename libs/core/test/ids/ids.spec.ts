import { Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CatgaModule,
  MemoryStore,
  SnowflakeIds,
  UuidV7Generator,
  uuidv7,
  WorkerLease,
  type CommitBatch,
  type StoreCapabilities,
} from '@catga/core';
import { TextIdGenerator } from '../../src/foundation/index.js';

const EPOCH = 1_704_067_200_000;
const NOON = Date.UTC(2026, 10, 22, 12);

/** A clock that goes where a test wants it. */
function clock(start = NOON) {
  let time = start;
  const now = () => time;
  return Object.assign(now, { set: (to: number) => (time = to), move: (by: number) => (time += by) });
}
const timeOf = (id: bigint) => Number(id >> 22n) + EPOCH;
const workerOf = (id: bigint) => Number((id >> 12n) & 1023n);

describe('SnowflakeIds', () => {
  it('hold time, worker and sequence, ascend, and fit into 63 bits', () => {
    const now = clock();
    const ids = new SnowflakeIds({ workerId: 7, now });
    const first = ids.next();
    const second = ids.next();
    expect(timeOf(first)).toBe(NOON);
    expect(workerOf(first)).toBe(7);
    expect(second).toBe(first + 1n);
    now.move(1);
    expect(ids.next()).toBe(first + (1n << 22n));
    expect(BigInt(ids.nextText())).toBeLessThan(1n << 63n);
  });

  it('borrow from the milliseconds ahead when one is full', () => {
    const ids = new SnowflakeIds({ workerId: 0, now: clock() });
    const made = Array.from({ length: 10_000 }, () => ids.next());
    expect(new Set(made).size).toBe(10_000);
    expect(timeOf(made.at(-1) as bigint)).toBe(NOON + 2);
  });

  it('go on ascending when the clock goes back a little, and refuse when it goes back far', () => {
    const now = clock();
    const ids = new SnowflakeIds({ workerId: 0, now });
    const before = ids.next();
    now.move(-3_000);
    const after = ids.next();
    expect(after).toBeGreaterThan(before);
    now.move(-3_000);
    expect(() => ids.next()).toThrow(expect.objectContaining({ code: 'CATGA_CLOCK_ROLLBACK' }));
    now.set(NOON + 1);
    expect(ids.next()).toBeGreaterThan(after);
  });

  it('refuse before there is a worker id, and with one that cannot be', () => {
    expect(() => new SnowflakeIds().next()).toThrow(expect.objectContaining({ code: 'CATGA_IDS_NOT_READY' }));
    for (const workerId of [-1, 1024, 1.5, Number.NaN]) {
      expect(() => new SnowflakeIds({ workerId })).toThrow(expect.objectContaining({ code: 'CATGA_INVALID_OPTION' }));
    }
  });
});

describe('WorkerLease', () => {
  it('gives every node a worker id of its own, the lowest that is free', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const leases = await Promise.all([WorkerLease.take(store), WorkerLease.take(store), WorkerLease.take(store)]);
    expect(new Set(leases.map((lease) => lease.range.workerId))).toEqual(new Set([0, 1, 2]));
    await leases.find((lease) => lease.range.workerId === 1)?.release(Date.now() - 1);
    expect((await WorkerLease.take(store)).range.workerId).toBe(1);
  });

  it('fences a frozen owner by time: old and new owner of a worker id can never make the same id', async () => {
    const time = clock();
    const store = new MemoryStore({ mode: 'copy', clock: { now: time, monotonic: time } });
    const frozen = await WorkerLease.take(store, time);
    const frozenIds = new SnowflakeIds({ now: time });
    frozenIds.useRange(frozen.range);
    const old = Array.from({ length: 100 }, () => frozenIds.next());
    // It sleeps past its lease; somebody else takes the worker id.
    time.move(300_001);
    const heir = await WorkerLease.take(store, time);
    const heirIds = new SnowflakeIds({ now: time });
    heirIds.useRange(heir.range);
    expect(heir.range.workerId).toBe(frozen.range.workerId);
    const fresh = Array.from({ length: 100 }, () => heirIds.next());
    expect(() => frozenIds.next()).toThrow(expect.objectContaining({ code: 'CATGA_WORKER_ID_LOST' }));
    expect(await frozen.renew(time())).toBe(false);
    // Even with a clock that has gone back to when the lease was its own, it stays below what the heir makes.
    time.set(NOON + 200);
    const late = frozenIds.next();
    expect(late).toBeLessThan(fresh[0] as bigint);
    expect(new Set([...old, ...fresh, late]).size).toBe(201);
  });

  it('starts after what the former owner may have used, also when the clock goes back below that', async () => {
    const time = clock();
    const store = new MemoryStore({ mode: 'copy', clock: { now: time, monotonic: time } });
    await (await WorkerLease.take(store, time)).release(NOON);
    time.move(10);
    const heir = new SnowflakeIds({ now: time });
    heir.useRange((await WorkerLease.take(store, time)).range);
    time.set(NOON - 1_000);
    expect(timeOf(heir.next())).toBeGreaterThan(NOON);
  });

  it('does not shorten what was used when the clock of its owner goes back', async () => {
    const time = clock();
    const store = new MemoryStore({ mode: 'copy', clock: { now: time, monotonic: time } });
    const lease = await WorkerLease.take(store, time);
    const { until } = lease.range;
    expect(await lease.renew(time() - 600_000)).toBe(true);
    expect(lease.range.until).toBe(until);
  });

  it('is renewed and given back by the application, and starts after what its former owner has used', async () => {
    class SharedStore extends MemoryStore {
      override readonly capabilities: StoreCapabilities = {
        name: 'shared',
        durable: true,
        shared: true,
        atomic: 'batch',
        payload: 'encoded',
        conditions: true,
      };
      override async close(): Promise<void> {}
      readonly leases: string[] = [];
      override commit(batch: CommitBatch) {
        for (const { collection, key } of batch.records ?? [])
          if (collection === 'catga.worker-ids') this.leases.push(key);
        return super.commit(batch);
      }
    }
    const store = new SharedStore({ mode: 'copy' });
    const start = async () => {
      class AppModule {}
      Module({ imports: [CatgaModule.forRoot({ store })] })(AppModule);
      return NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
    };
    const [first, second] = [await start(), await start()];
    expect([first, second].map((app) => app.get(SnowflakeIds).workerId)).toEqual([0, 1]);
    const last = first.get(SnowflakeIds).next();
    await first.close();
    const third = await start();
    expect(third.get(SnowflakeIds).workerId).toBe(0);
    expect(third.get(SnowflakeIds).next()).toBeGreaterThan(last);
    expect(store.leases).toEqual(['0', '1', '0', '0']);
    await Promise.all([second.close(), third.close()]);
  });

  it('is not needed with a configured worker id, nor on a store in memory, which belongs to worker 0', async () => {
    @Injectable()
    class Uses {
      constructor(readonly ids: SnowflakeIds) {}
    }
    for (const [ids, workerId] of [
      [{}, 0],
      [{ workerId: 9 }, 9],
    ] as const) {
      class AppModule {}
      Module({ imports: [CatgaModule.forRoot({ ids })], providers: [Uses] })(AppModule);
      const app = await NestFactory.createApplicationContext(AppModule, { logger: false, abortOnError: false });
      expect(workerOf(app.get(Uses).ids.next())).toBe(workerId);
      await app.close();
    }
  });
});

describe('UUIDv7', () => {
  const SHAPE = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

  it('has the shape of RFC 9562 and holds the time', () => {
    const now = clock();
    const id = new UuidV7Generator(now).next();
    expect(id).toMatch(SHAPE);
    expect(Number.parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(NOON);
    expect(uuidv7()).toMatch(SHAPE);
  });

  it('ascends and never repeats, within a millisecond and when the clock goes back', () => {
    const now = clock();
    const generator = new UuidV7Generator(now);
    const made = Array.from({ length: 6_000 }, () => generator.next());
    now.move(-60_000);
    made.push(...Array.from({ length: 6_000 }, () => generator.next()));
    expect(made).toEqual([...made].sort());
    expect(new Set(made).size).toBe(12_000);
    expect(made.every((id) => SHAPE.test(id))).toBe(true);
  });

  it('has random bits that differ between generators', () => {
    const now = clock();
    const tails = Array.from({ length: 1000 }, () => new UuidV7Generator(now).next().slice(19));
    expect(new Set(tails).size).toBe(1000);
  });
});

describe('message ids', () => {
  it('ascend as text and never repeat, over a full millisecond and a clock that goes back', () => {
    const now = clock();
    const generator = new TextIdGenerator(now);
    let last = generator.next();
    expect(last).toMatch(/^[0-9a-z]{22}$/);
    let isAscending = true;
    for (let made = 0; made < 1_100_000; made++) {
      if (made === 500_000) now.move(-60_000);
      const next = generator.next();
      isAscending &&= next > last;
      last = next;
    }
    expect(isAscending).toBe(true);
    expect(last).toHaveLength(22);
  });

  it('differ between generators of the same moment', () => {
    const now = clock();
    const ids = Array.from({ length: 1000 }, () => new TextIdGenerator(now).next());
    expect(new Set(ids).size).toBe(1000);
  });
});
