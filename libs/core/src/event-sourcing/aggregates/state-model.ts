import type { Type } from '../../messages/index.js';
import type { EventList } from '../events/index.js';
import type { SnapshotOwner } from '../snapshots/index.js';
import { InvalidAggregateIdError } from './aggregate.errors.js';
import type { AggregateId } from './aggregate-root.js';

/** What is known of an aggregate or decider whatever its state is. Its category is the first half of its streams' names. */
export interface StreamOwner extends SnapshotOwner {
  /** Every class of its events. */
  readonly events: readonly Type<object>[];
}

/** How a state is worked out from events: what aggregates and deciders have in common. */
export interface StateModel<State> extends StreamOwner {
  /** The state before the first event. */
  create(id: AggregateId): State;
  /** The state after these stored events, from a place in the list on. Default: all of them. */
  replay(state: State, events: EventList, from?: number): State;
  /**
   * The same for what a store keeps as it was given, events or not; undefined, with the state spoilt, when one of them is
   * none. Without it they are looked at before the first is applied.
   */
  replayKept?(state: State, payloads: EventList, isEvent: (payload: unknown) => boolean): State | undefined;
  /** What a snapshot keeps of the state, and time travel shows. Not a copy. */
  capture(state: State): unknown;
  /** The state that was captured at that version. */
  restore(id: AggregateId, captured: unknown, version: number): State;
  /** The fields that a new state has, to tell whether a snapshot was made by another class; undefined: do not ask. */
  fields(id: AggregateId): string | undefined;
}

/**
 * Name of the stream of an aggregate.
 *
 * @throws {InvalidAggregateIdError}
 */
export function streamOf(owner: StreamOwner, id: AggregateId): string {
  const isId = typeof id === 'string' ? id !== '' : typeof id === 'bigint' || Number.isFinite(id);
  if (!isId) throw new InvalidAggregateIdError(owner.name, id);
  return `${owner.category}-${id}`;
}
