import { SqliteStore } from '@catga/sqlite';
import { checkHistory, readFinalLog, readHistory } from '@catga/testing';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PROGRAM = join(import.meta.dirname, 'history-program.mjs');

/** A process that is killed and started again, always with the same history file. */
class Restartable {
  readonly history: string;
  private child: ChildProcess | undefined;

  constructor(
    private readonly folder: string,
    private readonly role: 'write' | 'subscribe',
    readonly name: string,
  ) {
    this.history = join(folder, `${name}.jsonl`);
  }

  async start(): Promise<void> {
    const args = [PROGRAM, this.role, this.name, join(this.folder, 'store.db'), this.history, '3'];
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    await once(this.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const closed = once(child, 'close');
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  }
}

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

describe('The history of processes on one SQLite file', () => {
  let folder: string;
  const started: Restartable[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catga-history-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.end('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  });

  it('has no event lost, doubled, reordered or made up when they are killed again and again', async () => {
    const make = (role: 'write' | 'subscribe', name: string): Restartable => {
      const made = new Restartable(folder, role, name);
      started.push(made);
      return made;
    };
    const writers = [make('write', 'first'), make('write', 'second')];
    const subscribers = [make('subscribe', 'reader'), make('subscribe', 'follower')];
    const all = [...writers, ...subscribers];
    await Promise.all(all.map((one) => one.start()));
    for (let round = 0; round < 3; round++) {
      // At another moment each time, so that the kill meets other points of the work.
      await pause(150 + 40 * round);
      const victims = [writers[round % 2], subscribers[round % 2]] as Restartable[];
      await Promise.all(victims.map((victim) => victim.end('SIGKILL')));
      await Promise.all(victims.map((victim) => victim.start()));
    }
    await pause(200);
    expect(await Promise.all(writers.map((writer) => writer.end('SIGTERM')))).toEqual([0, 0]);
    expect(await Promise.all(subscribers.map((subscriber) => subscriber.end('SIGTERM')))).toEqual([0, 0]);

    const store = new SqliteStore({ path: join(folder, 'store.db') });
    await store.open();
    const log = await readFinalLog(store);
    await store.close();
    const { violations, counts } = checkHistory({
      history: readHistory(...all.map(({ history }) => history)),
      log,
      complete: ['reader', 'follower'],
    });
    expect(violations).toEqual([]);
    // The run was worth checking: work was done, some of it was cut off, and the subscribers came back.
    expect(counts.acknowledged).toBeGreaterThan(50);
    expect(counts.refused).toBeGreaterThan(10);
    expect(counts.reads).toBeGreaterThan(50);
    expect(counts.unknown).toBeGreaterThan(0);
    expect(counts.starts).toBe(5);
    expect(counts.delivered).toBeGreaterThanOrEqual(2 * counts.events);
  }, 120_000);
});
