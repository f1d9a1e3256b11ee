import { CatgaModule, Transport, type TransportMessage } from '@catga/core';
import { CatgaNatsModule, NatsTransport } from '@catga/nats';
import { Test } from '@nestjs/testing';
import { natsPrograms, startNats, startProxy, type ServerHandle } from '../../../../tools/servers/index.mjs';
import { errorOf, jetStream, newName, rawConnection } from '../tools.js';
import { jobs, member, openTransport, until } from './tools.js';

interface StreamState {
  readonly state: { readonly messages: number };
}

for (const { name, program } of natsPrograms()) {
  describe(`NatsTransport on ${name}`, () => {
    let server: ServerHandle;
    const open: NatsTransport[] = [];
    const transportOf = async (options = {}, servers = server.url): Promise<NatsTransport> => {
      const transport = await openTransport(servers, options);
      open.push(transport);
      return transport;
    };
    const stored = async (stream: string): Promise<number> =>
      (await jetStream<StreamState>(server.url, `STREAM.INFO.${stream}`)).state.messages;

    beforeAll(async () => {
      server = await startNats({ program });
    });
    afterEach(() => Promise.all(open.splice(0).map((transport) => transport.close())));
    afterAll(() => server.stop());

    it('removes what every subscription has handled, and nothing that one of them has not', async () => {
      const prefix = newName();
      const node = await transportOf({ name: prefix, trimInterval: 50 });
      const slow = await member(node, { name: 'slow' });
      await slow.consumer.stop();
      const state = { isBroken: true };
      const fast = await member(node, { name: 'fast', maxAttempts: 100 }, ({ body }) => {
        if (state.isBroken && body === '7') throw new Error('not yet');
      });
      await node.publish([...jobs('m', 20), ...jobs('k', 20, (index) => `key ${index}`)]);
      await until('all but two are handled', () => fast.done.length === 38);
      expect(await stored(`${prefix}_MSG`)).toBe(40);
      const again = await member(node, { name: 'slow' });
      await until('the slow one has them too', () => again.done.length === 40);
      // Those of the failing message, and what came after it in its partition or subject, are still wanted.
      state.isBroken = false;
      await until('the last two are handled', () => fast.done.length === 40);
      await until('nothing is left', async () => (await stored(`${prefix}_MSG`)) === 0);
      expect(fast.got.filter(({ body }) => body !== '7')).toHaveLength(38);
    });

    it('keeps only the newest messages of a subject that nobody has subscribed to', async () => {
      const prefix = newName();
      const node = await transportOf({ name: prefix, trimInterval: 50, keepUnsubscribed: 5 });
      await node.publish(jobs('m', 50));
      await until('five are left', async () => (await stored(`${prefix}_MSG`)) === 5);
      const late = await member(node, { startFrom: 'oldest' });
      await until('they arrive', () => late.done.length === 5);
      expect(late.got.map(({ body }) => Number(body)).sort((a, b) => a - b)).toEqual([45, 46, 47, 48, 49]);
    });

    it('shares the partitions between members that come and go', async () => {
      const settings = { name: newName() };
      const [one, two] = [await transportOf(settings), await transportOf(settings)];
      const first = await member(one);
      const second = await member(two);
      let sent = 0;
      const keys = (): TransportMessage[] => jobs(`${++sent}-`, 40, (index) => `key ${index}`);
      await until('both get some', async () => {
        await one.publish(keys());
        return first.got.length > 0 && second.got.length > 0;
      });
      await until('all are done', () => first.done.length + second.done.length === sent * 40);
      await first.consumer.stop();
      const before = second.done.length;
      await one.publish(keys());
      await until('the other one does all', () => second.done.length === before + 40);
      expect(new Set([...first.done, ...second.done]).size).toBe(sent * 40);
    });

    it('does not count an attempt for messages that a member gave back', async () => {
      const settings = { name: newName() };
      const [one, two] = [await transportOf(settings), await transportOf(settings)];
      let release = (): void => undefined;
      const gate = new Promise<void>((resolve) => (release = resolve));
      const first = await member(one, { concurrency: 1 }, () => gate);
      await one.publish(jobs('m', 3));
      await until('it has begun', () => first.got.length === 1);
      const stopping = first.consumer.stop();
      const second = await member(two);
      await until('the other one does the rest', () => second.done.length === 2);
      release();
      await stopping;
      expect(second.got.map(({ attempt }) => attempt)).toEqual([1, 1]);
    });

    it('gives back once what reaches a member while it stops', async () => {
      const settings = { name: newName() };
      // What is given twice must be seen to come from that, and not from a server that waits no longer.
      const unhurried = { ackTimeout: 20_000 };
      const proxy = await startProxy(server);
      const [near, far] = [await transportOf(settings), await transportOf(settings, proxy.url(server.url))];
      const first = await member(far, unhurried);
      proxy.stall();
      const many = jobs('m', 8);
      for (const job of many) await near.publish([job]);
      const stopping = first.consumer.stop();
      const second = await member(near, unhurried);
      proxy.resume();
      await stopping;
      await until('the other one does them', () => many.every(({ id }) => second.done.includes(id)));
      await until('none waits', async () => (await second.consumer.status()).waiting === 0);
      expect(second.done).toHaveLength(many.length);
      expect(first.got).toEqual([]);
      await far.close();
      await proxy.stop();
    });

    it('hands on what somebody else has published to its subjects, as bytes', async () => {
      const prefix = newName();
      const node = await transportOf({ name: prefix });
      const one = await member(node);
      const connection = await rawConnection(server.url);
      connection.publish(`${prefix}.u.jobs`, 'not of Catga');
      await connection.drain();
      await until('it arrives', () => one.got.length === 1);
      expect(Buffer.from(one.got[0]?.body as Uint8Array).toString()).toBe('not of Catga');
      expect(one.got[0]).toMatchObject({ id: `${prefix}_MSG-1`, subject: 'jobs', headers: {} });
    });

    it('keeps the number of partitions that it began with, and says what is not as it should be', async () => {
      const prefix = newName();
      expect((await transportOf({ name: prefix, partitions: 4 })).warnings()).toEqual([]);
      const info = await jetStream<{ config: object }>(server.url, `STREAM.INFO.${prefix}_MSG`);
      await jetStream(server.url, `STREAM.UPDATE.${prefix}_MSG`, { ...info.config, discard: 'old' });
      const second = await transportOf({ name: prefix, partitions: 16 });
      expect(second.warnings().map(({ code }) => code)).toEqual([
        'CATGA_NATS_STREAM_SETTINGS',
        'CATGA_NATS_PARTITIONS',
      ]);
      expect(second.warnings()[0]?.message).toMatch(/has discard old: a full stream deletes its oldest messages/);
    });

    it('refuses to publish when its stream is full, and goes on when there is room', async () => {
      const node = await transportOf({ maxWaitingBytes: 100_000, trimInterval: 50 });
      const parked = await member(node);
      parked.consumer.pause();
      const large = jobs('m', 1).map((job) => ({ ...job, body: 'x'.repeat(30_000) }));
      const error = await errorOf(
        (async () => {
          for (;;) await node.publish(large);
        })(),
      );
      expect(error).toMatchObject({ code: 'CATGA_TRANSPORT_FULL', kind: 'infrastructure' });
      parked.consumer.resume();
      await until('there is room again', () =>
        node.publish(large).then(
          () => true,
          () => false,
        ),
      );
    });

    it('says why it cannot be opened', async () => {
      const strict = await startNats({ program, jetstream: false, config: 'authorization { user: a, password: b }' });
      const code = async (servers: string): Promise<string | undefined> =>
        (await errorOf(openTransport(servers, { connectTimeout: 300 }))).code;
      try {
        const at = (user: string): string => strict.url.replace('//', `//${user}@`);
        expect(await code(at('a:wrong'))).toBe('CATGA_TRANSPORT_AUTHENTICATION');
        expect(await code(at('a:b'))).toBe('CATGA_TRANSPORT_CONFIGURATION');
      } finally {
        await strict.stop();
      }
      expect(await code(strict.url)).toBe('CATGA_TRANSPORT_CONNECTION');
      expect(() => new NatsTransport({ partition: 3 } as object)).toThrow(/Did you mean "partitions"/);
    });

    it.each([true, false])('is the transport of an application (the store too: %s)', async (store) => {
      const app = await Test.createTestingModule({
        imports: [CatgaModule.forRoot(), CatgaNatsModule.forRoot({ servers: server.url, name: newName(), store })],
      }).compile();
      await app.init();
      const transport = app.get(Transport, { strict: false });
      expect(transport).toBeInstanceOf(NatsTransport);
      await transport.publish(jobs('m', 1));
      await app.close();
      expect(await errorOf(transport.ping())).toMatchObject({ code: 'CATGA_TRANSPORT_CLOSED' });
    });
  });
}
