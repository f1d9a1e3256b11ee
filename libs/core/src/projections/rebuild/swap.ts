import { isCatgaError } from '../../foundation/index.js';
import type { Store } from '../../store/index.js';
import type { ProjectionDefinition } from '../definition/projection-definition.js';
import { headOf } from '../manager/scope.js';
import { Checkpoints } from '../state/checkpoint.js';
import { generationKey, shardKey } from '../state/collections.js';
import { Fence } from '../state/fence.js';
import type { Generation } from '../state/projection-state.js';
import { ProjectionStates } from '../state/projection-state.js';
import { swapIn } from './begin.js';

/** What a swap needs. */
export interface SwapOptions {
  readonly definition: ProjectionDefinition;
  /** The log. */
  readonly log: Store;
  /** Where models and checkpoints are. */
  readonly store: Store;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** Milliseconds that the last events may take while the live model is closed. */
const CLOSE_FOR = 10_000;
/** Milliseconds between two looks at how far the new model got. */
const LOOK = 5;
/** Milliseconds after which the fence is lengthened. */
const LENGTHEN = 1_000;

/**
 * Makes what was built the live model, in one commit.
 *
 * While the last events are taken the live model is closed, so its position stands still: nobody can have seen it at a
 * later point than the new one is at the swap, and no inline commit can write the old one behind its back. Should this
 * node die meanwhile, the fence falls by itself and everything goes on as before.
 *
 * @returns false when the new model is not close enough yet, or something has come in between: try again later
 */
export async function trySwap(options: SwapOptions): Promise<boolean> {
  const { definition, store, log } = options;
  const { state } = await new ProjectionStates(store).read(definition.name);
  const { building, live } = state;
  if (building === undefined || building.failure !== undefined) return false;
  if ((await headOf(log)) - (await lowest(store, definition.name, building)) > 2 * definition.batch) return false;
  const fence = await Fence.raise(store, generationKey(definition.name, live?.generation ?? 0));
  try {
    const goal = definition.mode === 'inline' ? await headOf(log) : await highest(store, definition.name, live);
    if (!(await reaches(options, fence, building, goal))) {
      await fence.abandon();
      return false;
    }
    return await seal(options, fence, building.generation);
  } catch (error) {
    await fence.abandon();
    if (isCatgaError(error, 'CATGA_RECORD_CONFLICT')) return false;
    throw error;
  }
}

async function seal({ definition, store, now }: SwapOptions, fence: Fence, generation: number): Promise<boolean> {
  const states = new ProjectionStates(store);
  const { state, version } = await states.read(definition.name);
  if (state.building?.generation !== generation) {
    await fence.abandon();
    return false;
  }
  await fence.seal([states.write(definition.name, swapIn(state, state.building, now), version)]);
  return true;
}

async function reaches({ store, definition }: SwapOptions, fence: Fence, built: Generation, goal: number) {
  const giveUp = Date.now() + CLOSE_FOR;
  let lengthenAt = Date.now() + LENGTHEN;
  while ((await lowest(store, definition.name, built)) < goal) {
    if (Date.now() > giveUp) return false;
    if (Date.now() > lengthenAt) {
      await fence.commit([]);
      lengthenAt = Date.now() + LENGTHEN;
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK));
  }
  return true;
}

async function lowest(store: Store, projection: string, generation: Generation): Promise<number> {
  return Math.min(...(await positions(store, projection, generation)));
}

async function highest(store: Store, projection: string, generation: Generation | undefined): Promise<number> {
  return generation === undefined ? 0 : Math.max(...(await positions(store, projection, generation)));
}

async function positions(store: Store, projection: string, generation: Generation): Promise<readonly number[]> {
  const checkpoints = new Checkpoints(store);
  const partitions = Array.from({ length: generation.partitions }, (_, partition) => partition);
  return Promise.all(
    partitions.map(async (partition) => {
      const { position } = await checkpoints.read(shardKey(projection, generation.generation, partition));
      return position;
    }),
  );
}
