import { FaultyStore } from '@catga/testing';
import { isDeepStrictEqual } from 'node:util';
import { isCatgaError } from '../../../src/foundation/index.js';
import { ProcessFailedError, ProcessParkedError } from '../../../src/processes/api/process.errors.js';
import type { ProcessRuntime } from '../../../src/processes/process-runtime.js';
import { PROCESSES, streamOf } from '../../../src/processes/engine/run-record.js';
import {
  MemoryStore,
  type CommitBatch,
  type CommitResult,
  type NewEvent,
  type Store,
} from '../../../src/store/index.js';
import { Facts, judge, type Ending } from './judge.js';
import { show, type Program } from './program.js';
import { Random } from './random.js';
import { makeNode, Simulate, type SimSettings } from './sim-process.js';
import { World } from './world.js';

/** What came of a program. */
export interface Verdict {
  readonly problems: readonly string[];
  /** How many nodes it took. */
  readonly lives: number;
  readonly ending: Ending;
  /** The steps in the order in which they were first done. */
  readonly order: readonly string[];
  readonly store: Store;
}

/** Tells the world what is durable, the moment it is. */
export class WatchedStore extends MemoryStore {
  readonly durable = { started: new Set<string>(), ended: new Set<string>(), undone: new Set<string>() };

  constructor() {
    super({ mode: 'copy' });
  }

  override commit(batch: CommitBatch): CommitResult {
    const result = super.commit(batch);
    for (const { events } of batch.appends ?? []) for (const event of events) this.note(event);
    return result;
  }

  private note({ type, metadata }: NewEvent): void {
    const { step, retryAt } = JSON.parse(metadata as string) as { step?: string; retryAt?: number };
    if (step === undefined) return;
    if (type === 'ProcessStepStarted') this.durable.started.add(step);
    if (type === 'ProcessStepCompleted') this.durable.ended.add(step);
    if (type === 'ProcessStepFailed' && retryAt === undefined) this.durable.ended.add(step);
    if (type === 'ProcessStepCompensated') this.durable.undone.add(step);
  }
}

/** Tells when it has crashed. */
class MortalStore extends FaultyStore {
  die!: () => void;
  readonly death = new Promise<void>((resolve) => (this.die = resolve));

  override async commit(batch: CommitBatch): Promise<CommitResult> {
    try {
      return await super.commit(batch);
    } finally {
      if (this.crashed) this.die();
    }
  }
}

/** Crashes the run after every one to three writes of its journal and resumes it on a fresh node, until it has ended. */
export async function crashAlong(program: Program): Promise<Verdict> {
  const inner = new WatchedStore();
  const world = new World(program, idOf(program));
  world.durable = inner.durable;
  const random = new Random(program.seed ^ 0xdead);
  const settings = { suspendAfter: random.chance(0.3) ? 0 : 60_000 };
  let ending: Ending | undefined;
  while (!ending) {
    world.life++;
    if (world.life > 2_000) ending = { kind: 'other', what: 'does not come to an end' };
    else ending = await live(inner, program, world, random, settings);
  }
  return verdict(program, inner, world, ending);
}

/** One node, from its start to its crash or to the end of the run. */
async function live(
  inner: Store,
  program: Program,
  world: World,
  random: Random,
  settings: SimSettings,
): Promise<Ending | undefined> {
  const claim = world.life === 1 ? 0 : 1;
  const store = new MortalStore(inner);
  store.delayCommits(() => world.pause());
  store.crashAfter(claim + 1 + random.below(3), { applied: random.chance(0.2) });
  const runtime = makeNode(store, program, world, settings);
  await runtime.start();
  let ending: Ending | undefined;
  const ended = bringToLife(runtime, inner, program).then(
    (result) => (ending = result),
    (error: unknown) => (ending = { kind: 'other', what: `unexpected: ${String(error)}` }),
  );
  await Promise.race([ended, store.death]);
  // The machine may go on for a moment after the last write: bodies that have begun do what they do.
  if (!ending) for (let i = random.below(4); i > 0; i--) await turn();
  runtime.crash();
  await ended;
  if (!ending || isCrash(ending)) return undefined;
  // What the node has told before it crashed counts, if it is in the store.
  return ending.kind === 'other' || (await isFinal(inner, program)) ? ending : TOLD_TOO_EARLY;
}

const CRASHED: Ending = { kind: 'other', what: 'crashed' };
const TOLD_TOO_EARLY: Ending = { kind: 'other', what: 'the result was told before it was durable' };

function isCrash(ending: Ending): boolean {
  return ending === CRASHED;
}

/** Starts the run, or takes it over. Answers when it has ended, is parked, or the node has crashed. */
async function bringToLife(runtime: ProcessRuntime, inner: Store, program: Program): Promise<Ending> {
  const id = idOf(program);
  try {
    const stored = await inner.getRecord(PROCESSES, id);
    if (!stored) await runtime.processes.start('Sim', new Simulate(program.seed));
    else {
      const { status } = JSON.parse(stored.value as string) as { status: string };
      // An operator looks after what asks for one.
      if (status === 'outcome-unknown' || status === 'compensation-stuck') await runtime.processes.retry(id);
      else await runtime.engine.claim(id, 'expired');
    }
    return { kind: 'completed', result: await runtime.engine.result(id) };
  } catch (error) {
    if (error instanceof ProcessFailedError) return { kind: 'failed', error };
    // The next node asks an operator.
    if (error instanceof ProcessParkedError && ['outcome-unknown', 'compensation-stuck'].includes(error.status)) {
      return CRASHED;
    }
    // The node, or its store, is gone.
    if (isCatgaError(error) && error.kind === 'infrastructure') return CRASHED;
    return { kind: 'other', what: error instanceof Error ? error.message : String(error) };
  }
}

async function isFinal(store: Store, program: Program): Promise<boolean> {
  const stored = await store.getRecord(PROCESSES, idOf(program));
  const { status } = JSON.parse(stored?.value as string) as { status: string };
  return status === 'completed' || status === 'failed';
}

export type StoreMode = 'copy' | 'reference';

/** Runs the program on a store that never fails. */
export async function runStraight(program: Program, mode: StoreMode): Promise<Verdict> {
  const store = mode === 'copy' ? new WatchedStore() : new MemoryStore({ mode });
  const world = new World(program, idOf(program));
  if (store instanceof WatchedStore) world.durable = store.durable;
  world.life = 1;
  const runtime = makeNode(store, program, world, { suspendAfter: 60_000 });
  await runtime.start();
  let ending: Ending;
  try {
    const handle = await runtime.processes.start('Sim', new Simulate(program.seed));
    for (;;) {
      try {
        ending = { kind: 'completed', result: await handle.result() };
        break;
      } catch (error) {
        if (!(error instanceof ProcessParkedError) || error.status !== 'compensation-stuck') throw error;
        await runtime.processes.retry(handle.id);
      }
    }
  } catch (error) {
    ending =
      error instanceof ProcessFailedError
        ? { kind: 'failed', error }
        : { kind: 'other', what: (error as Error).message };
  }
  runtime.crash();
  return verdict(program, store, world, ending);
}

/** Executes a completed run once more from its journal, as if its last event had not been written. */
export async function replayFinished(program: Program, { store, ending }: Verdict): Promise<string[]> {
  if (ending.kind !== 'completed') return [];
  const id = idOf(program);
  const events = (await store.readStream(streamOf(id, 1))).slice(0, -1);
  const copy = new MemoryStore({ mode: 'copy' });
  const record = { name: 'Sim', status: 'running', run: 1, startedAt: events[0]?.at, tags: [] };
  copy.commit({
    appends: [{ stream: streamOf(id, 1), expectedVersion: 0, events }],
    records: [{ collection: PROCESSES, key: id, value: JSON.stringify(record) }],
  });
  const world = new World(program, id);
  world.closed = true;
  const runtime = makeNode(copy, program, world, { suspendAfter: 60_000 });
  try {
    await runtime.engine.claim(id, 'expired');
    const result = await runtime.engine.result(id);
    return isDeepStrictEqual(result, ending.result)
      ? world.problems
      : [...world.problems, 'a replay has another result'];
  } catch (error) {
    return [...world.problems, `a replay ends with: ${(error as Error).message}`];
  } finally {
    runtime.crash();
  }
}

export async function verdict(program: Program, store: Store, world: World, ending: Ending): Promise<Verdict> {
  const problems = await judge(program, store, world, ending);
  const order = [...new Set(world.effects.map(({ key }) => key))];
  return { problems, lives: world.life, ending, order, store };
}

/** Everything needed to understand a failure. */
export async function report(program: Program, verdictOf: Verdict): Promise<string> {
  const facts = await Facts.of(verdictOf.store, idOf(program));
  const events = facts.events.map(({ version, type, meta }) => `${version} ${type} ${JSON.stringify(meta)}`);
  return [
    `seed ${program.seed} (${program.flavour}), ${verdictOf.lives} lives:`,
    ...verdictOf.problems.map((problem) => `  ! ${problem}`),
    show(program.root, '  '),
    ...events.map((line) => `  ${line}`),
  ].join('\n');
}

export function idOf(program: Program): string {
  return `Sim:${program.seed}`;
}

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
