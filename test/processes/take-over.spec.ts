import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from '@catga/core';
import { removePlace, serverPlaces } from '../support/new-place.js';
import { NodeProcess, until } from '../support/node-process.js';
import { storeAt, type Place } from '../support/places.mjs';

const PROGRAM = join(import.meta.dirname, 'node-program.mjs');
const RUNS = 6;
/** Milliseconds in which another node goes on, after it may. */
const SOON = 1_000;

interface Entry {
  readonly type: string;
  readonly at: number;
  readonly reason: string | undefined;
  readonly step: string | undefined;
}

// Each node says that it is on a machine of its own: that it is gone cannot be seen from its process id.
describe.each(serverPlaces('one'))('nodes on several machines that share processes on $name', ({ create }) => {
  let place: Place;
  let store: Store;
  let folder: string;
  let nodes: NodeProcess[];

  beforeEach(async () => {
    nodes = [];
    folder = mkdtempSync(join(tmpdir(), 'catga-take-over-'));
    place = create();
    store = storeAt(place);
    await store.open();
  });
  afterEach(async () => {
    for (const node of nodes) await node.kill();
    await store.close();
    await removePlace(place);
    rmSync(folder, { recursive: true, force: true });
  });

  /** @param lease milliseconds @param pace milliseconds that a step takes */
  async function startNodes(lease: number, pace: number): Promise<[NodeProcess, NodeProcess]> {
    const start = async (name: string): Promise<NodeProcess> => {
      const settings = { name, place, effects: join(folder, 'effects.log'), pace, lease: `${lease}ms` };
      const node = new NodeProcess(PROGRAM, [JSON.stringify(settings)], `machine-of-${name}`);
      nodes.push(node);
      await node.said('ready');
      return node;
    };
    return Promise.all([start('first'), start('second')]);
  }

  async function journal(process: string, id: string): Promise<Entry[]> {
    const events = await store.readStream(`process-${process}:${id}`);
    return events.map(({ type, at, metadata }) => {
      const { reason, step } = JSON.parse(metadata as string) as { reason?: string; step?: string };
      return { type, at, reason, step };
    });
  }

  const journals = (process: string, ids: readonly string[]): Promise<Entry[][]> =>
    Promise.all(ids.map((id) => journal(process, id)));

  const has = (entries: readonly Entry[], type: string): boolean => entries.some((entry) => entry.type === type);

  const claims = (entries: readonly Entry[]): Entry[] => entries.filter(({ type }) => type === 'ProcessClaimed');

  const effects = (): string[] => {
    try {
      return readFileSync(join(folder, 'effects.log'), 'utf8').split('\n').filter(Boolean);
    } catch {
      return [];
    }
  };

  /** When the lease of the node whose name this is ends, by the store's clock. */
  async function endOfLease(name: string): Promise<number> {
    const { records } = await store.findRecords({ collection: 'nodes', limit: 10 });
    return records.find(({ key }) => key.startsWith(`machine-of-${name}/`))?.dueAt ?? Number.NaN;
  }

  /** One history for each run, with every step once and one end. */
  async function assertOneHistory(ids: readonly string[]): Promise<void> {
    for (const entries of await journals('WorkProcess', ids)) {
      const steps = entries.filter(({ type }) => type === 'ProcessStepCompleted').map(({ step }) => step);
      expect(steps).toHaveLength(5);
      expect(new Set(steps)).toEqual(new Set(['one:1', 'one:2', 'one:3', 'three:1', 'two:1']));
      expect(entries.filter(({ type }) => type === 'ProcessCompleted')).toHaveLength(1);
      expect(entries.at(-1)?.type).toBe('ProcessCompleted');
    }
  }

  const ids = Array.from({ length: RUNS }, (_, n) => `${n + 1}`);

  it('take over what a killed one had, when its lease has run out, and wake what waits in its time', async () => {
    const lease = 8_000;
    const [first, second] = await startNodes(lease, 400);
    // Spread wider than the rounds in which nodes look around: none of them comes at the right time by chance for all.
    const waits = [3_500, 4_200, 4_900, 5_600, 6_300].map((delay) => ({ id: `w${delay}`, delay }));
    for (const { id, delay } of waits) first.say(`wait ${id} ${delay}`);
    first.say(`start 1 ${RUNS}`);
    const waiting = waits.map(({ id }) => id);
    await until('all that wait do, and steps are under way', async () => {
      const suspended = (await journals('WaitProcess', waiting)).every((entries) => has(entries, 'ProcessSuspended'));
      return suspended && effects().filter((line) => line.includes('WorkProcess')).length > RUNS;
    });
    await first.kill();
    const killed = await store.now();
    const leaseEnds = await endOfLease('first');
    expect(leaseEnds).toBeGreaterThan(killed);

    await until('the second node has ended everything', async () => {
      const all = [...(await journals('WorkProcess', ids)), ...(await journals('WaitProcess', waiting))];
      return all.every((entries) => has(entries, 'ProcessCompleted'));
    });
    expect(second.isAlive).toBe(true);
    await assertOneHistory(ids);
    for (const entries of await journals('WorkProcess', ids)) {
      const [claim, ...more] = claims(entries);
      expect(more).toEqual([]);
      expect(claim).toMatchObject({ reason: 'expired' });
      // Not before, or it was known from something else that the node is gone.
      expect(claim?.at).toBeGreaterThanOrEqual(leaseEnds);
      expect(claim?.at).toBeLessThan(leaseEnds + SOON);
      expect(claim?.at).toBeLessThan(killed + lease + SOON);
    }
    for (const { id, delay } of waits) {
      const entries = await journal('WaitProcess', id);
      const [claim, ...more] = claims(entries);
      const failed = entries.find(({ type }) => type === 'ProcessStepFailed')?.at ?? Number.NaN;
      expect(more).toEqual([]);
      expect(claim).toMatchObject({ reason: 'due' });
      // Clocks of the node and of the store may be some milliseconds apart.
      expect(claim?.at).toBeGreaterThan(failed + delay - 50);
      expect(claim?.at).toBeLessThan(failed + delay + SOON);
      expect(effects().filter((line) => line.includes(`WaitProcess:${id}`))).toEqual([
        expect.stringMatching(/^first /),
        expect.stringMatching(/^second /),
      ]);
    }
  }, 60_000);

  it('take over what one gives back when it shuts down, at once and without doing anything twice', async () => {
    // They look around every 16 to 20 s: too late by far, if nobody tells them.
    const [first, second] = await startNodes(60_000, 300);
    first.say(`start 1 ${RUNS}`);
    await until('steps are under way', () => effects().length > RUNS);
    first.say('stop');
    await first.said('stopped');
    const stopped = await store.now();
    await until('the second node has taken over', async () =>
      (await journals('WorkProcess', ids)).every((entries) => claims(entries).length > 0),
    );
    await until('the second node has ended every run', async () =>
      (await journals('WorkProcess', ids)).every((entries) => has(entries, 'ProcessCompleted')),
    );
    expect(second.isAlive).toBe(true);
    await assertOneHistory(ids);
    for (const entries of await journals('WorkProcess', ids)) {
      expect(claims(entries)).toMatchObject([{ reason: 'released' }]);
      expect(claims(entries)[0]?.at).toBeLessThan(stopped + SOON);
    }
    const keys = effects().map((line) => line.split(' ')[1]);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toHaveLength(RUNS * 5);
  }, 60_000);
});
