import type { Type } from '../../messages/index.js';
import type { EventList } from '../events/index.js';
import { resolveSnapshotOptions, type ResolvedSnapshotOptions } from '../snapshots/index.js';
import type { AggregateId } from './aggregate-root.js';
import type { Decider } from './decider.js';
import type { StateModel } from './state-model.js';

/** A decider as something that a state is worked out with. */
export class DeciderModel<State, Command, Event extends object> implements StateModel<State> {
  readonly name: string;
  readonly category: string;
  readonly events: readonly Type<object>[];
  readonly snapshots: ResolvedSnapshotOptions | undefined;

  constructor(readonly decider: Decider<State, Command, Event>) {
    this.name = decider.name;
    this.category = decider.name;
    this.events = decider.events;
    this.snapshots = resolveSnapshotOptions(`Decider "${decider.name}": snapshots`, decider.snapshots);
  }

  create(id: AggregateId): State {
    return this.decider.initialState(String(id));
  }

  replay(state: State, events: EventList, from = 0): State {
    const { decider } = this;
    let current = state;
    for (let at = from; at < events.length; at++) current = decider.evolve(current, events.at(at) as Event);
    return current;
  }

  capture(state: State): unknown {
    return state;
  }

  restore(_id: AggregateId, captured: unknown): State {
    return captured as State;
  }

  fields(id: AggregateId): string | undefined {
    const state = this.create(id);
    return typeof state === 'object' && state !== null ? Object.keys(state).join(' ') : undefined;
  }
}
