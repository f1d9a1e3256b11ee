import { cpSync, rmSync } from 'node:fs';
import { CatgaModule, Store } from '@catga/core';
import { CatgaNatsModule, NatsStore, type NatsStoreOptions } from '@catga/nats';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { natsPrograms, startNats, type ServerHandle } from '../../../tools/servers/index.mjs';
import {
  append,
  dataOf,
  errorOf,
  jetStream,
  newName,
  oneEvent,
  openAgain,
  openStore,
  pause,
  rawConnection,
  until,
} from './tools.js';

// Nest's testing module puts a logger of its own in place.
beforeEach(() => Logger.overrideLogger(false));

/** Small, so that a commit of some kilobytes is a large one. */
const MAX_PAYLOAD = 16 * 1_024;

for (const { name, program } of natsPrograms()) {
  describe(`A NatsStore on ${name}`, () => {
    let server: ServerHandle;
    const stores: NatsStore[] = [];

    beforeAll(async () => {
      server = await startNats({ program, config: `max_payload: ${MAX_PAYLOAD}` });
    });
    afterEach(async () => {
      await Promise.all(stores.splice(0).map((store) => store.close()));
    });
    afterAll(() => server.stop());

    const open = async (options: NatsStoreOptions = {}): Promise<NatsStore> => {
      const store = await openStore(server.url, options);
      stores.push(store);
      return store;
    };
    const again = async (store: NatsStore, options: NatsStoreOptions = {}): Promise<NatsStore> => {
      const other = await openAgain(store, server.url, options);
      stores.push(other);
      return other;
    };

    describe('with commits of any size', () => {
      it('takes one that is larger than a message of the server, whole, in its place, and reads it after a restart', async () => {
        const store = await open();
        const large = 'äöü'.repeat(30_000);
        const bytes = new Uint8Array(100_000).fill(5);
        const commits = [
          append(store, 's', 'before'),
          store.commit({
            appends: [{ stream: 's', expectedVersion: 1, events: [{ type: 'e', data: large, metadata: bytes }] }],
            records: [{ collection: 'c', key: 'k', value: large }],
          }),
          append(store, 's', 'after'),
        ];
        expect((await Promise.all(commits)).map(({ position }) => position)).toEqual([1, 2, 3]);
        for (const reader of [store, await again(store), await again(store, { cacheSize: 0 })]) {
          const events = await reader.readStream('s');
          expect(events.map(({ data }) => data)).toEqual(['before', large, 'after']);
          expect(Buffer.from(events[1]?.metadata as Uint8Array).equals(bytes)).toBe(true);
          expect((await reader.getRecord('c', 'k'))?.value).toBe(large);
        }
      });

      it('refuses one that is larger than it was told to take, with sizes, and holds up nobody', async () => {
        const store = await open({ maxCommitSize: 50_000 });
        const [before, refused, after] = await Promise.allSettled([
          append(store, 's', 'before'),
          append(store, 's', 'x'.repeat(60_000)),
          append(store, 's', 'after'),
        ]);
        expect([before.status, after.status]).toEqual(['fulfilled', 'fulfilled']);
        expect(refused).toMatchObject({ reason: { code: 'CATGA_NATS_COMMIT_TOO_LARGE', kind: 'request' } });
        expect((refused as PromiseRejectedResult).reason).toMatchObject({
          details: { limit: 50_000, maxPayload: MAX_PAYLOAD },
        });
        expect(await dataOf(store, 's')).toEqual(['before', 'after']);
      });

      it('reads events that are no longer in memory, in any order', async () => {
        const store = await open({ cacheSize: 2_000 });
        const expected = Array.from({ length: 300 }, (_, index) => `${index}-${'x'.repeat(100)}`);
        for (let index = 0; index < 300; index += 10) {
          await Promise.all(expected.slice(index, index + 10).map((data) => append(store, 's', data)));
        }
        expect(await dataOf(store, 's')).toEqual(expected);
        const backward = await store.readStream('s', { direction: 'backward', limit: 250 });
        expect(backward.map(({ data }) => data)).toEqual(expected.toReversed().slice(0, 250));
        expect((await store.readAll({ after: 100, limit: 20 })).events.map(({ data }) => data)).toEqual(
          expected.slice(100, 120),
        );
      });
    });

    describe('with a full log', () => {
      it('says so, writes nothing, still reads, opens again, and goes on when there is room', async () => {
        const store = await open({ maxBytes: 20_000 });
        await append(store, 's', 'first');
        const filling = async (): Promise<never> => {
          for (;;) await append(store, 'fill', 'x'.repeat(1_000));
        };
        const full = await errorOf(filling());
        expect(full).toMatchObject({ code: 'CATGA_STORE_DISK_FULL' });
        expect(full.message).toContain('Nothing was written');
        expect(await errorOf(append(store, 's', 'x'.repeat(1_000)))).toMatchObject({ code: 'CATGA_STORE_DISK_FULL' });
        const other = await again(store);
        expect(await dataOf(other, 's')).toEqual(['first']);
        const { config } = await jetStream<{ config: object }>(server.url, `STREAM.INFO.${store.name}_LOG`);
        await jetStream(server.url, `STREAM.UPDATE.${store.name}_LOG`, { ...config, max_bytes: 100_000 });
        expect((await append(store, 's', 'second')).versions).toEqual([2]);
        expect(await dataOf(other, 's')).toEqual(['first', 'second']);
      });
    });

    describe('with what others do to its log', () => {
      it('passes over messages that are not its own', async () => {
        const store = await open();
        await append(store, 's', 'one');
        const connection = await rawConnection(server.url);
        await connection.request(`catga.store.${store.name}.log`, 'hello');
        await connection.close();
        await append(store, 's', 'two');
        expect(await dataOf(await again(store), 's')).toEqual(['one', 'two']);
      });

      it('stops at a message of a newer release, open or when it opens', async () => {
        const store = await open();
        await append(store, 's', 'one');
        const connection = await rawConnection(server.url);
        const newer = Buffer.from([0xc4, 0x67, 99, 0, 0, 0, 0, 0]);
        await connection.request(`catga.store.${store.name}.log`, newer);
        await connection.close();
        const newerSchema = { code: 'CATGA_STORE_NEWER_SCHEMA' };
        await until(() => store.ping().then(() => false, () => true), 'the store stops'); // prettier-ignore
        expect(await errorOf(append(store, 's', 'two'))).toMatchObject(newerSchema);
        expect(await errorOf(store.readStream('s'))).toMatchObject(newerSchema);
        expect(await errorOf(again(store))).toMatchObject(newerSchema);
      });

      it('says that data was lost when the stream is deleted or made anew, until it is opened again', async () => {
        const store = await open({ commandTimeout: '5s' });
        await append(store, 's', 'one');
        await jetStream(server.url, `STREAM.DELETE.${store.name}_LOG`);
        const lost = await errorOf(store.readStream('s'));
        expect(lost).toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
        expect(await errorOf(append(store, 's', 'two'))).toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
        await store.close();
        await store.open();
        expect((await append(store, 's', 'anew')).versions).toEqual([1]);
      });

      it('does not open a log whose beginning is missing', async () => {
        const store = await open();
        for (const data of ['one', 'two', 'three']) await append(store, 's', data);
        await jetStream(server.url, `STREAM.MSG.DELETE.${store.name}_LOG`, { seq: 1, no_erase: true });
        expect(await errorOf(again(store))).toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
      });
    });

    describe('with settings that put data at risk', () => {
      const made = async (config: object): Promise<string> => {
        const store = newName();
        const stream = `${store}_LOG`;
        const subjects = [`catga.store.${store}.log`];
        const { error } = await jetStream(server.url, `STREAM.CREATE.${stream}`, { name: stream, subjects, ...config });
        expect(error).toBeUndefined();
        return store;
      };

      it.each([
        [{ storage: 'memory', discard: 'new' }, 'nats-memory-storage'],
        [{ storage: 'file', discard: 'old' }, 'nats-discard-old'],
        [{ storage: 'file', discard: 'new', max_age: 3_600e9 }, 'nats-max-age'],
        [{ storage: 'file', discard: 'new', max_msgs_per_subject: 10 }, 'nats-max-per-subject'],
        [{ storage: 'file', discard: 'new', max_msgs: 10 }, 'nats-limit'],
      ])('warns of %j, and does not open when it is strict', async (config, code) => {
        const store = await open({ name: await made(config) });
        expect(store.warnings().map((warning) => warning.code)).toContain(code);
        expect(await errorOf(again(store, { strict: true }))).toMatchObject({ code: 'CATGA_STORE_UNSAFE_SETTINGS' });
      });

      it('opens a stream of its own also when it is strict, and says what it cannot know', async () => {
        const store = await open({ strict: true });
        expect(store.warnings().map(({ code }) => code)).toEqual(['nats-sync-interval']);
      });
    });

    describe('with reads that need not be the latest', () => {
      it('sees its own commits at once, and those of others soon', async () => {
        const store = await open({ reads: 'local' });
        const other = await again(store);
        await append(store, 's', 'own');
        expect(await dataOf(store, 's')).toEqual(['own']);
        await append(other, 's', 'other');
        await until(async () => (await dataOf(store, 's')).length === 2, 'the commit of the other arrives');
      });
    });

    describe('with ids', () => {
      it('knows on every node, and after a restart, what a commit with an id was answered', async () => {
        const store = await open();
        const batch = { ...oneEvent('s', 'once'), id: 'the-id' };
        const first = await store.commit(batch);
        const other = await again(store);
        expect(await other.commit(batch)).toEqual({ ...first, repeated: true });
        expect(await dataOf(other, 's')).toEqual(['once']);
      });
    });

    describe('CatgaNatsModule', () => {
      it('makes it the store of the application', async () => {
        const nats = { servers: server.url, name: newName() };
        for (let run = 1; run <= 2; run++) {
          const app = await Test.createTestingModule({
            imports: [
              CatgaModule.forRoot(),
              run === 1 ? CatgaNatsModule.forRoot(nats) : CatgaNatsModule.forRootAsync({ useFactory: () => nats }),
            ],
          }).compile();
          await app.init();
          const store = app.get(Store, { strict: false });
          expect(store).toBeInstanceOf(NatsStore);
          expect((await append(store, 's')).versions).toEqual([run]);
          await app.close();
          expect(await errorOf(append(store, 's'))).toMatchObject({ code: 'CATGA_STORE_CLOSED' });
        }
      });

      it.each([
        [{ sevrers: 'x' }, 'CATGA_UNKNOWN_OPTION'],
        [{ servers: 'http://localhost' }, 'CATGA_INVALID_OPTION'],
        [{ name: 'a.b' }, 'CATGA_INVALID_OPTION'],
        [{ reads: 'newest' }, 'CATGA_INVALID_OPTION'],
        [{ replicas: 7 }, 'CATGA_INVALID_OPTION'],
        [{ commandTimeout: 'soon' }, 'CATGA_INVALID_DURATION'],
        [{ cacheSize: -1 }, 'CATGA_INVALID_OPTION'],
        [{ tls: { cas: '' } }, 'CATGA_UNKNOWN_OPTION'],
      ])('refuses %j at boot', async (options, code) => {
        const module = Test.createTestingModule({
          imports: [CatgaModule.forRoot(), CatgaNatsModule.forRoot(options as NatsStoreOptions)],
        });
        expect(await errorOf(module.compile().then((app) => app.init()))).toMatchObject({ code });
      });
    });
  });

  describe(`Opening a NatsStore on ${name}`, () => {
    it('says that a password is wrong, that JetStream is off, and that nobody is there', async () => {
      const closed = await startNats({ program, jetstream: false, config: 'authorization { user: a, password: b }' });
      try {
        const code = async (servers: string): Promise<string | undefined> =>
          (await errorOf(openStore(servers, { connectTimeout: 400 }))).code;
        const at = `127.0.0.1:${closed.port}`;
        expect(await code(`nats://${at}`)).toBe('CATGA_NATS_REFUSED');
        expect(await code(`nats://a:wrong@${at}`)).toBe('CATGA_NATS_REFUSED');
        expect(await code(`nats://a:b@${at}`)).toBe('CATGA_NATS_JETSTREAM_OFF');
        await closed.stop();
        expect(await code(`nats://a:b@${at}`)).toBe('CATGA_NATS_UNREACHABLE');
      } finally {
        await closed.stop();
      }
    });

    it('says that data was lost when the server comes back with an older copy', async () => {
      const server = await startNats({ program });
      const backup = `${server.folder}-backup`;
      try {
        const store = await openStore(server.url, { commandTimeout: '8s' });
        await append(store, 's', 'one');
        await server.kill9();
        cpSync(server.folder, backup, { recursive: true });
        await server.restart();
        for (const data of ['two', 'three']) await append(store, 's', data);
        await server.kill9();
        rmSync(server.folder, { recursive: true });
        cpSync(backup, server.folder, { recursive: true });
        await server.restart();
        await pause(100);
        expect(await errorOf(store.readStream('s'))).toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
        expect(await errorOf(append(store, 's'))).toMatchObject({ code: 'CATGA_STORE_DATA_LOSS' });
        await store.close();
        await store.open();
        expect(await dataOf(store, 's')).toEqual(['one']);
        await store.close();
      } finally {
        await server.stop();
        rmSync(backup, { recursive: true, force: true });
      }
    }, 40_000);
  });
}
