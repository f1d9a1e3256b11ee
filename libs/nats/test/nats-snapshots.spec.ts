import type { CommitBatch, Store } from '@catga/core';
import type { NatsStore, NatsStoreOptions } from '@catga/nats';
import { Logger } from '@nestjs/common';
import { natsPrograms, startNats, type ServerHandle } from '../../../tools/servers/index.mjs';
import { append, dataOf, errorOf, jetStream, openAgain, openStore, rawConnection, until } from './tools.js';

Logger.overrideLogger(false);

interface Info {
  readonly state: { readonly messages: number; readonly first_seq: number; readonly last_seq: number };
}

/** What a store tells of itself. */
async function everything(store: Store): Promise<unknown> {
  return {
    log: await store.readAll({ closed: true, limit: 100_000 }),
    records: await store.findRecords({ collection: 'c', limit: 10_000 }),
    due: await store.findRecords({ collection: 'c', order: 'due', tags: ['even'] }),
    kept: await store.readStream('kept'),
    cut: await store.getStream('cut'),
    archived: await store.getStream('archived'),
  };
}

for (const { name, program } of natsPrograms()) {
  describe(`Snapshots of a NatsStore on ${name}`, () => {
    let server: ServerHandle;
    const stores: NatsStore[] = [];

    beforeAll(async () => {
      server = await startNats({ program, config: 'max_payload: 65536' });
    });
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });
    afterAll(() => server.stop());

    const open = async (options: NatsStoreOptions = {}): Promise<NatsStore> => {
      const store = await openStore(server.url, { snapshots: { messages: 100 }, ...options });
      stores.push(store);
      return store;
    };
    const again = async (store: NatsStore, options: NatsStoreOptions = {}): Promise<NatsStore> => {
      const other = await openAgain(store, server.url, options);
      stores.push(other);
      return other;
    };
    const log = (store: NatsStore): Promise<Info> => jetStream<Info>(server.url, `STREAM.INFO.${store.name}_LOG`);
    const manifests = async (store: NatsStore): Promise<number> => {
      const body = { subjects_filter: `catga.store.${store.name}.snap.manifest` };
      const info = await jetStream<{ state?: { subjects?: Record<string, number> } }>(
        server.url,
        `STREAM.INFO.${store.name}_SNAP`,
        body,
      );
      return Object.values(info.state?.subjects ?? {})[0] ?? 0;
    };

    /** Commits of every kind, one message each; `round` makes them different. */
    const work = async (store: NatsStore, round: number, count = 110): Promise<void> => {
      for (let index = 0; index < count; index++) {
        const events = [{ type: 't', data: `${round}-${index}-${'ä'.repeat(300)}`, metadata: new Uint8Array([index]) }];
        const batch: CommitBatch = {
          id: `${round}-${index}`,
          appends: [
            { stream: index % 10 === 0 ? 'kept' : `passing-${round}-${index}`, expectedVersion: 'any', events },
          ],
          records: [{ collection: 'c', key: `k${index}`, value: `${round}`, dueAt: 1_000 - index, tags: ['even'] }],
          ...(index > 3 && { deleteStreams: [`passing-${round}-${index - 1}`] }),
        };
        await store.commit(batch);
      }
      const events = [0, 1, 2].map((index) => ({ type: 't', data: `${round}-${index}`, tags: ['a'] }));
      await store.commit({
        appends: [
          { stream: 'cut', expectedVersion: 'any', events },
          { stream: 'large', expectedVersion: 'any', events: [{ type: 't', data: 'y'.repeat(100_000) }] },
        ],
        streams: [{ stream: 'cut', truncateBefore: round * 3 }],
        records: [{ collection: 'c', key: `bytes-${round}`, value: new Uint8Array([1, 2, round]) }],
      });
      if (round === 1) {
        await append(store, 'archived');
        await store.commit({ streams: [{ stream: 'archived', state: 'archived' }] });
      }
    };
    it('lead a node that starts to the same state as those that have seen everything', async () => {
      const first = await open();
      const second = await again(first, { snapshots: { messages: 100 } });
      for (let round = 1; round <= 4; round++) {
        await work(round % 2 === 0 ? first : second, round);
        await until(async () => (await manifests(first)) >= Math.min(round, 2), 'a snapshot is there');
      }
      await until(async () => (await log(first)).state.first_seq > 1, 'the log gets shorter');
      await append(first, 'kept', 'after the snapshot');
      const third = await again(first, { cacheSize: 0 });
      expect(await everything(third)).toEqual(await everything(first));
      expect(await everything(second)).toEqual(await everything(first));
      // It knows the ids as well, and counts on as the others do.
      const known: CommitBatch = { id: '1-5', appends: [] };
      expect(await third.commit(known)).toEqual(await first.commit(known));
      expect(await third.commit(known)).toMatchObject({ repeated: true });
      const { versions } = await append(third, 'kept', 'by the third');
      expect((await first.getStream('kept'))?.version).toBe(versions[0]);
      expect(await everything(third)).toEqual(await everything(first));
    }, 30_000);

    it('let the log forget what no event needs, and nothing else', async () => {
      const store = await open({ cacheSize: 0 });
      await append(store, 'oldest', 'the first of all');
      for (let round = 1; round <= 3; round++) {
        await work(store, round);
        await until(async () => (await manifests(store)) >= Math.min(round, 2), 'a snapshot is there');
      }
      const { state } = await log(store);
      await until(async () => (await log(store)).state.messages < state.last_seq - 80, 'the log gets shorter');
      expect(await dataOf(store, 'oldest')).toEqual(['the first of all']);
      expect(await dataOf(await again(store, { cacheSize: 0 }), 'oldest')).toEqual(['the first of all']);
      expect((await dataOf(store, 'large')).map((data) => (data as string).length)).toEqual([
        100_000, 100_000, 100_000,
      ]);
    }, 30_000);

    it('are passed over when they are damaged: the one before them, or the log, leads to the same state', async () => {
      const store = await open({ snapshots: { messages: 100 } });
      await work(store, 1);
      await until(async () => (await manifests(store)) >= 1, 'a snapshot is there');
      await work(store, 2);
      await until(async () => (await manifests(store)) >= 2, 'a second one is there');
      const expected = await everything(store);
      const snap = `${store.name}_SNAP`;
      const { state } = await jetStream<Info>(server.url, `STREAM.INFO.${snap}`);
      const newest = state.last_seq;
      // The chunk before the manifest, then the manifest, then all of them.
      for (const body of [{ seq: newest - 1 }, { seq: newest }]) {
        await jetStream(server.url, `STREAM.MSG.DELETE.${snap}`, body);
        const other = await again(store, { snapshots: false });
        expect(await everything(other)).toEqual(expected);
        await other.close();
      }
      await jetStream(server.url, `STREAM.DELETE.${snap}`);
      const { first_seq: first } = (await log(store)).state;
      const opening = again(store, { snapshots: false });
      if (first > 1) expect(await errorOf(opening)).toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
      else expect(await everything(await opening)).toEqual(expected);
    }, 30_000);

    it('let commits go on while they are written, and are of the moment at which they were begun', async () => {
      const store = await open({ snapshots: { messages: 100_000, bytes: 6_000_000 } });
      const outside = await rawConnection(server.url);
      let chunks = 0;
      let complete = false;
      outside.subscribe(`catga.store.${store.name}.snap.>`, {
        callback: (_, { subject }) => {
          if (subject.endsWith('.manifest')) complete = true;
          else chunks++;
        },
      });
      await outside.flush();
      const events = Array.from({ length: 10_000 }, () => ({ type: 't', data: 'x'.repeat(60) }));
      const acknowledgedAt: number[] = [];
      for (let count = 0; !complete; count++) {
        const records = [{ collection: 'c', key: `k${count % 50}`, value: `${count}`, tags: ['even'] }];
        const appends = [{ stream: 'kept', expectedVersion: 'any' as const, events: count < 8 ? events : events.slice(0, 1) }]; // prettier-ignore
        await store.commit({ appends, records });
        if (chunks > 0 && !complete) acknowledgedAt.push(chunks);
      }
      await outside.close();
      // Some wait for the last chunk in any case.
      expect(chunks).toBeGreaterThan(20);
      expect(acknowledgedAt.filter((written) => written < chunks / 2).length).toBeGreaterThan(2);
      // Compared as text: Jest needs seconds for so many events.
      const expected = JSON.stringify(await everything(store));
      expect(JSON.stringify(await everything(await again(store, { snapshots: false }))) === expected).toBe(true);
    }, 30_000);

    it('of a log that was deleted are none of the next one', async () => {
      const store = await open();
      await work(store, 1);
      await until(async () => (await manifests(store)) >= 1, 'a snapshot is there');
      await store.close();
      await jetStream(server.url, `STREAM.DELETE.${store.name}_LOG`);
      const anew = await again(store);
      expect(await everything(anew)).toMatchObject({ log: { events: [], position: 0 }, kept: [] });
    }, 30_000);
  });
}
