import {
  defaultCodec,
  MemoryStore,
  ProcessRuntime,
  readBlueprint,
  resolveProcessOptions,
  type Codec,
  type Mediator,
  type ProcessDetails,
  type ProcessesOptions,
  type Store,
  type Type,
} from '@catga/core';
import { FaultyStore } from '../store/faulty-store.js';

/** What {@link crashAtEveryWrite} runs. */
export interface CrashAtEveryWriteOptions<C extends object> {
  /** A class decorated with `@CatgaProcess`. */
  readonly process: Type<{ execute(command: C): Promise<unknown> }>;
  /** Makes an instance, once for each node. */
  readonly create: () => object;
  readonly command: C;
  /** What `this.send` of the base class uses; instances bring their own. */
  readonly mediator: Mediator;
  /** As in `CatgaModule.forRoot({ processes })`. Short backoffs keep the test short. */
  readonly options?: ProcessesOptions;
  readonly codec?: Codec;
  /** Called before each run: forget what the last one has done. */
  readonly before?: (crashAt: number) => void;
}

/** How one of the runs went. */
export interface CrashedRun {
  /** After how many writes the node was killed, from 1. */
  readonly crashAt: number;
  /** The run in the end. */
  readonly details: ProcessDetails;
  /** What whoever awaited it got. */
  readonly outcome: { readonly result: unknown } | { readonly error: unknown };
}

/**
 * Runs a process once for each of its writes: kills its node right after that write, as `kill -9` would, and lets a
 * fresh node go on. For tests that prove that a process comes out right wherever it is cut off.
 *
 * Steps that were under way at the crash are called again: give whatever they call the step's idempotency key.
 *
 * @example
 * ```ts
 * const runs = await crashAtEveryWrite({
 *   process: OrderProcess,
 *   create: () => new OrderProcess(mediator),
 *   command: new CreateOrder('42', items),
 *   mediator,
 *   before: () => gateway.forget(),
 * });
 * for (const run of runs) expect(run.details.status).toBe('completed');
 * ```
 */
export async function crashAtEveryWrite<C extends object>(
  options: CrashAtEveryWriteOptions<C>,
): Promise<readonly CrashedRun[]> {
  const runs: CrashedRun[] = [];
  for (let crashAt = 1; ; crashAt++) {
    options.before?.(crashAt);
    const store = new MemoryStore({ mode: 'copy' });
    const dying = new FaultyStore(store).crashAfter(crashAt);
    const id = await runUntilCrash(options, dying);
    // It was over before the crash: every write has had its turn.
    if (id === undefined) return runs;
    runs.push(await goOn(options, store, id, crashAt));
  }
}

/** The id of the run that was cut off; undefined when it has ended before. */
async function runUntilCrash<C extends object>(
  options: CrashAtEveryWriteOptions<C>,
  store: FaultyStore,
): Promise<string | undefined> {
  const { runtime, name } = nodeOf(options, store);
  let hasEnded = false;
  const run = runtime.processes.start(name, options.command).then(async (handle) => {
    await handle.result().catch(() => undefined);
    hasEnded = true;
  });
  run.catch(() => undefined);
  while (!hasEnded && !store.crashed) await turn();
  // The machine goes on for a moment: what has begun does what it does, and nobody hears of it.
  for (let i = 0; i < 3; i++) await turn();
  const [started] = (await store.inner.findRecords({ collection: 'processes' })).records;
  runtime.crash();
  return store.crashed ? started?.key : undefined;
}

async function goOn<C extends object>(
  options: CrashAtEveryWriteOptions<C>,
  store: Store,
  id: string,
  crashAt: number,
): Promise<CrashedRun> {
  const { runtime } = nodeOf(options, store);
  await runtime.start();
  await runtime.engine.claim(id, 'expired');
  const outcome = await runtime.engine.result(id).then(
    (result) => ({ result }),
    (error: unknown) => ({ error }),
  );
  const details = await runtime.processes.get(id);
  runtime.crash();
  return { crashAt, details, outcome };
}

function nodeOf<C extends object>(
  { process, create, mediator, options = {}, codec }: CrashAtEveryWriteOptions<C>,
  store: Store,
): { readonly runtime: ProcessRuntime; readonly name: string } {
  const settings = resolveProcessOptions(options, [process]);
  const blueprint = readBlueprint(process, settings);
  const runtime = new ProcessRuntime({
    store,
    mediator,
    codec: codec ?? options.serializer ?? defaultCodec(),
    settings,
  });
  runtime.register(blueprint, create());
  return { runtime, name: blueprint.name };
}

function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
