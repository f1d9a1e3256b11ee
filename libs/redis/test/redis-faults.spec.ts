import { JsonCodec, type CommitNotice } from '@catga/core';
import { RedisStore, type RedisStoreOptions } from '@catga/redis';
import { assertHistory, HistoryClient, historyWorkload, MemoryHistory, readFinalLog } from '@catga/testing';
import { Redis } from 'ioredis';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProxy, startRedis, type Proxy, type ServerHandle } from '../../../tools/servers/index.mjs';

const event = (data = '1') => ({ type: 'e', data });
const append = (stream: string, data?: string) => ({
  appends: [{ stream, expectedVersion: 'any' as const, events: [event(data)] }],
});

describe('RedisStore, when things go wrong', () => {
  let server: ServerHandle;
  let names = 0;
  const stores: RedisStore[] = [];
  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'always' });
  });
  afterAll(() => server.stop());
  afterEach(async () => {
    await Promise.all(stores.splice(0).map((store) => store.close()));
  });

  async function open(options: RedisStoreOptions = {}): Promise<RedisStore> {
    const store = new RedisStore({ url: server.url, name: `faults-${++names}`, ...options });
    await store.open();
    stores.push(store);
    return store;
  }
  const redis = async <T>(use: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(server.url);
    try {
      return await use(client);
    } finally {
      client.disconnect();
    }
  };

  it('loses no acknowledged commit and does none twice while the server is killed -9, with appendfsync always', async () => {
    const history = new MemoryHistory();
    const name = `killed-${++names}`;
    const nodes = await Promise.all([open({ name }), open({ name })]);
    let working = true;
    const clients = Array.from({ length: 8 }, (_, index) => {
      const client = new HistoryClient(nodes[index % 2] as RedisStore, history, `client ${index}`);
      return historyWorkload(client, { operations: 100_000, retries: 2, stopped: () => !working });
    });
    const answered = (): number =>
      history.entries.filter((entry) => entry.entry === 'outcome' && entry.outcome === 'ok').length;
    for (let kill = 0; kill < 4; kill++) {
      const before = answered();
      await until(() => answered() > before + 60);
      await server.kill9();
      await server.restart();
    }
    const before = answered();
    await until(() => answered() > before + 60);
    working = false;
    await Promise.all(clients);
    const log = await readFinalLog(await open({ name }));
    const counts = assertHistory({ history: history.entries, log });
    expect(counts.acknowledged).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(10);
  });

  describe('with a network that fails', () => {
    let proxy: Proxy;
    beforeEach(async () => {
      proxy = await startProxy(server);
    });
    afterEach(async () => {
      proxy.resume();
      await proxy.stop();
    });

    it('does every commit once, without an id of the caller, while connections break in the middle of them', async () => {
      const store = await open({ url: proxy.url(server.url) });
      let next = 0;
      let working = true;
      const writer = async (): Promise<void> => {
        while (working) await store.commit(append(`s-${next % 7}`, String(next++)));
      };
      const writers = Array.from({ length: 20 }, writer);
      for (let cut = 0; cut < 15; cut++) {
        await sleep(20 + cut * 3);
        await proxy.cut();
        await sleep(cut % 3);
        await proxy.heal();
      }
      working = false;
      await Promise.all(writers);
      const written = (await readFinalLog(store)).map(({ id }) => Number(id)).sort((a, b) => a - b);
      expect(written).toEqual(Array.from({ length: next }, (_, index) => index));
      expect(next).toBeGreaterThan(60);
    });

    it('says that the fate of a commit is unknown when no answer comes in time, and lets it happen once at most', async () => {
      const store = await open({ url: proxy.url(server.url), commandTimeout: '300ms' });
      await store.commit(append('s'));
      proxy.stall();
      const failure = await store.commit(append('s')).catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: 'CATGA_STORE_CONNECTION', kind: 'infrastructure' });
      expect((failure as Error).message).toContain('may have been written');
      // No connection can be made: this one was never sent.
      const unsent = await store.commit(append('s')).catch((error: unknown) => error);
      expect((unsent as Error).message).toContain('Nothing of this was written');
      await expect(store.readStream('s')).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
      proxy.resume();
      const { versions } = await store.commit(append('s'));
      await sleep(100);
      expect([2, 3]).toContain(versions[0]);
      expect((await store.readStream('s')).length).toBe(versions[0]);
    });

    it('tells listeners that anything may have changed after their connection was lost, and hears of others again', async () => {
      const name = `heard-${++names}`;
      const listening = await open({ url: proxy.url(server.url), name });
      const other = await open({ name });
      const heard: CommitNotice[] = [];
      listening.onCommit((notice) => heard.push(notice));
      await proxy.cut();
      await other.commit(append('missed'));
      await proxy.heal();
      await until(() => heard.some(({ streams }) => streams === undefined));
      await other.commit(append('seen'));
      await until(() => heard.some(({ streams }) => streams?.includes('seen') === true));
      expect(heard.some(({ streams }) => streams?.includes('missed') === true)).toBe(false);
    });
  });

  it('waits for a server that is away for a while, and fails with a code when it is away for longer', async () => {
    const patient = await open();
    const hasty = await open({ commandTimeout: '150ms' });
    await server.kill9();
    const waiting = [patient.commit(append('s')), patient.getRecord('c', 'k')];
    for (const use of [() => hasty.commit(append('s')), () => hasty.ping(), () => hasty.readAll()]) {
      await expect(use()).rejects.toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
    }
    await server.restart();
    await expect(waiting[0]).resolves.toMatchObject({ versions: [1] });
    await expect(waiting[1]).resolves.toBeUndefined();
    await until(() =>
      hasty.ping().then(
        () => true,
        () => false,
      ),
    );
  });

  const harms: [string, (client: Redis, head: string) => Promise<unknown>][] = [
    ['the data was deleted', (client) => client.flushall()],
    ['another store took its place', (client, head) => client.hset(head, 'epoch', 'another')],
    ['a copy that was behind has taken over', (client, head) => client.hset(head, 'position', 1)],
  ];
  it.each(harms)('says loudly that %s, and does nothing until it is opened anew', async (_, harm) => {
    const store = await open();
    for (let count = 0; count < 3; count++) await store.commit(append('s'));
    await redis((client) => harm(client, `{${store.name}}:head`));
    const loss = { code: 'CATGA_STORE_DATA_LOSS', kind: 'infrastructure' };
    await expect(store.readStream('s')).rejects.toMatchObject(loss);
    await expect(store.commit(append('s'))).rejects.toMatchObject(loss);
    await expect(store.ping()).rejects.toMatchObject(loss);
    await expect(store.findRecords({ collection: 'c' })).rejects.toMatchObject(loss);
    await store.close();
    await store.open();
    await store.ping();
  });

  it('says so when a replica that was behind takes over, and nothing is written on top of the loss', async () => {
    const now = ['--repl-diskless-sync-delay', '0'];
    const primary = await startRedis({ appendfsync: 'always', args: now });
    const store = await open({ url: primary.url });
    await store.commit(append('s'));
    const copy = await startRedis({ args: [...now, '--replicaof', '127.0.0.1', String(primary.port)] });
    await promote(copy);
    await store.commit(append('s'));
    await primary.kill9();
    // Under the same address there is now a server that has what the copy had.
    const next = await startRedis({ port: primary.port, args: ['--replicaof', '127.0.0.1', String(copy.port)] });
    await promote(next);
    await expect(store.commit(append('s'))).rejects.toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
    await store.close();
    await store.open();
    expect((await store.readStream('s')).length).toBe(1);
    await store.close();
    for (const each of [primary, copy, next]) {
      await each.kill9(); // in good order it would wait for its replica
      await each.stop();
    }
  });

  it('notices that its own commits are gone although others have gone further since', async () => {
    const name = `behind-${++names}`;
    const [store, other] = [await open({ name }), await open({ name })];
    await store.commit(append('s'));
    // As a server that has forgotten the last second before it crashed.
    const session = await redis(async (client) => {
      const [key] = await client.keys(`{${name}}:w:*`);
      const saved = await client.hgetall(key as string);
      return { key: key as string, saved };
    });
    await store.commit(append('s'));
    await redis((client) => client.hset(session.key, session.saved));
    for (let count = 0; count < 5; count++) await other.commit(append('t'));
    await expect(store.commit(append('s'))).rejects.toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
    await expect(other.commit(append('t'))).resolves.toMatchObject({ versions: [6] });
  });

  it('refuses commits while the memory is full, without having written half, and goes on when there is room', async () => {
    const store = await open();
    await store.commit(append('s'));
    await redis((client) => client.config('SET', 'maxmemory', '1'));
    await expect(store.commit(append('s'))).rejects.toMatchObject({ code: 'CATGA_STORE_DISK_FULL' });
    expect((await store.readStream('s')).length).toBe(1);
    await redis((client) => client.config('SET', 'maxmemory', '0'));
    await expect(store.commit(append('s'))).resolves.toMatchObject({ versions: [2] });
  });

  it('refuses a commit that is too large, at once and alone', async () => {
    const store = await open({ maxCommitSize: 10_000 });
    const refused = store.commit(append('s', 'x'.repeat(20_000)));
    const beside = store.commit(append('s', 'y'.repeat(5_000)));
    await expect(refused).rejects.toMatchObject({ code: 'CATGA_REDIS_COMMIT_TOO_LARGE', kind: 'request' });
    await expect(beside).resolves.toMatchObject({ versions: [1] });
  });

  it('finishes commits that look far back before it closes, those that are refused as well', async () => {
    const store = await open();
    const many = Array.from({ length: 1_200 }, (_, index) => ({ type: index === 1_000 ? 'late' : 'e', data: '1' }));
    await store.commit({ appends: [{ stream: 'many', expectedVersion: 'any', events: many }] });
    const commits = [['never'], ['late']].map((types) =>
      store.commit({ conditions: [{ query: { types, categories: ['many'] }, after: 0 }], ...append('s') }),
    );
    const [kept, refused] = await Promise.allSettled([...commits, store.close()]);
    expect([kept?.status, refused?.status]).toEqual(['fulfilled', 'rejected']);
  });

  it('works on when the server has forgotten its scripts', async () => {
    const store = await open();
    await store.commit(append('s'));
    await redis((client) => client.script('FLUSH'));
    await Promise.all([store.commit(append('s')), store.readStream('s'), store.readAll()]);
    expect((await store.readStream('s')).length).toBe(2);
  });

  it('checks conditions that reach far back without one long script, alone and in a group', async () => {
    const store = await open();
    const tagged = { type: 'seen', data: '1', tags: ['rare'] };
    await store.commit({ appends: [{ stream: 'old', expectedVersion: 'any', events: [tagged] }] });
    const many = Array.from({ length: 2_500 }, () => ({ ...event(), tags: ['common'] }));
    await store.commit({ appends: [{ stream: 'many', expectedVersion: 'any', events: many }] });
    const guarded = (query: { types?: string[]; tags?: string[] }, after: number) =>
      store.commit({ conditions: [{ query, after }], ...append('decided') });
    const refusal = { code: 'CATGA_APPEND_CONDITION', condition: 0, after: 0, position: 1 };
    await expect(guarded({ types: ['seen'] }, 0)).rejects.toMatchObject(refusal);
    await expect(guarded({ tags: ['rare'] }, 0)).rejects.toMatchObject(refusal);
    const answers = await Promise.all([
      guarded({ types: ['seen'] }, 1),
      guarded({ types: ['never'] }, 0),
      guarded({ tags: ['rare', 'common'] }, 0),
      guarded({ types: ['seen'], tags: ['common'] }, 0),
    ]);
    expect(answers.map(({ versions: [version = 0] }) => version).sort((a, b) => a - b)).toEqual([1, 2, 3, 4]);
    await store.commit({
      appends: [{ stream: 'new', expectedVersion: 'any', events: [{ ...tagged, type: 'never' }] }],
    });
    await expect(guarded({ types: ['never'] }, 2)).rejects.toMatchObject({ code: 'CATGA_APPEND_CONDITION' });
  });

  it('reads thousands of events and records, large ones among them, in parts', async () => {
    const store = await open();
    const codec = new JsonCodec();
    const events = Array.from({ length: 3_000 }, (_, index) => event(index % 500 === 0 ? 'x'.repeat(300_000) : '1'));
    await store.commit({ appends: [{ stream: 's', expectedVersion: 'any', events }] });
    const versions = Array.from({ length: 3_000 }, (_, index) => index + 1);
    expect((await store.readStream('s')).map(({ version }) => version)).toEqual(versions);
    const backward = await store.readStream('s', { direction: 'backward' });
    expect(backward.map(({ version }) => version)).toEqual([...versions].reverse());
    const { events: all, position } = await store.readAll({ limit: 5_000 });
    expect([all.map((each) => each.position), position]).toEqual([versions, 3_000]);
    const keys = Array.from({ length: 1_500 }, (_, index) => `k${index}`);
    await store.commit({
      records: keys.map((key, index) => ({
        collection: 'c',
        key,
        value: index % 200 === 0 ? 'y'.repeat(300_000) : (codec.encode(index) as string),
        tags: [index % 3 === 0 ? 'third' : 'other'],
        dueAt: index % 2,
      })),
    });
    const found = async (query: object) => {
      const { records } = await store.findRecords({ collection: 'c', limit: 5_000, ...query });
      return records.map(({ key }) => key);
    };
    expect(await found({})).toEqual(keys);
    expect(await found({ order: 'newest' })).toEqual([...keys].reverse());
    expect(await found({ tags: ['third'] })).toEqual(keys.filter((_, index) => index % 3 === 0));
    const byDue = [0, 1].flatMap((due) => keys.filter((_, index) => index % 2 === due));
    expect(await found({ order: 'due' })).toEqual(byDue);
    expect(await found({ order: 'due', dueBefore: 0, tags: ['third'] })).toEqual(keys.filter((_, i) => i % 6 === 0));
  });
});

async function until(check: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 10_000; !(await check()); await sleep(5)) {
    if (Date.now() > end) throw new Error('not within 10 s');
  }
}

/** Waits until a replica has everything, and makes it a primary. */
async function promote(replica: ServerHandle): Promise<void> {
  const client = new Redis(replica.url);
  await until(async () => (await client.info('replication')).includes('master_link_status:up'));
  await client.replicaof('NO', 'ONE');
  client.disconnect();
}
