import { DeadLetterRecords } from '../state/dead-letter.js';
import { shardKey } from '../state/collections.js';
import type { BuildingGeneration, Generation, ProjectionState } from '../state/projection-state.js';
import { Lag, type PartitionProgress } from './lag.js';
import type { ProjectionNode } from './projection-node.js';
import type {
  ProjectionCondition,
  ProjectionLag,
  ProjectionPartitionStatus,
  ProjectionStatus,
  RebuildStatus,
} from './projection-status.js';
import { headOf, type ProjectionScope } from './scope.js';

/** Most dead letters that are counted. */
const MOST_LETTERS = 1_000;

/** Puts together what is known about a projection, on whatever node it runs. */
export async function readStatus(node: ProjectionNode, scope: ProjectionScope): Promise<ProjectionStatus> {
  const { definition } = node;
  const state = await node.refresh();
  const head = await headOf(scope.store);
  const now = await scope.store.now();
  const partitions = await partitionsOf(node, scope, state, head, now);
  const deadLetters = await deadLettersOf(node, state.live ?? state.building);
  return {
    name: definition.name,
    mode: definition.mode,
    version: definition.version,
    condition: conditionOf(node, state, partitions),
    generation: state.live?.generation ?? 0,
    // An inline model is where the log is, always.
    position: state.live === undefined ? 0 : Math.min(...partitions.map(({ position }) => position), head),
    head,
    lag: worstLag(partitions),
    events: partitions.reduce((sum, { events }) => sum + events, 0),
    deadLetters,
    partitions: partitions.map(({ events: _events, ...partition }) => partition),
    ...(state.paused === undefined ? {} : { paused: state.paused }),
    ...(state.building === undefined ? {} : { rebuild: await rebuildOf(node, scope, state.building, now) }),
  };
}

async function deadLettersOf({ definition, store }: ProjectionNode, of: Generation | undefined): Promise<number> {
  return of === undefined ? 0 : new DeadLetterRecords(store).count(definition.name, of.generation, MOST_LETTERS);
}

async function partitionsOf(
  node: ProjectionNode,
  scope: ProjectionScope,
  { live }: ProjectionState,
  head: number,
  now: number,
): Promise<readonly (ProjectionPartitionStatus & { readonly events: number })[]> {
  const { definition } = node;
  if (live === undefined || definition.mode === 'inline') return [];
  const progress = await new Lag(node, scope).of(live);
  return Promise.all(
    progress.map(async (one) => {
      const owner = await ownerOf(node, live.generation, one.partition);
      return {
        partition: one.partition,
        position: one.position,
        lag: lagOf(one, head, now),
        events: one.events,
        ...(owner === undefined ? {} : { owner }),
      };
    }),
  );
}

async function ownerOf(node: ProjectionNode, generation: number, partition: number): Promise<string | undefined> {
  const key = shardKey(node.definition.name, generation, partition);
  if (!node.store.capabilities.shared) return node.run(key) && node.leases.owner;
  return (await node.leases.holder(key))?.owner;
}

function lagOf({ pending, position }: PartitionProgress, head: number, now: number): ProjectionLag {
  if (pending === undefined) return { events: 0, milliseconds: 0 };
  // The clock of whoever gave the event its time may be ahead: an event that is missing is never 0 ms late.
  return { events: Math.max(1, head - position), milliseconds: Math.max(1, now - pending.at) };
}

function worstLag(partitions: readonly ProjectionPartitionStatus[]): ProjectionLag {
  return {
    events: Math.max(0, ...partitions.map(({ lag }) => lag.events)),
    milliseconds: Math.max(0, ...partitions.map(({ lag }) => lag.milliseconds)),
  };
}

function conditionOf(
  { definition }: ProjectionNode,
  { live, paused, building }: ProjectionState,
  partitions: readonly ProjectionPartitionStatus[],
): ProjectionCondition {
  if (paused !== undefined) return paused.error === undefined ? 'paused' : 'failed';
  if (live === undefined) return building?.failure === undefined ? 'building' : 'failed';
  if (live.version !== definition.version) return live.version > definition.version ? 'superseded' : 'building';
  if (definition.mode === 'inline') return 'running';
  return partitions.every(({ owner }) => owner === undefined) ? 'stopped' : 'running';
}

async function rebuildOf(
  node: ProjectionNode,
  scope: ProjectionScope,
  building: BuildingGeneration,
  now: number,
): Promise<RebuildStatus> {
  const { generation, version, startedAt, target, failure } = building;
  const progress = await new Lag(node, scope).of(building);
  const position = Math.min(...progress.map((one) => one.position));
  const done = target === 0 ? 1 : Math.min(1, position / target);
  const remaining = done > 0 && done < 1 ? Math.round(((now - startedAt) * (1 - done)) / done) : undefined;
  return {
    generation,
    version,
    startedAt,
    position,
    target,
    progress: done,
    deadLetters: await deadLettersOf(node, building),
    ...(remaining === undefined ? {} : { remaining }),
    ...(failure === undefined ? {} : { failure }),
  };
}
