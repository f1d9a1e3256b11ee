import { setTimeout as sleep } from 'node:timers/promises';
import { join } from 'node:path';
import type { Contestant, Figures } from '../contestant.js';
import { emmettSqlite, expected } from './emmett.js';
import { LineAdded, lineOf } from './line-added.js';
import { quantile } from './quantile.js';

/** Enough for a p99, few enough for a store that fails most of them slowly. */
const APPENDS = 100;
const PATIENCE_MS = 1_000;

/**
 * Appends to streams of their own, so many in flight, in a file; its connections leave `synchronous` at FULL. It opens a
 * connection for each operation and does not wait for the lock of the file, so what counts first is how many succeed.
 */
export default async function emmettAppends(inFlight: string): Promise<Contestant> {
  const store = emmettSqlite().getSQLiteEventStore({
    fileName: join(process.env['BENCH_FOLDER'] as string, `emmett-${inFlight}.db`),
  });
  const append = (stream: string, version: number): Promise<unknown> =>
    store.appendToStream(stream, [{ type: LineAdded.type, data: lineOf(stream, version) }], {
      expectedStreamVersion: expected(version),
    });
  await append('first-0', 0);
  // Its driver throws from a callback when the file is locked, which would end this process.
  process.on('uncaughtException', () => undefined);
  process.on('unhandledRejection', () => undefined);
  let generation = 0;

  return {
    unit: APPENDS,
    async run(): Promise<Figures> {
      generation++;
      const times: number[] = [];
      let left = APPENDS;
      const client = async (_: unknown, number: number): Promise<void> => {
        const stream = `order-${generation}-${number}`;
        for (let version = 0; left-- > 0;) {
          const called = performance.now();
          const passed = await Promise.race([
            append(stream, version).then(succeeded, failed),
            sleep(PATIENCE_MS, false),
          ]);
          if (!passed) continue;
          times.push(performance.now() - called);
          version++;
        }
      };
      await Promise.all(Array.from({ length: Number(inFlight) }, client));
      const sorted = Float64Array.from(times).sort();
      return { p50: quantile(sorted, 0.5), p99: quantile(sorted, 0.99), passed: (times.length / APPENDS) * 100 };
    },
  };
}

const succeeded = (): boolean => true;
const failed = (): boolean => false;
