import {
  Event,
  EventLog,
  EventRegistry,
  On,
  Projection,
  ProjectionRuntime,
  resolveProjectionsOptions,
  type ProjectionContext,
  type Store,
} from '@catga/core';
import { join } from 'node:path';
import { removePlace, serverPlaces, SQLITE } from '../support/new-place.js';
import { NodeProcess, until } from '../support/node-process.js';
import { storeAt, type Place } from '../support/places.mjs';

const PROGRAM = join(import.meta.dirname, 'node-program.mjs');
const LEASE = '700ms';
/** Streams, each with a key of its own in the read model. */
const KEYS = 7;

@Event('counted')
class Counted {
  constructor(
    readonly n: number,
    readonly key: string,
  ) {}
}

/** For reading only: this OS process works on nothing. */
function readerOf(partitions: number): new () => object {
  @Projection({ name: 'counter', batch: 10, partitions })
  class Counter {
    @On(Counted)
    counted(_event: Counted, _context: ProjectionContext): void {
      throw new Error('This node was told not to work');
    }
  }
  return Counter;
}

describe.each([SQLITE, ...serverPlaces('one')])('nodes that share a projection on $name', ({ create }) => {
  let place: Place;
  let store: Store;
  let log: EventLog;
  let reader: ProjectionRuntime;
  let nodes: NodeProcess[];
  let appended: number;
  let partitions: number;

  async function begin(count: number): Promise<void> {
    partitions = count;
    const registry = new EventRegistry(store).register(Counted);
    log = new EventLog(store, registry);
    reader = new ProjectionRuntime({ store, registry, log, settings: resolveProjectionsOptions({ autoStart: false }) });
    const Reader = readerOf(count);
    reader.register(Reader, new Reader());
    await reader.start();
  }

  beforeEach(async () => {
    nodes = [];
    appended = 0;
    place = create();
    store = storeAt(place);
    await store.open();
  });
  afterEach(async () => {
    for (const node of nodes) await node.kill();
    await reader.stop();
    await store.close();
    await removePlace(place);
  });

  async function startNode(): Promise<NodeProcess> {
    // On servers a node is on a machine of its own: only its lease tells that it is gone.
    const host = place.kind === 'sqlite' ? undefined : `machine-${nodes.length}`;
    const node = new NodeProcess(PROGRAM, [JSON.stringify(place), LEASE, `${partitions}`], host);
    nodes.push(node);
    await node.said('ready');
    return node;
  }

  /** Appends in commits of 5. */
  async function append(count: number): Promise<number> {
    let position = 0;
    for (const end = appended + count; appended < end;) {
      const appends = Array.from({ length: 5 }, () => {
        const n = appended++;
        return { stream: `count-${n % KEYS}`, events: [new Counted(n, `key-${n % KEYS}`)] };
      });
      ({ position } = await log.commit({ appends }));
    }
    return position;
  }

  /** How many partitions each node has; of a node that is not there any more, under 'nobody'. */
  async function shares(): Promise<Map<number | 'nobody', number>> {
    const counts = new Map<number | 'nobody', number>();
    for (const { owner } of (await reader.projections.status('counter')).partitions) {
      const pid = Number(owner?.split('/').at(-2));
      const node = nodes.find((one) => one.pid === pid)?.pid ?? 'nobody';
      counts.set(node, (counts.get(node) ?? 0) + 1);
    }
    return counts;
  }

  /** Stops it outside of a transaction of a file: who is stopped in one keeps everybody from writing. */
  async function freeze(node: NodeProcess): Promise<void> {
    for (;;) {
      node.signal('SIGSTOP');
      const write = Promise.resolve(store.commit({ records: [{ collection: 'probe', key: '1', value: '1' }] }));
      const written = write.then(
        () => true,
        () => false,
      );
      const late = new Promise<false>((resolve) => setTimeout(() => resolve(false), 1_000));
      if (await Promise.race([written, late])) return;
      node.signal('SIGCONT');
      await written;
    }
  }

  /** What the read model has: of each key how often, and the newest. */
  async function model(): Promise<Record<string, unknown>> {
    const { items } = await reader.readModels.of<{ n: number; last: number }>('counter').find();
    return Object.fromEntries(items.map(({ key, value }) => [key, value]));
  }

  /** What it has to have by the log. */
  function expected(): Record<string, unknown> {
    const all: Record<string, { n: number; last: number }> = {};
    for (let n = 0; n < appended; n++) all[`key-${n % KEYS}`] = { n: (all[`key-${n % KEYS}`]?.n ?? 0) + 1, last: n };
    return all;
  }

  const worked = async (beyond: number) => (await reader.projections.status('counter')).events > beyond;

  it('double and lose nothing when the owner is frozen in its work, wakes up again, and when one is killed', async () => {
    await begin(1);
    const first = await startNode();
    const second = await startNode();
    await append(300);
    await until('the first node works', () => worked(30));
    expect(await shares()).toEqual(new Map([[first.pid, 1]]));
    await freeze(first);
    // The other one takes over when the lease has run out, and does all of it.
    await reader.projections.waitFor('counter', await append(300), { timeout: '30s' });
    expect(await shares()).toEqual(new Map([[second.pid, 1]]));
    expect(await model()).toEqual(expected());

    // Back with a half done batch and a stale read model in its memory: it must not write any of it.
    first.signal('SIGCONT');
    await reader.projections.waitFor('counter', await append(200), { timeout: '30s' });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await model()).toEqual(expected());

    await append(100);
    await second.kill();
    await reader.projections.waitFor('counter', await append(100), { timeout: '30s' });
    expect(await model()).toEqual(expected());
    expect(await shares()).toEqual(new Map([[first.pid, 1]]));
    expect((await reader.projections.status('counter')).events).toBe(appended);
  }, 90_000);

  it('have one owner for each partition while they come, are frozen, wake up and are killed', async () => {
    await begin(4);
    const [first, second] = await Promise.all([startNode(), startNode()]);
    const spread = async (wanted: [NodeProcess, number][]): Promise<void> => {
      const what = `the partitions are shared as ${wanted.map(([, count]) => count).join(' and ')}`;
      let now = new Map<number | 'nobody', number>();
      const isSo = async (): Promise<boolean> => {
        now = await shares();
        return now.size === wanted.length && wanted.every(([{ pid }, count]) => now.get(pid) === count);
      };
      await until(what, isSo).catch(async (error: Error) => {
        const { partitions: seen, events } = await reader.projections.status('counter');
        const said = nodes.map(({ pid, isAlive, lines }) => ({ pid, isAlive, lines }));
        throw new Error(`${error.message}; ${JSON.stringify({ shares: [...now], events, seen, said })}`);
      });
    };
    await spread([
      [first, 2],
      [second, 2],
    ]);
    await append(200);
    await until('both work', () => worked(30));
    await freeze(second);
    await reader.projections.waitFor('counter', await append(200), { timeout: '30s' });
    await spread([[first, 4]]);
    expect(await model()).toEqual(expected());

    // It comes back and takes part again, in the middle of the work.
    second.signal('SIGCONT');
    await append(200);
    await spread([
      [first, 2],
      [second, 2],
    ]);
    await append(100);
    await first.kill();
    await reader.projections.waitFor('counter', await append(100), { timeout: '30s' });
    await spread([[second, 4]]);
    expect(await model()).toEqual(expected());
    expect((await reader.projections.status('counter')).events).toBe(appended);
  }, 90_000);
});
