import { SqliteStore } from '@catga/sqlite';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeProcess, until } from '../support/node-process.js';
import type { Place } from '../support/places.mjs';

const PROGRAM = join(import.meta.dirname, 'node-program.mjs');
const RUNS = 12;
/** Three rounds of one step, then two side by side. */
const STEPS = 5;

/**
 * Freezes a node, but not in the middle of a transaction: who is stopped there holds the lock of the file, and nobody
 * can write until it goes on. That is a limit of one file for several processes, and not what is tested here.
 */
async function freeze(node: NodeProcess, folder: string): Promise<void> {
  const store = new SqliteStore({ path: join(folder, 'store.db') });
  await store.open();
  try {
    for (;;) {
      node.signal('SIGSTOP');
      const write = Promise.resolve(store.commit({ records: [{ collection: 'probe', key: 'freeze', value: '1' }] }));
      const written = write.then(
        () => true,
        () => false,
      );
      const tooLong = new Promise<boolean>((resolve) => setTimeout(resolve, 3_000, false).unref());
      if (await Promise.race([written, tooLong])) return;
      node.signal('SIGCONT');
      await written;
    }
  } finally {
    await store.close();
  }
}

interface Event {
  readonly type: string;
  readonly version: number;
  readonly step: string | undefined;
  readonly owner: string | undefined;
}

/** The journals of all runs, read when nobody writes any more. */
async function journals(folder: string, runs = RUNS): Promise<Event[][]> {
  const store = new SqliteStore({ path: join(folder, 'store.db') });
  await store.open();
  const all: Event[][] = [];
  for (let run = 1; run <= runs; run++) {
    const events = await store.readStream(`process-WorkProcess:${run}`);
    all.push(
      events.map(({ type, version, metadata }) => {
        const { step, owner } = JSON.parse(metadata as string) as { step?: string; owner?: string };
        return { type, version, step, owner };
      }),
    );
  }
  await store.close();
  return all;
}

describe('two owners on one store', () => {
  let folder: string;
  const nodes: NodeProcess[] = [];
  /** @param pace milliseconds that each step takes */
  const node = (name: string, pace = 150): NodeProcess => {
    const place: Place = { kind: 'sqlite', url: join(folder, 'store.db'), name };
    const settings = { name, place, effects: join(folder, 'effects.log'), pace, lease: '1500ms' };
    const made = new NodeProcess(PROGRAM, [JSON.stringify(settings)]);
    nodes.push(made);
    return made;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catga-nodes-'));
  });
  afterEach(async () => {
    for (const one of nodes.splice(0)) await one.kill();
    await rm(folder, { recursive: true, force: true });
  });

  const ended = async (runs = RUNS): Promise<boolean> => {
    const ends = (await journals(folder, runs)).filter((events) => events.at(-1)?.type === 'ProcessCompleted');
    return ends.length === runs;
  };

  /** One history: no record lost, none doubled, one end. */
  const assertOneHistory = async (runs = RUNS): Promise<Event[][]> => {
    const all = await journals(folder, runs);
    for (const events of all) {
      expect(events.map((event) => event.version)).toEqual(events.map((_event, index) => index + 1));
      const completed = events.filter((event) => event.type === 'ProcessStepCompleted').map((event) => event.step);
      expect(completed).toHaveLength(STEPS);
      expect(new Set(completed)).toEqual(new Set(['one:1', 'one:2', 'one:3', 'two:1', 'three:1']));
      expect(events.filter((event) => event.type === 'ProcessCompleted')).toHaveLength(1);
      expect(events.at(-1)?.type).toBe('ProcessCompleted');
    }
    return all;
  };

  const effects = async (): Promise<string[]> =>
    (await readFile(join(folder, 'effects.log'), 'utf8').catch(() => '')).split('\n').filter(Boolean);

  it('write one history when one of them is frozen past its lease and then goes on', async () => {
    const first = node('first');
    await until('first is ready', () => first.lines.includes('ready'));
    const second = node('second');
    await until('second is ready', () => second.lines.includes('ready'));
    first.say(`start 1 ${RUNS}`);
    await until('steps are under way', async () => (await effects()).length > RUNS);

    await freeze(first, folder);
    await until('the second node ends every run', () => ended());
    first.signal('SIGCONT');
    // Long enough for everything that the frozen node still had in hand.
    await new Promise((resolve) => setTimeout(resolve, 2_500));

    const all = await assertOneHistory();
    expect(all.some((events) => events.some((event) => event.type === 'ProcessClaimed'))).toBe(true);
    expect(first.isAlive).toBe(true);
    // Whoever waited for a result at the first node gets it, although the second one has computed it.
    await until('every result has arrived', () => first.count('result') === RUNS);
    expect(first.count('error')).toBe(0);
    // It goes on working, under a new lease.
    first.say('start 1001 1');
    await until('the first node works again', () => first.lines.includes('result 1001'));
  }, 400_000);

  it('write one history when they are frozen in turn, in the middle of each other’s work', async () => {
    const runs = 2 * RUNS;
    // Slow enough that nothing which was taken over ends before its new owner is frozen.
    const first = node('first', 600);
    const second = node('second', 600);
    await until('both are ready', () => first.lines.includes('ready') && second.lines.includes('ready'));
    first.say(`start 1 ${RUNS}`);
    second.say(`start ${RUNS + 1} ${RUNS}`);
    await until('both are at work', async () => (await effects()).length > runs);

    /** Runs that were taken over so often and have not ended. */
    const claimed = async (times: number): Promise<number> => {
      const open = (await journals(folder, runs)).filter((events) => events.at(-1)?.type !== 'ProcessCompleted');
      return open.filter((events) => events.filter(({ type }) => type === 'ProcessClaimed').length >= times).length;
    };
    await freeze(first, folder);
    await until('the second node has taken over', async () => (await claimed(1)) > 0);
    // Now one comes back with steps half done, and the other one is gone with theirs.
    await freeze(second, folder);
    first.signal('SIGCONT');
    await until('the first node ends every run', () => ended(runs));
    second.signal('SIGCONT');
    // Long enough for everything that the frozen node still had in hand.
    await new Promise((resolve) => setTimeout(resolve, 2_500));

    const all = await assertOneHistory(runs);
    // Both have lost work to the other one, and some of it has gone there and back.
    const claims = all.map((events) => events.filter(({ type }) => type === 'ProcessClaimed').length);
    expect(Math.max(...claims)).toBeGreaterThanOrEqual(2);
    expect(first.isAlive && second.isAlive).toBe(true);
    await until('every result has arrived', () => first.count('result') + second.count('result') === runs);
    expect(first.count('error') + second.count('error')).toBe(0);
    for (const [one, id] of [
      [first, 1001],
      [second, 1002],
    ] as const) {
      one.say(`start ${id} 1`);
      await until('it works again', () => one.lines.includes(`result ${id}`));
    }
  }, 400_000);

  it('go on with the runs of a node that was killed, without doing a completed step again', async () => {
    const first = node('first');
    await until('first is ready', () => first.lines.includes('ready'));
    const second = node('second');
    await until('second is ready', () => second.lines.includes('ready'));
    first.say(`start 1 ${RUNS}`);
    await until('steps are under way', async () => (await effects()).length > RUNS * 2);
    first.signal('SIGKILL');
    await until('the second node ends every run', () => ended());
    await assertOneHistory();
    // Only what was under way when the node died is done again: at most two steps of a run at a time.
    const done = new Map<string, number>();
    for (const line of await effects()) {
      const key = line.split(' ')[1] as string;
      done.set(key, (done.get(key) ?? 0) + 1);
    }
    expect(done.size).toBe(RUNS * STEPS);
    expect([...done.values()].every((count) => count <= 2)).toBe(true);
    expect([...done.values()].filter((count) => count === 2).length).toBeLessThanOrEqual(RUNS * 2);
  }, 400_000);
});
