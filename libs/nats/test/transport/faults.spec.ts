import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { IncomingMessage, TransportMessage } from '@catga/core';
import type { NatsTransport } from '@catga/nats';
import { natsPrograms, startNats, startProxy, type ServerHandle } from '../../../../tools/servers/index.mjs';
import { errorOf, newName } from '../tools.js';
import { jobs, member, openTransport, until } from './tools.js';

/** Milliseconds that a test may take: servers are killed and started, members are waited for. */
const LIMIT = 60_000;

for (const { name, program } of natsPrograms()) {
  describe(`NatsTransport on ${name}, when something fails,`, () => {
    let server: ServerHandle;
    const open: NatsTransport[] = [];
    const children: ChildProcess[] = [];
    const transportOf = async (servers = server.url, options = {}): Promise<NatsTransport> => {
      const transport = await openTransport(servers, options);
      open.push(transport);
      return transport;
    };

    beforeAll(async () => {
      server = await startNats({ program });
    });
    afterEach(async () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await Promise.all(open.splice(0).map((transport) => transport.close()));
    });
    afterAll(() => server.stop());

    it(
      'loses no message that was acknowledged when the server is killed, and goes on by itself',
      async () => {
        const own = await startNats({ program });
        try {
          const settings = { name: newName(), trimInterval: 50 };
          const [producer, node] = [await transportOf(own.url, settings), await transportOf(own.url, settings)];
          const one = await member(node, { maxAttempts: 50, concurrency: 8 }, async ({ attempt, body }) => {
            if (attempt === 1 && Number(body) % 7 === 0) throw new Error('once');
          });
          const acknowledged: string[] = [];
          let isOver = false;
          const publishing = publishUntil(producer, acknowledged, () => isOver);
          for (let round = 1; round <= 3; round++) {
            await until('some were acknowledged', () => acknowledged.length >= round * 200);
            await own.kill9();
            await own.restart();
          }
          await until('more were acknowledged', () => acknowledged.length >= 1_000);
          isOver = true;
          await publishing;
          await until(
            'everything acknowledged is done',
            () => new Set([...acknowledged, ...one.done]).size === new Set(one.done).size,
          );
          expect(acknowledged.filter((id) => !one.done.includes(id))).toEqual([]);
        } finally {
          await Promise.all(open.splice(0).map((transport) => transport.close()));
          await own.stop();
        }
      },
      LIMIT,
    );

    it(
      'keeps the order of keys when the network between a member and the server breaks, again and again',
      async () => {
        const proxy = await startProxy(server);
        const settings = { name: newName() };
        const [producer, node] = [
          await transportOf(server.url, settings),
          await transportOf(proxy.url(server.url), settings),
        ];
        const finished: IncomingMessage[] = [];
        await member(node, { maxAttempts: 50, concurrency: 8 }, async (message) => {
          await new Promise((resolve) => setTimeout(resolve, 1));
          finished.push(message);
        });
        const messages = jobs('m', 3_000, (index) => `key ${index % 20}`);
        for (let at = 0; at < messages.length; at += 500) {
          await producer.publish(messages.slice(at, at + 500));
          await until('some are done', () => finished.length > at / 2);
          await proxy.cut();
          await proxy.heal();
        }
        await until('all are done', () => new Set(finished.map(({ id }) => id)).size === messages.length, 30_000);
        // What was done twice may come late; the first time of each is in order.
        const firsts = finished.filter(({ id }, index) => finished.findIndex((other) => other.id === id) === index);
        for (let key = 0; key < 20; key++) {
          const bodies = firsts.filter((message) => message.key === `key ${key}`).map(({ body }) => Number(body));
          expect(bodies).toEqual([...bodies].sort((a, b) => a - b));
        }
        await proxy.stop();
      },
      LIMIT,
    );

    it(
      'says that publishing failed while the connection is away, and publishes when it is back',
      async () => {
        const proxy = await startProxy(server);
        const node = await transportOf(proxy.url(server.url));
        const one = await member(node);
        await proxy.cut();
        await until('it is noticed', async () => (await one.consumer.status()).state === 'disconnected');
        expect(await errorOf(node.publish(jobs('lost', 1)))).toMatchObject({ code: 'CATGA_TRANSPORT_CONNECTION' });
        expect(await errorOf(node.publish(jobs('lost', 1), { qos: 0 }))).toMatchObject({
          code: 'CATGA_TRANSPORT_CONNECTION',
        });
        expect(await errorOf(node.request(jobs('lost', 1)[0] as TransportMessage))).toMatchObject({
          code: 'CATGA_TRANSPORT_CONNECTION',
        });
        expect(await errorOf(node.ping())).toMatchObject({ code: 'CATGA_TRANSPORT_CONNECTION' });
        await proxy.heal();
        await until('it is back', async () => (await one.consumer.status()).state === 'running');
        await node.publish(jobs('m', 5));
        await until('they arrive', () => one.done.length === 5);
        await proxy.stop();
      },
      LIMIT,
    );

    it(
      'gives the messages of a member that is killed to another one, with their attempts counted',
      async () => {
        const name = newName();
        const node = await transportOf(server.url, { name });
        const victim = await startMember(name);
        const messages = [...jobs('m', 10), ...jobs('k', 10, () => 'key')];
        await node.publish(messages);
        await until('it has begun four', () => victim.begun.length === 4);
        victim.child.kill('SIGKILL');
        const heir = await member(node);
        await until('the heir has done all', () => heir.done.length >= 20);
        expect([...heir.done].sort()).toEqual(messages.map(({ id }) => id).sort());
        expect(heir.done.filter((id) => id.startsWith('k'))).toEqual(jobs('k', 10).map(({ id }) => id));
        const again = heir.got.filter(({ id }) => victim.begun.some((one) => one.id === id));
        expect(again.map(({ attempt }) => attempt)).toEqual(again.map(() => 2));
      },
      LIMIT,
    );

    it(
      'gives the messages of a frozen member to another one, and takes no harm when it thaws',
      async () => {
        const name = newName();
        const node = await transportOf(server.url, { name });
        const frozen = await startMember(name);
        await node.publish([...jobs('m', 10), ...jobs('k', 10, () => 'key')]);
        await until('it has begun four', () => frozen.begun.length === 4);
        frozen.child.kill('SIGSTOP');
        const heir = await member(node);
        await until('the heir has done all', () => heir.done.length >= 20);
        frozen.child.kill('SIGCONT');
        // Longer than the ack timeout of one second: it would have taken the messages back by then.
        await new Promise((resolve) => setTimeout(resolve, 1_500));
        expect(heir.done).toHaveLength(20);
        expect(frozen.begun).toHaveLength(4);
        frozen.child.kill('SIGKILL');
        await node.publish(jobs('k', 8, (index) => `other ${index}`).map((job) => ({ ...job, id: `late ${job.id}` })));
        await until('the heir has all partitions again', () => heir.done.length >= 28);
      },
      LIMIT,
    );

    async function startMember(name: string) {
      const program = join(import.meta.dirname, '../fixtures/member.mjs');
      const child = spawn(process.execPath, [program, server.url, name], { stdio: ['ignore', 'pipe', 'inherit'] });
      children.push(child);
      const begun: { id: string; attempt: number }[] = [];
      let isReady = false;
      createInterface({ input: child.stdout }).on('line', (line) => {
        if (line === 'ready') isReady = true;
        else begun.push(JSON.parse(line) as { id: string; attempt: number });
      });
      await until('the member is ready', () => isReady);
      return { child, begun };
    }
  });
}

/** Publishes one after the other, again and again when it fails, and notes what was acknowledged. */
async function publishUntil(transport: NatsTransport, acknowledged: string[], isOver: () => boolean): Promise<void> {
  const lanes = Array.from({ length: 8 }, async (_, lane) => {
    for (let count = 0; !isOver(); count++) {
      const id = `${lane}-${count}`;
      const key = count % 2 === 0 ? { key: `key ${lane}` } : {};
      try {
        await transport.publish([{ id, subject: 'jobs', body: String(count), ...key }]);
        acknowledged.push(id);
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    }
  });
  await Promise.all(lanes);
}
