import type { NatsTransport } from '@catga/nats';
import { natsPrograms, startNats, startProxy, type ServerHandle } from '../../../../tools/servers/index.mjs';
import { jetStream, newName, rawConnection } from '../tools.js';
import { jobs, member, openTransport, until } from './tools.js';

/** Messages of a pack; what goes alone before any pack is made are as many. */
const PACK = 32;

interface StreamInfo {
  readonly state: { readonly messages: number; readonly subjects?: Readonly<Record<string, number>> };
}

interface ConsumerList {
  readonly consumers: readonly { readonly num_redelivered: number }[];
}

for (const { name, program } of natsPrograms()) {
  describe(`Messages that are published at once, on ${name},`, () => {
    let server: ServerHandle;
    const open: NatsTransport[] = [];
    const transportOf = async (options = {}, servers = server.url): Promise<NatsTransport> => {
      const transport = await openTransport(servers, options);
      open.push(transport);
      return transport;
    };
    const stream = async (of: string): Promise<Readonly<Record<string, number>>> => {
      const info = await jetStream<StreamInfo>(server.url, `STREAM.INFO.${of}`, { subjects_filter: '>' });
      return info.state.subjects ?? {};
    };
    /** Two packs, m32 to m63 and m64 to m95, after what went alone. */
    const twoPacks = jobs('m', 3 * PACK);
    const ids = twoPacks.map(({ id }) => id);

    beforeAll(async () => {
      server = await startNats({ program });
    });
    afterEach(() => Promise.all(open.splice(0).map((transport) => transport.close())));
    afterAll(() => server.stop());

    it('travel in packs, are counted and handled one by one, by each subscription, and are removed then', async () => {
      const prefix = newName();
      const node = await transportOf({ name: prefix, trimInterval: 50 });
      for (const each of ['work', 'parked']) await (await member(node, { name: each })).consumer.stop();
      const many = jobs('m', 1_000);
      // One call for each: it is not the list that makes the pack.
      await Promise.all(many.map((job) => node.publish([job])));
      expect(await stream(`${prefix}_MSG`)).toEqual({ [`${prefix}.u.jobs`]: 40, [`${prefix}.u.$pack.jobs`]: 30 });
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const one = await member(node, { concurrency: 64 }, () => gate);
      await until('it is busy', () => one.got.length === 64);
      expect(await one.consumer.status()).toMatchObject({ running: 64, waiting: 1_000 - 64 });
      release();
      await until('all are done', () => one.done.length >= 1_000);
      const again = await member(node, { name: 'parked' });
      await until('the other one has them too', () => again.done.length >= 1_000);
      await until('none waits', async () => (await one.consumer.status()).waiting === 0);
      for (const { done, got } of [one, again]) {
        expect([...done].sort()).toEqual(many.map(({ id }) => id).sort());
        for (const { id, body, subject, attempt } of got) {
          expect({ id, body, subject, attempt }).toEqual({ id, body: id.slice(1), subject: 'jobs', attempt: 1 });
        }
      }
      await until('nothing is left', async () => Object.keys(await stream(`${prefix}_MSG`)).length === 0);
    });

    it('carry headers and any text, and bytes or a key alone', async () => {
      const node = await transportOf();
      const one = await member(node, { concurrency: 64 });
      const texts = ['', 'ünï', '\uFEFF{"a":"\n"}', '😀', '\0', 'x'.repeat(5_000)];
      const messages = [
        ...jobs('a', PACK),
        ...jobs('t', 60).map((job, at) => ({ ...job, headers: { at: `"${at}"` }, body: texts[at % 6] as string })),
        { ...jobs('b', 1)[0], id: 'b', subject: 'jobs', body: new Uint8Array([1, 2, 3]) },
        { ...jobs('k', 1)[0], id: 'k', subject: 'jobs', body: 'k', key: 'k' },
      ];
      await node.publish(messages);
      await until('all are done', () => one.done.length >= messages.length);
      const got = new Map(one.got.map((message) => [message.id, message]));
      for (const { id, body, ...rest } of messages) expect(got.get(id)).toMatchObject({ body, ...rest });
    });

    it('fail one by one: only what failed comes again, after its back-off, and becomes a dead letter alone', async () => {
      const node = await transportOf();
      const began: number[] = [];
      const options = { concurrency: 64, maxAttempts: 3, backoff: () => 300 };
      const one = await member(node, options, ({ id, attempt }) => {
        if (id === 'm40') began.push(performance.now());
        if (id === 'm40' || (id === 'm70' && attempt === 1)) throw new Error('not yet');
      });
      await node.publish(twoPacks);
      await until('it is a dead letter', async () => (await node.deadLetters.count('work')) === 1);
      expect([...one.done].sort()).toEqual(ids.filter((id) => id !== 'm40').sort());
      const attempts = (id: string): number[] => one.got.flatMap((each) => (each.id === id ? [each.attempt] : []));
      expect(attempts('m40')).toEqual([1, 2, 3]);
      expect(attempts('m70')).toEqual([1, 2]);
      expect(one.got).toHaveLength(ids.length + 3);
      expect((began[1] ?? 0) - (began[0] ?? 0)).toBeGreaterThan(290);
      const { letters } = await node.deadLetters.list({ subscription: 'work' });
      expect(letters).toMatchObject([{ message: { id: 'm40', body: '40' }, attempts: 3 }]);
      expect((await one.consumer.status()).waiting).toBe(0);
    });

    it('are shared by members with slow handlers: one that is busy keeps no others', async () => {
      const settings = { name: newName() };
      const [one, two] = [await transportOf(settings), await transportOf(settings)];
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const busy = await member(one, { concurrency: 1 }, () => gate);
      await one.publish(twoPacks);
      await until('it has begun one', () => busy.got.length === 1);
      const free = await member(two, { concurrency: 4 });
      // What the busy one keeps: the one that it handles, and one that is ready from each of three sources.
      await until('the other one does all but a few', () => free.done.length >= ids.length - 4);
      expect(free.got.every(({ attempt }) => attempt === 1)).toBe(true);
      release();
      await until('all are done', () => busy.done.length + free.done.length >= ids.length);
      expect([...busy.done, ...free.done].sort()).toEqual([...ids].sort());
    });

    it('go to others when a member stops, without an attempt, but for what it handles', async () => {
      const settings = { name: newName() };
      const [one, two] = [await transportOf(settings), await transportOf(settings)];
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const first = await member(one, { concurrency: 64 }, () => gate);
      const many = jobs('m', 8 * PACK);
      await one.publish(many);
      await until('it is full', () => first.got.length === 64);
      const stopping = first.consumer.stop();
      const second = await member(two);
      await until('the other one does the rest', () => second.done.length >= many.length - 64);
      release();
      await stopping;
      expect([...first.done, ...second.done].sort()).toEqual(many.map(({ id }) => id).sort());
      expect(second.got.every(({ attempt }) => attempt === 1)).toBe(true);
    });

    it('come again one by one when their member is gone, and those that were done long before do not', async () => {
      const prefix = newName();
      const proxy = await startProxy(server);
      const [node, lost] = [
        await transportOf({ name: prefix }),
        await transportOf({ name: prefix }, proxy.url(server.url)),
      ];
      const victim = await member(lost, { concurrency: 256 }, ({ id }) =>
        id === 'm50' ? new Promise(() => undefined) : undefined,
      );
      await node.publish(twoPacks);
      await until('all but one are done', () => victim.done.length === ids.length - 1);
      await until('that is written down', async () =>
        Object.keys(await stream(`${prefix}_SUB`)).some((subject) => subject.includes('.work.$pack.')),
      );
      await proxy.cut();
      const heir = await member(node, { concurrency: 256 });
      await until('the heir has the last one', () => heir.done.includes('m50'));
      await until('none waits', async () => (await heir.consumer.status()).waiting === 0);
      expect(heir.got.map(({ id, attempt }) => [id, attempt])).toEqual([['m50', 2]]);
      await until('the note is gone', async () =>
        Object.keys(await stream(`${prefix}_SUB`)).every((subject) => !subject.includes('$pack')),
      );
      await lost.close();
      await proxy.stop();
    });

    it('come again one by one when the member that inherits them stops before it knows what was done', async () => {
      const prefix = newName();
      const proxies = [await startProxy(server), await startProxy(server)] as const;
      const [node, lost, leaving] = [
        await transportOf({ name: prefix }),
        await transportOf({ name: prefix }, proxies[0].url(server.url)),
        await transportOf({ name: prefix }, proxies[1].url(server.url)),
      ];
      const victim = await member(lost, { concurrency: 256 }, ({ id }) =>
        id === 'm50' ? new Promise(() => undefined) : undefined,
      );
      await node.publish(twoPacks);
      await until('all but one are done', () => victim.done.length === ids.length - 1);
      await until('that is written down', async () =>
        Object.keys(await stream(`${prefix}_SUB`)).some((subject) => subject.includes('.work.$pack.')),
      );
      const between = await member(leaving, { concurrency: 256 });
      proxies[1].stall();
      await proxies[0].cut();
      await until('the server gives it to the next one', async () => {
        const list = await jetStream<ConsumerList>(server.url, `CONSUMER.LIST.${prefix}_MSG`);
        return list.consumers.some(({ num_redelivered: again }) => again > 0);
      });
      const stopping = between.consumer.stop();
      const heir = await member(node, { concurrency: 256 });
      proxies[1].resume();
      await stopping;
      await until('the heir has the last one', () => heir.done.includes('m50'));
      await until('none waits', async () => (await heir.consumer.status()).waiting === 0);
      expect([...between.got, ...heir.got].map(({ id }) => id)).toEqual(['m50']);
      await Promise.all([lost.close(), leaving.close()]);
      await Promise.all(proxies.map((proxy) => proxy.stop()));
    });

    it('are handled where they are when the stream is full, so that no copy of them can be kept', async () => {
      const node = await transportOf({ maxWaitingBytes: 150_000, trimInterval: 50 });
      const options = { concurrency: 2, maxAttempts: 100 };
      await (await member(node, options)).consumer.stop();
      const acknowledged: string[] = [];
      for (let round = 0, isFull = false; !isFull; round++) {
        const jobsOfRound = jobs(`${round}-`, 3 * PACK).map((job) => ({ ...job, body: 'x'.repeat(500) }));
        const answers = await Promise.allSettled(jobsOfRound.map((job) => node.publish([job])));
        for (const [at, answer] of answers.entries()) {
          if (answer.status === 'fulfilled') acknowledged.push(jobsOfRound[at]?.id ?? '');
          else isFull = true;
        }
      }
      const failed = new Set<string>();
      const slow = await member(node, options, ({ id, attempt }) => {
        if (attempt > 1) return;
        failed.add(id);
        throw new Error('once');
      });
      await until('all are done', () => acknowledged.every((id) => slow.done.includes(id)));
      expect(acknowledged.every((id) => failed.has(id))).toBe(true);
      expect(new Set(slow.done).size).toBe(slow.done.length);
    });

    it('are no trouble when somebody else has written there', async () => {
      const prefix = newName();
      const node = await transportOf({ name: prefix });
      const one = await member(node, { concurrency: 64 });
      const connection = await rawConnection(server.url);
      connection.publish(`${prefix}.u.$pack.jobs`, 'not of Catga');
      await connection.drain();
      await node.publish(twoPacks);
      await until('all are done', () => one.done.length === ids.length + 1);
      expect(one.got.filter(({ body }) => typeof body !== 'string')).toMatchObject([{ id: `${prefix}_MSG-1` }]);
    });
  });
}
