import { SqliteStore } from '@catga/sqlite';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'node-program.mjs');
const RUNS = 12;
/** Three rounds of one step, then two side by side. */
const STEPS = 5;

/** A node in an OS process of its own. */
class Node {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;

  constructor(name: string, folder: string) {
    this.child = spawn(process.execPath, [PROGRAM, name, join(folder, 'store.db'), join(folder, 'effects.log')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let rest = '';
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() as string;
      this.lines.push(...lines);
    });
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
    this.child.kill(signal);
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  count(start: string): number {
    return this.lines.filter((line) => line.startsWith(start)).length;
  }
}

async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 150_000; !(await holds());) {
    if (Date.now() > end) throw new Error(`Waited 150 s in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Freezes a node, but not in the middle of a transaction: who is stopped there holds the lock of the file, and nobody
 * can write until it goes on. That is a limit of one file for several processes, and not what is tested here.
 */
async function freeze(node: Node, folder: string): Promise<void> {
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
async function journals(folder: string): Promise<Event[][]> {
  const store = new SqliteStore({ path: join(folder, 'store.db') });
  await store.open();
  const all: Event[][] = [];
  for (let run = 1; run <= RUNS; run++) {
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
  const nodes: Node[] = [];
  const node = (name: string): Node => {
    const made = new Node(name, folder);
    nodes.push(made);
    return made;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catga-nodes-'));
  });
  afterEach(async () => {
    for (const one of nodes.splice(0)) {
      one.signal('SIGCONT');
      one.signal('SIGKILL');
      await until('the node is gone', () => !one.isAlive);
    }
    await rm(folder, { recursive: true, force: true });
  });

  const ended = async (): Promise<boolean> => {
    const ends = (await journals(folder)).filter((events) => events.at(-1)?.type === 'ProcessCompleted');
    return ends.length === RUNS;
  };

  /** One history: no record lost, none doubled, one end. */
  const assertOneHistory = async (): Promise<Event[][]> => {
    const all = await journals(folder);
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
    await until('the second node ends every run', ended);
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

  it('go on with the runs of a node that was killed, without doing a completed step again', async () => {
    const first = node('first');
    await until('first is ready', () => first.lines.includes('ready'));
    const second = node('second');
    await until('second is ready', () => second.lines.includes('ready'));
    first.say(`start 1 ${RUNS}`);
    await until('steps are under way', async () => (await effects()).length > RUNS * 2);
    first.signal('SIGKILL');
    await until('the second node ends every run', ended);
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
