import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@catga/core';
import { NatsStore } from '@catga/nats';
import { RedisStore } from '@catga/redis';
import { SqliteStore } from '@catga/sqlite';
import { natsServers, redisServers } from '../../tools/servers/index.mjs';
import { atEnd, cleanUp, natsName, redisName } from './support/places.js';

const PROGRAM = join(import.meta.dirname, 'lock-program.mjs');
const TTL = 900;

/** What a node is started with. */
interface Place {
  readonly kind: 'sqlite' | 'redis' | 'nats';
  readonly options: object;
}

/** A node in an OS process of its own. */
class Node {
  readonly lines: string[] = [];
  readonly child: ChildProcess;

  constructor(place: Place, hold: number | 'until told') {
    this.child = spawn(process.execPath, [PROGRAM, JSON.stringify({ ...place, hold, ttl: TTL })], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    atEnd(async () => this.child.kill('SIGKILL'));
    let rest = '';
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() as string;
      this.lines.push(...lines);
    });
  }

  /** Tokens that it said this of. */
  tokens(word: string): number[] {
    return this.lines.filter((line) => line.startsWith(`${word} `)).map((line) => Number(line.split(' ')[1]));
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds());) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const places: [string, () => [Place, Store]][] = [
  [
    'SQLite',
    () => {
      const folder = mkdtempSync(join(tmpdir(), 'catga-locks-'));
      atEnd(async () => rmSync(folder, { recursive: true, force: true }));
      const options = { path: join(folder, 'store.db') };
      return [{ kind: 'sqlite', options }, new SqliteStore(options)];
    },
  ],
  ...redisServers().map(({ name, url }): [string, () => [Place, Store]] => [
    name,
    () => {
      const options = { url, name: redisName(url) };
      return [{ kind: 'redis', options }, new RedisStore(options)];
    },
  ]),
  ...natsServers().map(({ name, url }): [string, () => [Place, Store]] => [
    name,
    () => {
      const options = { servers: url, name: natsName(url) };
      return [{ kind: 'nats', options }, new NatsStore(options)];
    },
  ]),
];

describe.each(places)('locks on %s, with holders that die and freeze', (_name, create) => {
  let place: Place;
  let store: Store;
  beforeEach(async () => {
    [place, store] = create();
    await store.open();
    atEnd(() => store.close());
  });
  afterEach(cleanUp);

  const ledger = async (): Promise<number[]> =>
    (await store.readStream('ledger')).map(({ data }) => Number(String(data)));

  /** Stops it, but not in the middle of a transaction: then nobody could write to the file until it goes on. */
  async function freeze(node: Node): Promise<void> {
    for (;;) {
      node.child.kill('SIGSTOP');
      const probe = store.commit({ records: [{ collection: 'probe', key: randomUUID(), value: '1' }] });
      const written = Promise.resolve(probe).then(
        () => true,
        () => false,
      );
      const tooLong = new Promise<boolean>((resolve) => setTimeout(resolve, 400, false).unref());
      if (await Promise.race([written, tooLong])) return;
      node.child.kill('SIGCONT');
      await written;
    }
  }

  it('lets the next one in after kill -9, with a higher token', async () => {
    const victim = new Node(place, 'until told');
    await until('the victim has the lock', () => victim.tokens('got').length === 1);
    const [token] = victim.tokens('got') as [number];
    const others = [new Node(place, 20), new Node(place, 20)];
    await new Promise((resolve) => setTimeout(resolve, TTL * 2));
    // It lives, and renews: nobody else has got it, however long it takes.
    expect(others.flatMap((node) => node.tokens('got'))).toEqual([]);
    victim.child.kill('SIGKILL');
    await until('both others have worked', () => others.every((node) => node.tokens('wrote').length >= 3));
    const written = await ledger();
    expect(Math.min(...written)).toBeGreaterThan(token);
    expect(written).toEqual([...new Set(written)].sort((a, b) => a - b));
  });

  it('refuses what a holder writes that was frozen past its lease, by its token', async () => {
    const frozen = new Node(place, 'until told');
    await until('it has the lock', () => frozen.tokens('got').length === 1);
    const [token] = frozen.tokens('got') as [number];
    await freeze(frozen);
    const other = new Node(place, 20);
    await until('another has worked', () => other.tokens('wrote').length >= 3);
    frozen.child.kill('SIGCONT');
    frozen.child.stdin?.write('go on\n');
    await until(
      'it was refused and has heard that it lost the lock',
      () => [...frozen.tokens('refused'), ...frozen.tokens('lost')].length >= 2,
    );
    expect(frozen.tokens('refused')).toEqual([token]);
    expect(frozen.tokens('lost')).toEqual([token]);
    // It takes part again, as a holder like any other.
    frozen.child.stdin?.write('go on\n');
    await until('it has the lock once more', () => frozen.tokens('got').length === 2);
    frozen.child.stdin?.write('go on\n');
    await until('it has written', () => frozen.tokens('wrote').length === 1);
    const written = await ledger();
    expect(written).not.toContain(token);
    expect(written).toEqual([...new Set(written)].sort((a, b) => a - b));
  });
});
