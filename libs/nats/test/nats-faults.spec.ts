import { assertHistory, HistoryClient, historyWorkload, MemoryHistory, readFinalLog } from '@catga/testing';
import type { NatsStore } from '@catga/nats';
import { Logger } from '@nestjs/common';
import { natsPrograms, startNats, startProxy, type Proxy, type ServerHandle } from '../../../tools/servers/index.mjs';
import { append, Child, dataOf, errorOf, openAgain, openStore, pause, until } from './tools.js';

Logger.overrideLogger(false);

/** A server of its own for each test: these tests kill it. */
let server: ServerHandle;
let proxy: Proxy;
const stores: NatsStore[] = [];
const children: Child[] = [];

afterEach(async () => {
  await Promise.all(children.splice(0).map((child) => child.end()));
  proxy.resume();
  await proxy.heal();
  if (server.pid === undefined) await server.restart();
  await Promise.all(stores.splice(0).map((store) => store.close()));
  await proxy.stop();
  await server.stop();
});

async function opened(store: Promise<NatsStore>): Promise<NatsStore> {
  stores.push(await store);
  return store;
}

for (const { name, program } of natsPrograms()) {
  describe(`A NatsStore when ${name} fails`, () => {
    beforeEach(async () => {
      server = await startNats({ program });
      proxy = await startProxy(server);
    });

    it('loses no acknowledged commit and doubles none while the server is killed -9 again and again', async () => {
      // So often that servers die in the middle of snapshots as well.
      const options = { snapshots: { messages: 50 } };
      const first = await opened(openStore(server.url, options));
      const second = await opened(openAgain(first, server.url, options));
      const history = new MemoryHistory();
      let stopped = false;
      const clients = [first, second].flatMap((store, node) =>
        [0, 1, 2].map((client) =>
          historyWorkload(new HistoryClient(store, history, `${node}-${client}`), {
            operations: Number.POSITIVE_INFINITY,
            retries: client,
            stopped: () => stopped,
          }),
        ),
      );
      for (let round = 0; round < 4; round++) {
        const before = history.entries.length;
        await until(() => history.entries.length > before + 600, 'work goes on');
        await server.kill9();
        await server.restart();
      }
      const before = history.entries.length;
      await until(() => history.entries.length > before + 600, 'work goes on');
      stopped = true;
      await Promise.all(clients);
      const third = await opened(openAgain(first, server.url));
      const log = await readFinalLog(third);
      const counts = assertHistory({ history: history.entries, log });
      expect(counts.acknowledged).toBeGreaterThan(100);
      expect(counts.refused).toBeGreaterThan(10);
      expect(counts.reads).toBeGreaterThan(100);
      // Every node has come to the same state.
      expect(await readFinalLog(first)).toEqual(log);
      expect(await readFinalLog(second)).toEqual(log);
    }, 60_000);

    it('does each commit once when the network is cut in the middle, again and again', async () => {
      const store = await opened(openStore(proxy.url(server.url)));
      const done: string[] = [];
      let stopped = false;
      const client = async (number: number): Promise<void> => {
        for (let count = 0; !stopped; count++) {
          const data = `${number}-${count}`;
          await append(store, 's', data);
          done.push(data);
        }
      };
      const clients = Promise.all(Array.from({ length: 8 }, (_, number) => client(number)));
      for (let round = 0; round < 5; round++) {
        const before = done.length;
        await until(() => done.length > before + 50, 'commits go on');
        await proxy.cut();
        await pause(round * 40);
        await proxy.heal();
      }
      stopped = true;
      await clients;
      const direct = await opened(openAgain(store, server.url));
      expect((await dataOf(direct, 's')).map(String).toSorted()).toEqual(done.toSorted());
    }, 40_000);

    it('says whether a commit may have been written when no answer comes in time, and works again by itself', async () => {
      const store = await opened(openStore(proxy.url(server.url), { commandTimeout: 400 }));
      proxy.stall();
      const lost = await errorOf(append(store, 's', 'sent'));
      expect(lost).toMatchObject({ code: 'CATGA_STORE_CONNECTION', kind: 'infrastructure' });
      expect(lost.message).toContain('whether it was written is unknown');
      expect(await errorOf(store.getRecord('c', 'k'))).toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
      expect(await errorOf(store.ping())).toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
      await proxy.cut();
      proxy.resume();
      await pause(50);
      const unsent = await errorOf(append(store, 's', 'never sent'));
      expect(unsent).toMatchObject({ code: 'CATGA_STORE_CONNECTION' });
      expect(unsent.message).toContain('Nothing was written');
      await proxy.heal();
      await until(() => store.ping().then(() => true, () => false), 'the store is back'); // prettier-ignore
      await append(store, 's', 'back');
      const data = await dataOf(store, 's');
      expect(data.at(-1)).toBe('back');
      expect(data).not.toContain('never sent');
    });

    it('commits what waits while the server is restarted, and does not open while it is down', async () => {
      const store = await opened(openStore(server.url));
      await append(store, 's', 'before');
      await server.kill9();
      const waiting = append(store, 's', 'meanwhile');
      expect(await errorOf(openAgain(store, server.url, { connectTimeout: 300 }))).toMatchObject({
        code: 'CATGA_NATS_UNREACHABLE',
      });
      await server.restart();
      expect((await waiting).versions).toEqual([2]);
      expect(await dataOf(store, 's')).toEqual(['before', 'meanwhile']);
    });

    it('refuses an owner that was frozen while somebody else went on', async () => {
      const store = await opened(openStore(server.url));
      const owner = new Child('owner.mjs', [server.url, store.name]);
      children.push(owner);
      await owner.printed('wrote 3');
      owner.signal('SIGSTOP');
      await pause(300); // what it has sent arrives
      const { length } = await store.readStream('owned');
      await append(store, 'owned', 'taken over');
      await pause(1_000);
      owner.signal('SIGCONT');
      await owner.printed('CATGA_VERSION_CONFLICT');
      expect((await dataOf(store, 'owned')).slice(length)).toEqual(['taken over']);
    });
  });
}
