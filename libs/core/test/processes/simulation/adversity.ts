import { FaultyStore } from '@catga/testing';
import { isCatgaError } from '../../../src/foundation/index.js';
import { ProcessFailedError, ProcessParkedError } from '../../../src/processes/api/process.errors.js';
import { PROCESSES } from '../../../src/processes/engine/run-record.js';
import type { ProcessRuntime } from '../../../src/processes/process-runtime.js';
import { MemoryStore, type Store } from '../../../src/store/index.js';
import type { Ending } from './judge.js';
import type { Program } from './program.js';
import { Random } from './random.js';
import { makeNode, Simulate } from './sim-process.js';
import { idOf, turn, verdict, WatchedStore, type Verdict } from './simulate.js';
import { World } from './world.js';

const SETTINGS = { suspendAfter: 60_000 };
const PARKED_FOR_US = ['outcome-unknown', 'compensation-stuck'];

/** Three live nodes take the run from each other, without any regard to leases. */
export async function contend(program: Program): Promise<Verdict> {
  const inner = new MemoryStore({ mode: 'copy' });
  const world = new World(program, idOf(program));
  const random = new Random(program.seed ^ 0xfeed);
  const nodes = [0, 1, 2].map(() =>
    makeNode(
      new FaultyStore(inner).delayCommits(() => world.pause()),
      program,
      world,
      SETTINGS,
    ),
  );
  const id = idOf(program);
  await (nodes[0] as ProcessRuntime).processes.start('Sim', new Simulate(program.seed));
  for (let claims = 0, turns = 0; ; turns++) {
    for (let i = 1 + random.below(6); i > 0; i--) await turn();
    const status = await statusOf(inner, id);
    if (status === 'completed' || status === 'failed' || turns > 20_000) break;
    const node = random.pick(nodes);
    if (PARKED_FOR_US.includes(status)) await node.processes.retry(id).catch(ifConflict);
    // Now and then somebody must have the time to get on.
    else if (claims < 15 && random.chance(0.5) && (await node.engine.claim(id, 'expired')) === 'claimed') claims++;
    world.life = claims + 1;
  }
  for (const node of nodes) node.crash();
  return verdict(program, inner, world, await endingOf(inner, program, world));
}

/** One node on a store whose commits fail now and then: before they are applied, or after. */
export async function onFailingStore(program: Program): Promise<Verdict & { readonly failures: number }> {
  const inner = new WatchedStore();
  const world = new World(program, idOf(program));
  world.durable = inner.durable;
  const random = new Random(program.seed ^ 0xf00d);
  let failures = 0;
  const store = new FaultyStore(inner);
  store.delayCommits(async () => {
    await world.pause();
    if (!random.chance(0.25)) return;
    failures++;
    store.failNext(1, undefined, { applied: random.chance(0.5) });
  });
  const runtime = makeNode(store, program, world, SETTINGS);
  const id = idOf(program);
  while (!(await inner.getRecord(PROCESSES, id))) {
    await runtime.processes.start('Sim', new Simulate(program.seed)).catch(ifAway);
  }
  for (let turns = 0; turns < 20_000; turns++) {
    const status = await statusOf(inner, id);
    if (status === 'completed' || status === 'failed') break;
    if (PARKED_FOR_US.includes(status)) await runtime.processes.retry(id).catch(ifAway);
    // Nobody may be left without an owner: a start or a claim in doubt is found again.
    await runtime.engine.settleDoubts().catch(ifAway);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  runtime.crash();
  const ending = await endingOf(inner, program, world);
  return { ...(await verdict(program, inner, world, ending)), failures };
}

/** What a node that comes later says of the run. */
async function endingOf(store: Store, program: Program, world: World): Promise<Ending> {
  const id = idOf(program);
  const status = await statusOf(store, id);
  if (status !== 'completed' && status !== 'failed') return { kind: 'other', what: `it is ${status} in the end` };
  const node = makeNode(store, program, world, SETTINGS);
  try {
    return { kind: 'completed', result: await node.engine.result(id) };
  } catch (error) {
    if (error instanceof ProcessFailedError) return { kind: 'failed', error };
    return { kind: 'other', what: (error as Error).message };
  } finally {
    node.crash();
  }
}

async function statusOf(store: Store, id: string): Promise<string> {
  const stored = await store.getRecord(PROCESSES, id);
  return (JSON.parse(stored?.value as string) as { status: string }).status;
}

/** Somebody else was quicker, or has got on meanwhile. */
function ifConflict(error: unknown): void {
  if (!isCatgaError(error, 'CATGA_PROCESS_CONFLICT') && !(error instanceof ProcessParkedError)) throw error;
}

function ifAway(error: unknown): void {
  if (!isCatgaError(error) || error.kind !== 'infrastructure') ifConflict(error);
}
