import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { checkHistory, readFinalLog, readHistory } from '@catga/testing';
import { startNats, startProxy, startRedis, type Proxy, type ServerHandle } from '../../tools/servers/index.mjs';
import { until } from '../support/node-process.js';
import { storeAt, type Place } from '../support/places.mjs';
import { HistoryProcess } from './support/history-process.js';

const NAMES = ['first', 'second', 'third', 'reader', 'follower'] as const;
type Name = (typeof NAMES)[number];

describe.each([
  { kind: 'redis' as const, title: 'Redis, appendfsync always', start: () => startRedis({ appendfsync: 'always' }) },
  { kind: 'nats' as const, title: 'NATS, files', start: () => startNats() },
])('The history of nodes that share $title', ({ kind, start }) => {
  let server: ServerHandle;
  let folder: string;
  let proxies: Record<Name, Proxy>;
  let nodes: Record<Name, HistoryProcess>;
  const placeOf = (url: string): Place => ({ kind, url, name: 'history' });

  beforeAll(async () => {
    server = await start();
    folder = mkdtempSync(join(tmpdir(), 'catga-history-'));
    const each = await Promise.all(NAMES.map(async (name) => [name, await startProxy(server)] as const));
    proxies = Object.fromEntries(each) as typeof proxies;
    nodes = Object.fromEntries(
      each.map(([name, proxy]) => {
        const role = name === 'reader' || name === 'follower' ? 'subscribe' : 'write';
        return [name, new HistoryProcess(folder, role, name, placeOf(proxy.url(server.url)))];
      }),
    ) as typeof nodes;
    await Promise.all(NAMES.map((name) => nodes[name].start()));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(NAMES.map((name) => nodes[name].end('SIGKILL')));
    await Promise.all(NAMES.map((name) => proxies[name].stop()));
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  const history = () => readHistory(...NAMES.map((name) => nodes[name].history));
  /** Commits that this writer was told of. */
  const doneBy = (name: Name): number =>
    readHistory(nodes[name].history).filter((entry) => entry.entry === 'outcome' && entry.outcome === 'ok').length;
  const workGoesOn = async (...writers: Name[]): Promise<void> => {
    const before = writers.map(doneBy);
    await until('all who write go on', () => writers.every((name, index) => doneBy(name) > (before[index] ?? 0) + 20));
  };

  async function killAndStart(name: Name): Promise<void> {
    await nodes[name].end('SIGKILL');
    await nodes[name].start();
  }
  async function freeze(name: Name): Promise<void> {
    nodes[name].signal('SIGSTOP');
    await pause(3_000);
    nodes[name].signal('SIGCONT');
  }
  async function cutOff(name: Name): Promise<void> {
    await proxies[name].cut();
    await pause(2_000);
    await proxies[name].heal();
  }
  async function stall(name: Name): Promise<void> {
    proxies[name].stall();
    await pause(2_000);
    proxies[name].resume();
  }

  it('has no event lost, doubled, reordered or made up while nodes are killed, frozen and cut off and the server is killed', async () => {
    const writers: Name[] = ['first', 'second', 'third'];
    await workGoesOn(...writers);
    await Promise.all([killAndStart('first'), killAndStart('reader'), cutOff('second')]);
    await workGoesOn(...writers);
    await Promise.all([freeze('third'), freeze('follower'), stall('first')]);
    await workGoesOn(...writers);
    await server.kill9();
    await pause(500);
    await server.restart();
    await workGoesOn(...writers);
    await Promise.all([cutOff('reader'), stall('third'), killAndStart('second'), killAndStart('follower')]);
    await workGoesOn(...writers);
    expect(await Promise.all(writers.map((name) => nodes[name].end('SIGTERM')))).toEqual([0, 0, 0]);
    const subscribers = [nodes.reader, nodes.follower];
    expect(await Promise.all(subscribers.map((node) => node.end('SIGTERM')))).toEqual([0, 0]);

    const store = storeAt(placeOf(server.url));
    await store.open();
    const log = await readFinalLog(store);
    await store.close();
    const { violations, counts } = checkHistory({ history: history(), log, complete: ['reader', 'follower'] });
    expect(violations).toEqual([]);
    // It was worth checking: work was done, some of it was cut off, and everybody saw all of it.
    expect(counts.acknowledged).toBeGreaterThan(100);
    expect(counts.refused).toBeGreaterThan(10);
    expect(counts.starts).toBeGreaterThanOrEqual(4);
    expect(counts.delivered).toBeGreaterThanOrEqual(2 * counts.events);
  }, 240_000);
});
