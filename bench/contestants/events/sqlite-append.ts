import { CatgaModule, EventLog } from '@catga/core';
import { SqliteStore } from '@catga/sqlite';
import { join } from 'node:path';
import type { Contestant, Figures } from '../contestant.js';
import { bootContext } from '../nest.js';
import { lineOf } from './line-added.js';
import { quantile } from './quantile.js';

/**
 * Appends of one event with the exact expected version, so many in flight, each client with a stream of its own; an append
 * is answered when it is on disk (synchronous FULL).
 */
export default async function sqliteAppend(inFlight: string): Promise<Contestant> {
  const path = join(process.env['BENCH_FOLDER'] as string, `append-${inFlight}.db`);
  const store = new SqliteStore({ path, synchronous: 'full' });
  const app = await bootContext({ imports: [CatgaModule.forRoot({ store, endpoints: false })] });
  const log = app.get(EventLog);
  const versions: number[] = new Array(Number(inFlight)).fill(0);

  return {
    close: () => app.close(),
    async run(operations): Promise<Figures> {
      const times = new Float64Array(operations);
      let next = 0;
      const client = async (version: number, number: number): Promise<number> => {
        const stream = `order-${number}`;
        while (next < operations) {
          const operation = next++;
          const called = performance.now();
          await log.append(stream, [lineOf(stream, version)], { expectedVersion: version });
          times[operation] = performance.now() - called;
          version++;
        }
        return version;
      };
      const reached = await Promise.all(versions.map(client));
      versions.splice(0, reached.length, ...reached);
      times.sort();
      return { p50: quantile(times, 0.5), p99: quantile(times, 0.99) };
    },
  };
}
