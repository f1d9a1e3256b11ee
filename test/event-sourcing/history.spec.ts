import { SqliteStore } from '@catga/sqlite';
import { checkHistory, readFinalLog, readHistory } from '@catga/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HistoryProcess } from './support/history-process.js';

const pause = (time: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, time));

describe('The history of processes on one SQLite file', () => {
  let folder: string;
  const started: HistoryProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catga-history-'));
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((one) => one.end('SIGKILL')));
    rmSync(folder, { recursive: true, force: true });
  });

  it('has no event lost, doubled, reordered or made up when they are killed again and again', async () => {
    const make = (role: 'write' | 'subscribe', name: string): HistoryProcess => {
      const made = new HistoryProcess(folder, role, name, {
        kind: 'sqlite',
        url: join(folder, 'store.db'),
        name: 'history',
      });
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
      const victims = [writers[round % 2], subscribers[round % 2]] as HistoryProcess[];
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
