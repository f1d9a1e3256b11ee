import {
  Event,
  EventLog,
  EventRegistry,
  On,
  Projection,
  ProjectionRuntime,
  resolveProjectionsOptions,
  type ProjectionContext,
} from '@catga/core';
import { SqliteStore } from '@catga/sqlite';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'node-program.mjs');
const LEASE = '700ms';
const KEYS = 7;

@Event('counted')
class Counted {
  constructor(
    readonly n: number,
    readonly key: string,
  ) {}
}

/** For reading only: this OS process works on nothing. */
@Projection({ name: 'counter', batch: 10 })
class Counter {
  @On(Counted)
  counted(_event: Counted, _context: ProjectionContext): void {
    throw new Error('This node was told not to work');
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds());) {
    if (Date.now() > end) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe('two nodes that share a projection on one SQLite file', () => {
  let folder: string;
  let store: SqliteStore;
  let log: EventLog;
  let reader: ProjectionRuntime;
  const nodes: ChildProcess[] = [];
  let appended = 0;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catga-projections-'));
    store = new SqliteStore({ path: join(folder, 'store.db') });
    await store.open();
    const registry = new EventRegistry(store).register(Counted);
    log = new EventLog(store, registry);
    reader = new ProjectionRuntime({ store, registry, log, settings: resolveProjectionsOptions({ autoStart: false }) });
    reader.register(Counter, new Counter());
    await reader.start();
  });
  afterAll(async () => {
    for (const node of nodes) {
      node.kill('SIGCONT');
      node.kill('SIGKILL');
    }
    await reader.stop();
    await store.close();
    await rm(folder, { recursive: true, force: true });
  });

  async function startNode(): Promise<ChildProcess> {
    const node = spawn(process.execPath, [PROGRAM, join(folder, 'store.db'), LEASE], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    nodes.push(node);
    let said = '';
    node.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    await until('a node is ready', () => said.includes('ready'));
    return node;
  }

  /** Appends in commits of 5. */
  async function append(count: number): Promise<number> {
    let position = 0;
    for (const end = appended + count; appended < end;) {
      const appends = Array.from({ length: 5 }, () => {
        const n = appended++;
        return { stream: `count-${n % 11}`, events: [new Counted(n, `key-${n % KEYS}`)] };
      });
      ({ position } = await log.commit({ appends }));
    }
    return position;
  }

  async function ownerPid(): Promise<number> {
    const [partition] = (await reader.projections.status('counter')).partitions;
    return Number(partition?.owner?.split('/').at(-2));
  }

  /** Stops it outside of a transaction of the file: who is stopped in one keeps everybody from writing. */
  async function freeze(node: ChildProcess): Promise<void> {
    for (;;) {
      node.kill('SIGSTOP');
      const write = Promise.resolve(store.commit({ records: [{ collection: 'probe', key: '1', value: '1' }] }));
      const written = write.then(
        () => true,
        () => false,
      );
      const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 1_000));
      if (await Promise.race([written, late])) return;
      node.kill('SIGCONT');
      await written;
    }
  }

  async function counts(): Promise<Record<string, number>> {
    const { items } = await reader.readModels.of<{ n: number }>('counter').find();
    return Object.fromEntries(items.map(({ key, value }) => [key, value.n]));
  }

  function expectedCounts(): Record<string, number> {
    const all: Record<string, number> = {};
    for (let n = 0; n < appended; n++) all[`key-${n % KEYS}`] = (all[`key-${n % KEYS}`] ?? 0) + 1;
    return all;
  }

  it('double and lose nothing when the owner is frozen in its work, wakes up again, and when one is killed', async () => {
    const first = await startNode();
    const second = await startNode();
    await append(300);
    await until('the first node works', async () => (await reader.projections.status('counter')).position > 30);
    expect(await ownerPid()).toBe(first.pid);
    await freeze(first);
    await append(300);
    // The other one takes over when the lease has run out, and does all of it.
    await reader.projections.waitFor('counter', appended, { timeout: '30s' });
    expect(await ownerPid()).toBe(second.pid);
    expect(await counts()).toEqual(expectedCounts());

    // Back with a half done batch and a stale read model in its memory: it must not write any of it.
    first.kill('SIGCONT');
    await append(200);
    await reader.projections.waitFor('counter', appended, { timeout: '30s' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await counts()).toEqual(expectedCounts());

    await append(100);
    second.kill('SIGKILL');
    await reader.projections.waitFor('counter', await append(100), { timeout: '30s' });
    expect(await counts()).toEqual(expectedCounts());
    expect(await ownerPid()).toBe(first.pid);
    expect((await reader.projections.status('counter')).events).toBe(appended);
  }, 90_000);
});
