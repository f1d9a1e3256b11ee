import type { CommitNotice } from '@catga/core';
import { NatsTransport, type NatsStore } from '@catga/nats';
import { assertHistory, HistoryClient, historyWorkload, MemoryHistory, readFinalLog } from '@catga/testing';
import { Logger } from '@nestjs/common';
import { natsPrograms, startNats, startProxy, type Proxy, type ServerHandle } from '../../../tools/servers/index.mjs';
import {
  append,
  Child,
  compacted,
  dataOf,
  DeafProxy,
  endOfLog,
  errorOf,
  jetStream,
  Logged,
  newName,
  openAgain,
  openStore,
  until,
} from './tools.js';

const GOES_ON = 'goes on from the snapshot';
const often = { snapshots: { messages: 30 } };
let server: ServerHandle;
let proxy: Proxy;
let deaf: DeafProxy;
let logged: Logged;
const stores: NatsStore[] = [];

async function opened(store: Promise<NatsStore>): Promise<NatsStore> {
  stores.push(await store);
  return store;
}

for (const { name, program } of natsPrograms()) {
  describe(`A node of a NatsStore that was away for long, on ${name}`, () => {
    beforeAll(async () => {
      server = await startNats({ program });
    });
    afterAll(() => server.stop());
    beforeEach(async () => {
      Logger.overrideLogger((logged = new Logged()));
      proxy = await startProxy(server);
      deaf = await DeafProxy.start(server.port);
    });
    afterEach(async () => {
      proxy.resume();
      await proxy.heal();
      deaf.renew();
      await Promise.all(stores.splice(0).map((store) => store.close()));
      await proxy.stop();
      await deaf.stop();
    });

    /** Commits whose messages nobody needs once there is a snapshot. */
    const passing = async (store: NatsStore): Promise<void> => {
      for (let count = 0; count < 10; count++) await store.commit({ records: [{ collection: 'c', key: 'k', value: `${count}` }] }); // prettier-ignore
    };

    it('goes on with the newest snapshot, and whoever listens there is told', async () => {
      const store = await opened(openStore(server.url, often));
      const away = await opened(openAgain(store, proxy.url(server.url)));
      await append(away, 's', 'before');
      const notices: CommitNotice[] = [];
      proxy.stall();
      away.onCommit((notice) => notices.push(notice));
      await append(store, 's', 'meanwhile');
      await compacted(server.url, store.name, () => passing(store));
      await append(store, 's', 'after');
      await proxy.cut();
      proxy.resume();
      await proxy.heal();
      await until(() => logged.count(GOES_ON) === 1, 'it goes on');
      await until(() => notices.some(({ streams }) => streams === undefined), 'its listeners are told');
      expect(await dataOf(away, 's')).toEqual(['before', 'meanwhile', 'after']);
      expect(await away.getRecord('c', 'k')).toEqual(await store.getRecord('c', 'k'));
      // Both ways, as if nothing had happened.
      const { versions } = await append(away, 's', 'by the one that was away');
      expect(versions).toEqual([4]);
      notices.length = 0;
      await append(store, 's', 'last');
      await until(() => notices.some(({ streams }) => streams?.includes('s') === true), 'its listeners are told again');
      expect(await dataOf(away, 's')).toEqual(await dataOf(store, 's'));
    }, 30_000);

    it('answers commits that were decided meanwhile by their id, or says that it does not know, and does the others once', async () => {
      const store = await opened(openStore(server.url, often));
      const away = await opened(openAgain(store, deaf.url, { commandTimeout: '40s', snapshots: false }));
      await store.commit({ records: [{ collection: 'own', key: 'exists', value: 'x' }] });
      await away.ping();
      deaf.loseAnswers();
      const own = (key: string, id?: string, ifVersion?: number): Promise<unknown> =>
        away
          .commit({
            ...(id !== undefined && { id }),
            records: [{ collection: 'own', key, value: key, ...(ifVersion !== undefined && { ifVersion }) }],
          })
          .catch((error: Error) => error);
      const withId = own('with an id', 'its id');
      const written = (): Promise<boolean> => store.getRecord('own', 'with an id').then((record) => record !== undefined); // prettier-ignore
      await until(written, 'the first message is in the log');
      const withoutId = own('without an id');
      const refused = own('exists', 'refused', 0);
      const both = async (): Promise<boolean> => (await store.getRecord('own', 'without an id')) !== undefined;
      await until(both, 'the second message is in the log');
      await compacted(server.url, store.name, () => passing(store));
      deaf.renew();
      // At the latest when the next connection is there, which has yet to be made: it was in no snapshot.
      const later = own('later', 'later');
      expect(await withId).toMatchObject({ recordVersions: [1], repeated: true });
      for (const error of (await Promise.all([withoutId, refused])) as Error[]) {
        expect(error).toMatchObject({ code: 'CATGA_STORE_CONNECTION', kind: 'infrastructure' });
        expect(error.message).toContain('Whether it was written is unknown');
      }
      expect(await later).toMatchObject({ recordVersions: [1] });
      expect(logged.count(GOES_ON)).toBe(1);
      for (const key of ['with an id', 'without an id', 'later', 'exists']) {
        expect(await away.getRecord('own', key)).toMatchObject({ version: 1 });
      }
      expect(await away.findRecords({ collection: 'own' })).toEqual(await store.findRecords({ collection: 'own' }));
    }, 40_000);

    it('keeps the history whole, over many absences', async () => {
      const store = await opened(openStore(server.url, often));
      // It makes none itself: one that is cut off in the middle of it keeps the others from it for five minutes.
      const away = await opened(openAgain(store, proxy.url(server.url), { snapshots: false }));
      const history = new MemoryHistory();
      let stopped = false;
      const clients = [store, store, away, away].map((node, client) =>
        historyWorkload(new HistoryClient(node, history, `${client}`), {
          operations: Number.POSITIVE_INFINITY,
          retries: client % 2,
          stopped: () => stopped,
        }),
      );
      try {
        for (let round = 1; round <= 3; round++) {
          const before = history.entries.length;
          await until(() => history.entries.length > before + 200, 'work goes on');
          proxy.stall();
          await compacted(server.url, store.name, () => passing(store));
          await proxy.cut();
          proxy.resume();
          await proxy.heal();
          await until(() => logged.count(GOES_ON) >= round, 'it goes on');
        }
      } finally {
        stopped = true;
        await Promise.all(clients);
      }
      const log = await readFinalLog(store);
      expect(await readFinalLog(away)).toEqual(log);
      expect(await readFinalLog(await opened(openAgain(store, server.url)))).toEqual(log);
      expect(assertHistory({ history: history.entries, log }).acknowledged).toBeGreaterThan(100);
    }, 60_000);

    it('goes on in an OS process that was frozen', async () => {
      const store = await opened(openStore(server.url, often));
      const child = new Child('frozen.mjs', [server.url, store.name]);
      try {
        await child.printed('kept 20');
        child.signal('SIGSTOP');
        // More than what waits in its socket, so that it has missed something for certain.
        const large = 'x'.repeat(200_000);
        for (let count = 0; count < 100; count++) await store.commit({ records: [{ collection: 'c', key: 'k', value: large }] }); // prettier-ignore
        await compacted(server.url, store.name, () => passing(store));
        child.signal('SIGCONT');
        await until(() => child.lines.some((line) => line.includes(GOES_ON)), 'it goes on');
        const kept = (): number => child.lines.filter((line) => line.startsWith('kept')).length;
        const before = kept();
        await until(() => kept() > before + 20, 'it works');
      } finally {
        await child.end();
      }
      const data = (await dataOf(store, 'owned')).map(Number);
      const told = child.lines.filter((line) => line.startsWith('kept')).map((line) => Number(line.slice(5)));
      expect(data).toEqual(expect.arrayContaining(told));
      expect(data).toEqual([...new Set(data)].toSorted((a, b) => a - b));
    }, 40_000);

    it('stops, and says that data was lost, when what is missing is in no snapshot', async () => {
      const store = await opened(openStore(server.url, { snapshots: false }));
      const away = await opened(openAgain(store, proxy.url(server.url)));
      await append(away, 's', 'before');
      proxy.stall();
      for (const data of ['lost', 'kept']) await append(store, 's', data);
      const last = await endOfLog(server.url, store.name);
      await jetStream(server.url, `STREAM.MSG.DELETE.${store.name}_LOG`, { seq: last - 1, no_erase: true });
      await proxy.cut();
      proxy.resume();
      await proxy.heal();
      const lost = { code: 'CATGA_STORE_DATA_LOSS' };
      await until(() => away.ping().then(() => false, (error: { code: string }) => error.code === lost.code), 'it stops'); // prettier-ignore
      expect((await errorOf(append(away, 's'))).message).toContain('no snapshot has them');
      expect(await errorOf(away.readStream('s'))).toMatchObject(lost);
    }, 30_000);

    it('says once that its server was lost, and once that it is back', async () => {
      await opened(openStore(proxy.url(server.url)));
      const transport = new NatsTransport({ servers: proxy.url(server.url), name: newName() });
      await transport.open();
      for (let round = 1; round <= 2; round++) {
        await proxy.cut();
        await until(() => logged.count('Lost the connection of the') === round * 2, 'it says that the server is lost');
        await new Promise((resolve) => setTimeout(resolve, 500)); // several attempts fail
        await proxy.heal();
        await until(() => logged.count('Regained the connection of the') === round * 2, 'it says that it is back');
      }
      await transport.close();
      for (const what of ['store t-', 'transport']) {
        expect(logged.count(`warn: Lost the connection of the ${what}`)).toBe(2);
        expect(logged.count(`log: Regained the connection of the ${what}`)).toBe(2);
      }
    });
  });
}
