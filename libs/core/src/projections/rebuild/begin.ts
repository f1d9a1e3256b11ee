import type { ProjectionDefinition } from '../definition/projection-definition.js';
import type { BuildingGeneration, Generation, ObsoleteGeneration, ProjectionState } from '../state/projection-state.js';
import { without } from '../state/projection-state.js';

/** The next generation of a projection, as its code is now. */
export function nextGeneration({ last }: ProjectionState, definition: ProjectionDefinition): Generation {
  const { version, partitions, models } = definition;
  return { generation: last + 1, version, partitions, models: models.map(({ name }) => name) };
}

/** The state with a generation being built beside the live one; one that was being built before is dropped. */
export function beginBuilding(
  state: ProjectionState,
  definition: ProjectionDefinition,
  now: number,
  target: number,
): ProjectionState {
  const next = nextGeneration(state, definition);
  const building: BuildingGeneration = { ...next, startedAt: now, target };
  return { ...dropBuilding(state, now), last: next.generation, building };
}

/** The state without what is being built. */
export function dropBuilding(state: ProjectionState, now: number): ProjectionState {
  const { building } = state;
  if (building === undefined) return state;
  return { ...without(state, 'building'), obsolete: [...state.obsolete, obsoleteSince(building, now)] };
}

/** The state with what was built as the live model. */
export function swapIn(state: ProjectionState, built: Generation, now: number): ProjectionState {
  const { generation, version, partitions, models } = built;
  const obsolete = state.live === undefined ? state.obsolete : [...state.obsolete, obsoleteSince(state.live, now)];
  return { ...without(state, 'building', 'paused'), live: { generation, version, partitions, models }, obsolete };
}

/** The first state of a projection. An inline one has to be built before commits can keep it up. */
export function firstState(
  state: ProjectionState,
  definition: ProjectionDefinition,
  now: number,
  head: number,
): ProjectionState {
  if (definition.mode === 'inline') return beginBuilding(state, definition, now, head);
  const live = nextGeneration(state, definition);
  return { ...state, last: live.generation, live };
}

/** Does the live model belong to older code than this node's, and does nobody build a newer one yet? */
export function needsRebuild({ live, building }: ProjectionState, { version }: ProjectionDefinition): boolean {
  const newest = Math.max(live?.version ?? 0, building?.version ?? 0);
  return newest < version;
}

function obsoleteSince({ generation, version, partitions, models }: Generation, since: number): ObsoleteGeneration {
  return { generation, version, partitions, models, since };
}
