import { CatgaModule, EventLog } from '@catga/core';
import type { INestApplicationContext } from '@nestjs/common';
import type { Contestant } from '../contestant.js';
import { lineOf } from '../events/line-added.js';
import { bootContext } from '../nest.js';
import { ratesOf } from './levels.js';
import { storeOf } from './stores.js';

const LEVELS = [
  { inFlight: 1, milliseconds: 120 },
  { inFlight: 50, milliseconds: 150 },
  { inFlight: 500, milliseconds: 200 },
];

/** Appends of one event with the exact expected version, each client to a stream of its own. */
export default async function appends(variant: string): Promise<Contestant> {
  const versions: number[] = new Array(500).fill(0);
  let app = await boot(variant);
  let log = app.get(EventLog);

  return {
    warmUp: 1_500,
    close: () => app.close(),
    async prepare() {
      // Millions of events would be held by the end, and collecting them measured.
      if (variant !== 'memory') return;
      await app.close();
      app = await boot(variant);
      log = app.get(EventLog);
      versions.fill(0);
    },
    run: () =>
      ratesOf(LEVELS, async (client) => {
        const stream = `order-${client}`;
        const expectedVersion = versions[client] as number;
        await log.append(stream, [lineOf(stream, expectedVersion)], { expectedVersion });
        versions[client] = expectedVersion + 1;
      }),
  };
}

function boot(variant: string): Promise<INestApplicationContext> {
  const store = storeOf(variant, `appends-${process.pid}`);
  return bootContext({ imports: [CatgaModule.forRoot({ store, endpoints: false })] });
}
