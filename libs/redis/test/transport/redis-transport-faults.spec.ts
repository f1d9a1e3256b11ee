import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { IncomingMessage, TransportMessage } from '@catga/core';
import { RedisTransport, type RedisTransportOptions } from '@catga/redis';
import { Redis } from 'ioredis';
import { startProxy, startRedis, startRedisCluster, type ServerHandle } from '../../../../tools/servers/index.mjs';

const member = new URL('./member.mjs', import.meta.url);

function messages(prefix: string, count: number, rest: Partial<TransportMessage> = {}): TransportMessage[] {
  return Array.from({ length: count }, (_, n) => ({ id: `${prefix}-${n}`, subject: 's', body: String(n), ...rest }));
}

async function until(check: () => boolean | Promise<boolean>, what: () => string, within = 20_000): Promise<void> {
  const end = performance.now() + within;
  while (!(await check())) {
    if (performance.now() > end) throw new Error(`Not in time: ${what()}`);
    await sleep(10);
  }
}

describe('RedisTransport when things break', () => {
  let redis: ServerHandle;
  const open = new Set<RedisTransport>();
  const children = new Set<ChildProcess>();
  let names = 0;
  beforeAll(async () => {
    redis = await startRedis({ appendfsync: 'always' });
  });
  beforeEach(() => names++);
  afterEach(async () => {
    for (const child of children) child.kill('SIGKILL');
    children.clear();
    await Promise.all([...open].map((transport) => transport.close()));
    open.clear();
  });
  afterAll(() => redis.stop());

  const connect = async (options: RedisTransportOptions = {}): Promise<RedisTransport> => {
    const transport = new RedisTransport({ url: redis.url, name: `t${names}`, ...options });
    await transport.open();
    open.add(transport);
    return transport;
  };

  /** A member in another OS process; tells what it begins, and ends it when told to. */
  const startMember = async (options: object): Promise<{ child: ChildProcess; begun: string[]; done: string[] }> => {
    const child = fork(member, [JSON.stringify({ url: redis.url, name: `t${names}`, ...options })]);
    children.add(child);
    const begun: string[] = [];
    const done: string[] = [];
    child.on('message', (said: { begun?: string; done?: string }) => {
      if (said.begun !== undefined) begun.push(said.begun);
      if (said.done !== undefined) done.push(said.done);
    });
    await once(child, 'message');
    return { child, begun, done };
  };

  it('loses no acknowledged message when the server is killed and restarted under load', async () => {
    const transport = await connect();
    const got = new Set<string>();
    await transport.subscribe({ name: 'n', subjects: ['s'] }, ({ id }) => void got.add(id));
    const acknowledged: string[] = [];
    let refused = 0;
    let working = true;
    const publishers = Array.from({ length: 8 }, async (_, who) => {
      for (let n = 0; working; n++) {
        const message = { id: `${who}-${n}`, subject: 's', body: '', ...(n % 2 === 0 && { key: `k${n % 7}` }) };
        await transport.publish([message]).then(
          () => acknowledged.push(message.id),
          async (error: { code: string }) => {
            expect(error.code).toBe('CATGA_TRANSPORT_CONNECTION');
            refused++;
            await sleep(5);
          },
        );
      }
    });
    for (let round = 0; round < 3; round++) {
      await sleep(200);
      await redis.kill9();
      await redis.restart();
    }
    await sleep(300);
    working = false;
    await Promise.all(publishers);
    expect(refused).toBeGreaterThan(0);
    expect(acknowledged.length).toBeGreaterThan(100);
    await until(
      () => acknowledged.every((id) => got.has(id)),
      () =>
        `${acknowledged.filter((id) => !got.has(id)).length} of ${acknowledged.length} were acknowledged and never came`,
    );
  });

  it('says that the server is away, and goes on by itself when it is back', async () => {
    const transport = await connect();
    const got: string[] = [];
    const consumer = await transport.subscribe({ name: 'n', subjects: ['s'] }, ({ id }) => void got.push(id));
    await redis.kill9();
    await until(
      async () => (await consumer.status()).state === 'disconnected',
      () => 'disconnected',
    );
    for (const qos of [0, 1, 2] as const) {
      await expect(transport.publish(messages('no', 1), { qos })).rejects.toMatchObject({
        code: 'CATGA_TRANSPORT_CONNECTION',
        kind: 'infrastructure',
      });
    }
    await expect(transport.ping()).rejects.toMatchObject({ code: 'CATGA_TRANSPORT_CONNECTION' });
    await redis.restart();
    await until(
      () =>
        transport.ping().then(
          () => true,
          () => false,
        ),
      () => 'ping',
    );
    await transport.publish(messages('m', 3));
    await until(
      () => got.length >= 3,
      () => `3 messages; there are ${got.length}`,
    );
    expect((await consumer.status()).state).toBe('running');
  });

  it('answers the first request after the server is back, and loses no reply with a connection', async () => {
    const [asking, answering] = [await connect(), await connect()];
    const client = new Redis(redis.url);
    /** Breaks what the nodes of this test have of that kind. */
    const cut = async (role: string): Promise<void> => {
      for (const line of String(await client.call('CLIENT', 'LIST')).split('\n')) {
        const [id, isOf] = [/ ?id=(\d+)/.exec(line)?.[1] ?? '', line.includes(`name=catga:t${names}:${role} `)];
        if (isOf) await client.call('CLIENT', 'KILL', 'ID', id);
      }
    };
    await answering.respond('q', async ({ body }) => {
      if (body !== '') await cut(String(body));
      return { body: 'done' };
    });
    const ask = (lost = '') =>
      asking.request({ id: `r${Math.random()}`, subject: 'q', body: lost }, { timeout: 5_000 });
    const failures = new Set<string>();
    for (let round = 0; round < 4; round++) {
      await redis.kill9();
      await sleep(150 * round);
      await redis.restart();
      await until(
        () =>
          ask().then(
            () => true,
            ({ code }: { code: string }) => !failures.add(code),
          ),
        () => 'a reply',
      );
    }
    // Only as long as this node is not back itself: nothing was sent then.
    expect([...failures].filter((code) => code !== 'CATGA_TRANSPORT_CONNECTION')).toEqual([]);
    // The reply goes out when the connection on which it would come, or go, is lost.
    for (const role of ['transport-inbox', 'transport']) expect((await ask(role)).body).toBe('done');
    client.disconnect();
  });

  it('handles every message once and keys in order over cut connections, as long as they are shorter than the ack timeout', async () => {
    const proxy = await startProxy(redis);
    const publisher = await connect();
    const transport = await connect({ url: proxy.url(redis.url) });
    const got: IncomingMessage[] = [];
    await transport.subscribe({ name: 'n', subjects: ['s'], concurrency: 8 }, async (message) => {
      got.push(message);
      await sleep(2);
    });
    const sent = Array.from({ length: 600 }, (_, n) => ({
      id: `m${n}`,
      subject: 's',
      body: String(n),
      ...(n % 3 !== 0 && { key: `k${n % 5}` }),
    }));
    const publishing = (async () => {
      for (let at = 0; at < sent.length; at += 20) {
        await publisher.publish(sent.slice(at, at + 20));
        await sleep(20);
      }
    })();
    for (let round = 0; round < 5; round++) {
      await sleep(80);
      await proxy.cut();
      await sleep(40);
      await proxy.heal();
    }
    await publishing;
    await until(
      () => got.length >= sent.length,
      () => `600 messages; there are ${got.length}`,
    );
    await sleep(200);
    expect(got.map(({ id }) => id).sort()).toEqual(sent.map(({ id }) => id).sort());
    for (const key of ['k0', 'k1', 'k2', 'k3', 'k4']) {
      const of = (list: readonly TransportMessage[]) => list.filter((one) => one.key === key).map(({ id }) => id);
      expect(of(got)).toEqual(of(sent));
    }
    await transport.close();
    await proxy.stop();
  });

  it('finds out that a connection is silent, says so to whoever waits, and makes a new one', async () => {
    const proxy = await startProxy(redis);
    const transport = await connect({ url: proxy.url(redis.url), commandTimeout: 300 });
    proxy.stall();
    // As one call it was sent; a list of several may be there in part.
    await expect(transport.publish(messages('m', 1))).rejects.toMatchObject({
      code: 'CATGA_TRANSPORT_CONNECTION',
      message: expect.stringContaining('whether it was done is not known'),
    });
    proxy.resume();
    await until(
      () =>
        transport.ping().then(
          () => true,
          () => false,
        ),
      () => 'ping',
    );
    await transport.close();
    await proxy.stop();
  });

  it('gives a message to another member when its own is killed between effect and acknowledgement, in order of its key', async () => {
    const transport = await connect();
    const dying = await startMember({ ackTimeout: 800, concurrency: 3 });
    await transport.publish([...messages('loose', 5), ...messages('keyed', 5, { key: 'k' })]);
    await until(
      () => dying.begun.length >= 3,
      () => `3 begun; there are ${dying.begun.length}`,
    );
    dying.child.kill('SIGKILL');
    await once(dying.child, 'exit');
    const got: IncomingMessage[] = [];
    const options = { name: 'n', subjects: ['s'], ackTimeout: 800, concurrency: 3 };
    await transport.subscribe(options, (message) => void got.push(message));
    await until(
      () => got.length >= 10,
      () => `10 messages; there are ${got.length}`,
    );
    await sleep(100);
    expect(got.map(({ id }) => id).sort()).toEqual(
      [...messages('keyed', 5), ...messages('loose', 5)].map(({ id }) => id),
    );
    expect(got.filter(({ key }) => key === 'k').map(({ body }) => body)).toEqual(['0', '1', '2', '3', '4']);
    for (const { id, attempt } of got) if (dying.begun.includes(id)) expect(attempt).toBe(2);
  });

  it('aborts the handlers of a member that was frozen for too long, whose messages others have, and lets it begin nothing old', async () => {
    const frozen = await startMember({ ackTimeout: 600, concurrency: 2 });
    const transport = await connect();
    await transport.publish(messages('k', 6, { key: 'k' }));
    await until(
      () => frozen.begun.length === 1,
      () => 'one begun',
    );
    const aborted = new Promise<void>((resolve) =>
      frozen.child.on('message', (said: { aborted?: string }) => {
        if (said.aborted === 'k-0') resolve();
      }),
    );
    frozen.child.kill('SIGSTOP');
    const got: IncomingMessage[] = [];
    const options = { name: 'n', subjects: ['s'], ackTimeout: 600, concurrency: 2 };
    await transport.subscribe(options, (message) => void got.push(message));
    await until(
      () => got.length >= 6,
      () => `6 messages; there are ${got.length}`,
    );
    frozen.child.kill('SIGCONT');
    await aborted;
    await sleep(300);
    expect(got.map(({ id }) => id)).toEqual(messages('k', 6).map(({ id }) => id));
    expect(frozen.begun).toEqual(['k-0']);
  });

  it('makes a message a dead letter that kills every member which begins it, and nothing else', async () => {
    const transport = await connect();
    await (await transport.subscribe({ name: 'n', subjects: ['s'] }, () => {})).stop();
    await transport.publish([
      ...messages('before', 3),
      { id: 'poison', subject: 's', body: 'die' },
      ...messages('after', 3),
    ]);
    for (let life = 0; life < 8; life++) {
      const doomed = await startMember({ ackTimeout: 200, concurrency: 1, maxAttempts: 3, quick: true });
      const ended = await Promise.race([
        once(doomed.child, 'exit').then(() => true),
        until(
          async () => (await transport.deadLetters.count('n')) > 0,
          () => '',
          4_000,
        ).then(
          () => false,
          () => false,
        ),
      ]);
      if (!ended) break;
    }
    const { letters } = await transport.deadLetters.list({ subscription: 'n' });
    expect(letters.map(({ message, error }) => [message.id, error.code])).toEqual([
      ['poison', 'CATGA_MESSAGE_ABANDONED'],
    ]);
  });

  it('tells the message that kills its members from those that are under way beside it, with a key or without', async () => {
    const transport = await connect();
    const settings = { name: 'n', subjects: ['s'], ackTimeout: 200 };
    await (await transport.subscribe(settings, () => {})).stop();
    const healthy = Array.from({ length: 12 }, (_, n) => ({
      id: `healthy-${n}`,
      subject: 's',
      body: 'slow',
      ...(n % 2 === 0 && { key: `k${n}` }),
    }));
    await transport.publish([...healthy, { id: 'poison', subject: 's', body: 'die' }]);
    const runs: string[] = [];
    const done = new Set<string>();
    const count = (id: string): number => runs.filter((run) => run === id).length;
    const letters = () => transport.deadLetters.list({ subscription: 'n' });
    for (let life = 0; life < 9 && (await letters()).letters.length === 0; life++) {
      const doomed = await startMember({ ackTimeout: 200, quick: true });
      await until(
        async () => {
          for (const id of doomed.done) done.add(id);
          return doomed.child.signalCode !== null || done.size + (await letters()).letters.length > healthy.length;
        },
        () => `the member dies or comes to an end; ${done.size} are handled`,
      );
      runs.push(...doomed.begun);
    }
    expect((await letters()).letters.map(({ message, error }) => [message.id, error.code])).toEqual([
      ['poison', 'CATGA_MESSAGE_ABANDONED'],
    ]);
    expect(count('poison')).toBeGreaterThanOrEqual(5);
    // Beside it twice, and once more alone.
    expect(healthy.filter(({ id }) => count(id) > 3)).toEqual([]);
  });

  it('keeps the order of keys over members that come and go, each partition owned by one', async () => {
    const publisher = await connect();
    const got: IncomingMessage[] = [];
    const running = new Set<string>();
    const overlaps: string[] = [];
    const handler = async (message: IncomingMessage): Promise<void> => {
      const { key = '' } = message;
      if (running.has(key)) overlaps.push(key);
      running.add(key);
      await sleep(1);
      running.delete(key);
      got.push(message);
    };
    const join = async () => {
      const node = await connect();
      return node.subscribe({ name: 'n', subjects: ['s'], concurrency: 4 }, handler);
    };
    const first = await join();
    const sent = Array.from({ length: 1_000 }, (_, n) => ({
      id: `m${n}`,
      subject: 's',
      key: `k${n % 20}`,
      body: String(n),
    }));
    const publishing = (async () => {
      for (let at = 0; at < sent.length; at += 20) {
        await publisher.publish(sent.slice(at, at + 20));
        await sleep(10);
      }
    })();
    const second = await join();
    await sleep(100);
    await join();
    await sleep(100);
    await first.stop();
    await sleep(100);
    await second.stop();
    await publishing;
    await until(
      () => got.length >= sent.length,
      () => `1000 messages; there are ${got.length}`,
    );
    expect(overlaps).toEqual([]);
    for (let key = 0; key < 20; key++) {
      const of = (list: readonly TransportMessage[]) => list.filter((one) => one.key === `k${key}`).map(({ id }) => id);
      expect(of(got)).toEqual(of(sent));
    }
  });

  it('says which settings of the server may lose messages', async () => {
    await connect();
    const careless = await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] });
    const risky = new RedisTransport({ url: careless.url });
    await risky.open();
    const safe = await connect();
    expect(safe.warnings()).toEqual([]);
    expect(safe.capabilities.durable).toBe(true);
    expect(risky.warnings().map(({ code }) => code)).toEqual(['CATGA_REDIS_EVICTION', 'CATGA_REDIS_FSYNC']);
    expect(risky.capabilities.durable).toBe(false);
    await risky.close();
    await careless.stop();
  });

  it('refuses to open without a server and with a wrong password, with the reason', async () => {
    const nowhere = new RedisTransport({ url: 'redis://127.0.0.1:1', connectTimeout: 300 });
    await expect(nowhere.open()).rejects.toMatchObject({ code: 'CATGA_TRANSPORT_CONNECTION' });
    const guarded = await startRedis({ args: ['--requirepass', 'secret'] });
    const url = guarded.url.replace('//', '//:wrong@');
    await expect(new RedisTransport({ url }).open()).rejects.toMatchObject({ code: 'CATGA_TRANSPORT_AUTHENTICATION' });
    await guarded.stop();
  });

  it('works on a Redis Cluster', async () => {
    const cluster = await startRedisCluster(3);
    const nodes = cluster.nodes.map(({ port }) => ({ host: '127.0.0.1', port }));
    for (const name of ['one', 'two', 'three']) {
      const [here, there] = [
        new RedisTransport({ cluster: nodes, name }),
        new RedisTransport({ cluster: nodes, name }),
      ];
      await Promise.all([here.open(), there.open()]);
      const got: string[] = [];
      for (const node of [here, there]) {
        await node.subscribe({ name: 'n', subjects: ['s'] }, ({ id }) => void got.push(id));
        await node.subscribe({ name: 'zero', subjects: ['s'], qos: 0 }, ({ id }) => void got.push(id));
      }
      await there.respond('question', async ({ body }) => ({ body: `${String(body)}!` }));
      await here.publish([...messages('loose', 20), ...messages('keyed', 20, { key: 'k' })]);
      await here.publish(messages('zero', 10), { qos: 0 });
      await until(
        () => got.length >= 50,
        () => `50 messages; there are ${got.length}`,
      );
      expect(new Set(got).size).toBe(50);
      expect((await here.request({ id: 'r', subject: 'question', body: 'what' })).body).toBe('what!');
      await Promise.all([here.close(), there.close()]);
    }
    await cluster.stop();
  });
});
