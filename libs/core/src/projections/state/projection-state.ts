import { isCatgaError } from '../../foundation/index.js';
import type { RecordWrite, Store } from '../../store/index.js';
import { noteValues, type ModelValues } from '../model/model-values.js';
import { PROJECTIONS } from './collections.js';
import type { KeptError } from './dead-letter.js';

/** A read model with all its parts. */
export interface Generation {
  readonly generation: number;
  /** Version of the projection that writes it. */
  readonly version: number;
  readonly partitions: number;
  readonly models: readonly string[];
}

/** A read model that is being built beside the live one. */
export interface BuildingGeneration extends Generation {
  readonly startedAt: number;
  /** Last position of the log when it was begun: what progress is measured by. */
  readonly target: number;
  /** It stands still because of an error; the live model goes on. */
  readonly failure?: ProjectionPause;
}

/** A read model that is no longer read and will be removed. */
export interface ObsoleteGeneration extends Generation {
  readonly since: number;
}

/** Why a projection stands still. */
export interface ProjectionPause {
  readonly at: number;
  readonly by?: string;
  readonly reason?: string;
  /** The error that made it stop; left out when somebody asked for it. */
  readonly error?: KeptError;
  /** The event that it failed on. */
  readonly event?: {
    readonly position: number;
    readonly stream: string;
    readonly type: string;
    readonly attempts: number;
  };
}

/** What all nodes know about a projection. */
export interface ProjectionState {
  /** The highest generation ever begun. */
  readonly last: number;
  readonly live?: Generation;
  readonly building?: BuildingGeneration;
  readonly obsolete: readonly ObsoleteGeneration[];
  readonly paused?: ProjectionPause;
}

/** A state with the version of its record; 0 when there is none yet. */
export interface StoredState {
  readonly state: ProjectionState;
  readonly version: number;
}

const NEW: StoredState = { state: { last: 0, obsolete: [] }, version: 0 };

/** The states of projections as records. */
export class ProjectionStates {
  private readonly values: ModelValues;

  constructor(private readonly store: Store) {
    this.values = noteValues(store);
  }

  async read(projection: string): Promise<StoredState> {
    const record = await this.store.getRecord(PROJECTIONS, projection);
    if (record === undefined) return NEW;
    return { state: this.values.decode(record.value) as ProjectionState, version: record.version };
  }

  write(projection: string, state: ProjectionState, ifVersion: number): RecordWrite {
    return { collection: PROJECTIONS, key: projection, value: this.values.encode(state), ifVersion };
  }

  /**
   * Changes a state; again when somebody else was faster.
   *
   * @param change gives the new state, or undefined to leave it as it is
   * @returns the state afterwards
   */
  async change(
    projection: string,
    change: (state: ProjectionState) => ProjectionState | undefined,
  ): Promise<ProjectionState> {
    for (;;) {
      const { state, version } = await this.read(projection);
      const next = change(state);
      if (next === undefined) return state;
      try {
        await this.store.commit({ records: [this.write(projection, next, version)] });
        return next;
      } catch (error) {
        if (!isCatgaError(error, 'CATGA_RECORD_CONFLICT')) throw error;
      }
    }
  }
}

/** A state without some of its parts. */
export function without<K extends keyof ProjectionState>(
  state: ProjectionState,
  ...parts: K[]
): Omit<ProjectionState, K> {
  const copy: Partial<ProjectionState> = { ...state };
  for (const part of parts) delete copy[part];
  return copy as Omit<ProjectionState, K>;
}

/** The state of a projection that goes on. */
export function resumed(state: ProjectionState): ProjectionState {
  const { building } = state;
  const rest = without(state, 'paused');
  if (building?.failure === undefined) return rest;
  const { failure: _failure, ...going } = building;
  return { ...rest, building: going };
}
