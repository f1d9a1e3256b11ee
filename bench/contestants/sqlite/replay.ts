import { CatgaModule, CatgaProcess, Command, Processes } from '@catga/core';
import { SqliteStore } from '@catga/sqlite';
import type { INestApplicationContext } from '@nestjs/common';
import { join } from 'node:path';
import { bootContext } from '../nest.js';
import type { Contestant } from '../contestant.js';

/** Runs that are taken up again at each restart. */
const RUNS = 20;

class Walk extends Command<number> {
  constructor(
    readonly walkId: string,
    readonly steps: number,
  ) {
    super();
  }
}

let reached = 0;
let allReached = (): void => {};
let release = (): void => {};
const released = new Promise<void>((resolve) => (release = resolve));

@CatgaProcess(Walk)
class WalkProcess {
  async execute(walk: Walk): Promise<number> {
    let sum = 0;
    for (let i = 0; i < walk.steps; i++) sum += await this.walk(i);
    await this.wait();
    return sum;
  }
  private async walk(i: number): Promise<number> {
    return i;
  }
  /** Where every run stands when the application stops and starts again. */
  private async wait(): Promise<void> {
    if (++reached === RUNS) allReached();
    await released;
  }
}

/**
 * A restart: twenty runs with so many completed steps each are taken over, read, replayed, and begin their next step.
 * One operation is one restart, from the boot of the application to the beginning of the last of those steps.
 */
export default async function replay(steps: string): Promise<Contestant> {
  const path = join(process.env['BENCH_FOLDER'] as string, `replay-${steps}.db`);
  let app = await boot(path);
  const processes = app.get(Processes);
  await arrival(async () => {
    for (let i = 0; i < RUNS; i++) await processes.start(WalkProcess, new Walk(`walk-${i}`, Number(steps)));
  });

  return {
    async close() {
      release();
      await app.close();
    },
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        await app.close();
        await arrival(async () => void (app = await boot(path)));
      }
    },
  };
}

function boot(path: string): Promise<INestApplicationContext> {
  return bootContext({
    imports: [
      CatgaModule.forRoot({
        store: new SqliteStore({ path, synchronous: 'full' }),
        mediator: { drainTimeout: 1 },
        endpoints: false,
      }),
    ],
    providers: [WalkProcess],
  });
}

/** Resolves when all runs have begun their last step. */
async function arrival(start: () => Promise<void>): Promise<void> {
  reached = 0;
  const arrived = new Promise<void>((resolve) => (allReached = resolve));
  await start();
  await arrived;
}
