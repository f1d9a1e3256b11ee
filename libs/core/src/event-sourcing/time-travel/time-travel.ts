import { InvalidOptionError } from '../../foundation/index.js';
import {
  AggregateHistoryError,
  AggregateNotFoundError,
  streamOf,
  type AggregateId,
  type Aggregates,
  type AggregateType,
  type AnyAggregate,
  type Decider,
  type IdOf,
  type StateModel,
} from '../aggregates/index.js';
import type { RecordedEvent } from '../events/index.js';
import type { EventLog } from '../log/index.js';
import { copyState } from './state-copy.js';
import { diffStates, type StateChange } from './state-diff.js';
import { VersionNotReachedError } from './time-travel.errors.js';

/** After how many events, or when: milliseconds since 1970 or a Date. Version 0 is before the first event. */
export type Moment = { readonly version: number } | { readonly at: number | Date };

/** A state as of a moment. */
export interface StateAt<State> {
  /** Version of the stream at that moment; 0: nothing had happened yet. */
  readonly version: number;
  /** When the last of these events happened, milliseconds since 1970; undefined at version 0. */
  readonly at: number | undefined;
  /** The aggregate, or the state of the decider. Of its own: changing it changes nothing else. */
  readonly state: State;
  /** The same as plain data, as a snapshot would keep it. */
  readonly view: unknown;
}

/** One event of an aggregate, and what it did. */
export interface AuditEntry {
  readonly version: number;
  /** Place in the whole log. */
  readonly position: number;
  /** Milliseconds since 1970. */
  readonly at: number;
  /** Wire name of the event. */
  readonly type: string;
  readonly eventId: string;
  /** Who did it; undefined when the writer did not say. */
  readonly user: string | undefined;
  readonly tenant: string | undefined;
  /** Shared by everything that one outside request has caused. */
  readonly correlationId: string | undefined;
  /** Id of the message that caused it. */
  readonly causationId: string | undefined;
  readonly event: object;
  readonly changes: readonly StateChange[];
}

/** Which part of the history {@link TimeTravel.audit} gives. */
export interface AuditOptions {
  /** First version. Default 1. */
  readonly from?: number | undefined;
  /** Last version. Default: the last. */
  readonly to?: number | undefined;
}

/** Whatever a state can be worked out of: a class of aggregates or a decider. */
interface Travelled {
  readonly model: StateModel<unknown>;
  readonly stream: string;
  readonly history: readonly RecordedEvent[];
}

/**
 * Looks at earlier states of aggregates and deciders. It reads the whole history each time, so it is for support,
 * audits and tests, not for busy paths. Injectable.
 *
 * @example
 * ```ts
 * const before = await timeTravel.stateAt(Order, '42', { at: new Date('2026-05-01') });
 * const changes = await timeTravel.diff(Order, '42', { version: 3 }, { version: 7 });
 * ```
 */
export class TimeTravel {
  constructor(
    private readonly aggregates: Aggregates,
    private readonly log: EventLog,
  ) {}

  /**
   * The state as of a version or a time.
   *
   * @throws {AggregateNotFoundError} {@link VersionNotReachedError} {@link AggregateHistoryError}
   */
  stateAt<A extends AnyAggregate>(type: AggregateType<A>, id: IdOf<A>, moment: Moment): Promise<StateAt<A>>;
  stateAt<State, Command, Event extends object>(
    decider: Decider<State, Command, Event>,
    id: AggregateId,
    moment: Moment,
  ): Promise<StateAt<State>>;
  async stateAt(
    target: AggregateType<AnyAggregate> | object,
    id: AggregateId,
    moment: Moment,
  ): Promise<StateAt<unknown>> {
    return stateOf(await this.travel(target, id), id, moment);
  }

  /** What changed between two moments, see {@link diffStates}. Errors as of {@link stateAt}. */
  diff<A extends AnyAggregate>(
    type: AggregateType<A>,
    id: IdOf<A>,
    from: Moment,
    to: Moment,
  ): Promise<readonly StateChange[]>;
  diff<State, Command, Event extends object>(
    decider: Decider<State, Command, Event>,
    id: AggregateId,
    from: Moment,
    to: Moment,
  ): Promise<readonly StateChange[]>;
  async diff(target: object, id: AggregateId, from: Moment, to: Moment): Promise<readonly StateChange[]> {
    const travelled = await this.travel(target, id);
    return diffStates(stateOf(travelled, id, from).view, stateOf(travelled, id, to).view);
  }

  /** Every event with who, when and why, and what it changed; oldest first. Errors as of {@link stateAt}. */
  audit<A extends AnyAggregate>(
    type: AggregateType<A>,
    id: IdOf<A>,
    options?: AuditOptions,
  ): Promise<readonly AuditEntry[]>;
  audit<State, Command, Event extends object>(
    decider: Decider<State, Command, Event>,
    id: AggregateId,
    options?: AuditOptions,
  ): Promise<readonly AuditEntry[]>;
  async audit(target: object, id: AggregateId, options: AuditOptions = {}): Promise<readonly AuditEntry[]> {
    const { model, history } = await this.travel(target, id);
    const { from = 1, to = history.length } = options;
    let state = model.create(id);
    let view = viewOf(model, state);
    const entries: AuditEntry[] = [];
    for (const recorded of history.slice(0, to)) {
      state = model.replay(state, [recorded.event]);
      // Before the first one asked for nothing needs comparing, only the state matters.
      const isWanted = recorded.version >= from - 1;
      const after = isWanted ? viewOf(model, state) : undefined;
      if (recorded.version >= from) entries.push(entryOf(recorded, diffStates(view, after)));
      view = after;
    }
    return entries;
  }

  private async travel(target: object, id: AggregateId): Promise<Travelled> {
    const model = this.aggregates.modelOf(target);
    const stream = streamOf(model, id);
    const history = await this.log.read(stream);
    const first = history[0]?.version;
    if (first === undefined) throw new AggregateNotFoundError(model.name, String(id), stream);
    if (first > 1) throw new AggregateHistoryError(model.name, stream, first);
    return { model, stream, history };
  }
}

function stateOf({ model, stream, history }: Travelled, id: AggregateId, moment: Moment): StateAt<unknown> {
  const version = versionAt(stream, history, moment);
  const events = history.slice(0, version).map(({ event }) => event);
  const state = model.replay(model.create(id), events);
  return { version, at: history[version - 1]?.at, state, view: viewOf(model, state) };
}

/**
 * By time: up to the first event that happened later. Clocks of several machines may disagree on neighbours; a state
 * without an event in the middle would be one that never was.
 */
function versionAt(stream: string, history: readonly RecordedEvent[], moment: Moment): number {
  if ('version' in moment) {
    const { version } = moment;
    if (Number.isSafeInteger(version) && version >= 0 && version <= history.length) return version;
    throw new VersionNotReachedError(stream, version, history.length);
  }
  const at = Number(moment.at);
  if (!Number.isFinite(at)) throw new InvalidOptionError('at', moment.at, 'a Date or milliseconds since 1970');
  const later = history.findIndex((recorded) => recorded.at > at);
  return later === -1 ? history.length : later;
}

function viewOf(model: StateModel<unknown>, state: unknown): unknown {
  return copyState(model.capture(state));
}

function entryOf(recorded: RecordedEvent, changes: readonly StateChange[]): AuditEntry {
  const { version, position, at, type, event, metadata } = recorded;
  const { eventId, user, tenant, correlationId, causationId } = metadata;
  return { version, position, at, type, eventId, user, tenant, correlationId, causationId, event, changes };
}
