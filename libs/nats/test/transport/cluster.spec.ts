import type { NatsTransport } from '@catga/nats';
import { Logger } from '@nestjs/common';
import { natsPrograms, startNatsCluster, type ClusterHandle } from '../../../../tools/servers/index.mjs';
import { newName, pause } from '../tools.js';
import { member, openTransport, until } from './tools.js';

Logger.overrideLogger(false);

/** The newest program: below 2.9.21 streams with several copies are not safe, and the transport says so. */
const { name, program } = natsPrograms().at(-1) as { name: string; program: string };

describe(`NatsTransport with three copies on a cluster of three, ${name}`, () => {
  let cluster: ClusterHandle;
  const open: NatsTransport[] = [];

  beforeAll(async () => {
    cluster = await startNatsCluster(3, { program });
  }, 60_000);
  afterAll(async () => {
    await Promise.all(open.map((transport) => transport.close()));
    await cluster.stop();
  });

  const transportOf = async (node: number, options: { name: string }): Promise<NatsTransport> => {
    const transport = await openTransport(cluster.urls[node] as string, { replicas: 3, ...options });
    open.push(transport);
    return transport;
  };

  it('takes a message once that is published at the same time through every server', async () => {
    const settings = { name: newName() };
    const transports = await Promise.all([0, 1, 2].map((node) => transportOf(node, settings)));
    const { done } = await member(transports[0] as NatsTransport, { qos: 2 });
    for (let round = 0; round < 20; round++) {
      const message = { id: `m${round}`, subject: 'jobs', body: 'x' };
      await Promise.all([...transports, ...transports].map((transport) => transport.publish([message], { qos: 2 })));
    }
    await (transports[0] as NatsTransport).publish([{ id: 'last', subject: 'jobs', body: 'x' }], { qos: 2 });
    await until('all are handled', () => done.includes('last') && done.length > 20);
    expect(done.toSorted()).toEqual(['last', ...Array.from({ length: 20 }, (_, round) => `m${round}`)].toSorted());
  }, 30_000);

  it('lets members of all nodes join new subscriptions at the same moment', async () => {
    const settings = { name: newName() };
    const transports = await Promise.all([0, 1, 2].map((node) => transportOf(node, settings)));
    // One of them makes the consumer, and the others ask for it while it has no leader yet.
    for (let round = 0; round < 8; round++) {
      const members = await Promise.all(transports.map((transport) => member(transport, { name: `joined${round}` })));
      const id = `m${round}`;
      await (transports[0] as NatsTransport).publish([{ id, subject: 'jobs', body: 'x' }]);
      await until('one of them has it', () => members.some(({ done }) => done.includes(id)));
      await Promise.all(members.map(({ consumer }) => consumer.stop()));
      expect(members.flatMap(({ done }) => done)).toEqual([id]);
    }
  }, 60_000);

  it('loses no acknowledged message and keeps the order of keys while one server after the other is killed -9', async () => {
    const settings = { name: newName() };
    const [producer, first, second] = await Promise.all([0, 1, 2].map((node) => transportOf(node, settings)));
    const seen = new Map<string, number[]>();
    const members = await Promise.all(
      [first, second].map((node) =>
        member(node as NatsTransport, { maxAttempts: 50, concurrency: 8 }, async ({ key = '', body }) => {
          const of = seen.get(key) ?? [];
          seen.set(key, of);
          of.push(Number(body));
        }),
      ),
    );
    const acknowledged: string[] = [];
    let isOver = false;
    const publish = async (key: string): Promise<void> => {
      for (let number = 0; !isOver; number++) {
        const message = { id: `${key}-${number}`, subject: 'jobs', key, body: String(number) };
        // The same message until it is acknowledged: its order among those of its key is that of the first time.
        for (let isKept = false; !isKept && !isOver;) {
          isKept = await (producer as NatsTransport).publish([message]).then(() => true, () => false); // prettier-ignore
          if (isKept) acknowledged.push(message.id);
          await pause(10);
        }
      }
    };
    const publishing = Promise.all(['a', 'b', 'c', 'd'].map(publish));
    try {
      for (const node of cluster.nodes) {
        const before = acknowledged.length;
        await until('some were acknowledged', () => acknowledged.length > before + 50);
        await node.kill9();
        const meanwhile = acknowledged.length;
        await until('more were, without that server', () => acknowledged.length > meanwhile + 50);
        await node.restart();
        await cluster.ready();
      }
    } finally {
      isOver = true;
      await publishing;
    }
    const isAllDone = (): boolean => {
      const done = new Set(members.flatMap((one) => one.done));
      return acknowledged.every((id) => done.has(id));
    };
    await until('everything acknowledged is handled', isAllDone, 40_000);
    // Below 2.9.21 the order of keys is not promised with several copies, and the transport says so.
    if (producer?.warnings().some(({ code }) => code === 'CATGA_NATS_REPLICATED_CAS') === true) return;
    // Handled again perhaps, but never one for the first time after a later one of its key.
    for (const numbers of seen.values()) {
      const firstTimes = [...new Set(numbers)];
      expect(firstTimes).toEqual(firstTimes.toSorted((a, b) => a - b));
    }
  }, 90_000);
});
