import type { EventList } from '../events/index.js';
import type { EventLog, StreamHistory } from '../log/index.js';
import type { Snapshot, SnapshotService, SnapshotTrail } from '../snapshots/index.js';
import { AggregateHistoryError } from './aggregate.errors.js';
import type { AggregateId } from './aggregate-root.js';
import { streamOf, type StateModel, type StreamOwner } from './state-model.js';

/** A state as it was read. */
export interface Loaded<State> {
  readonly stream: string;
  readonly state: State;
  /** Version of the stream; 0: there is nothing. */
  readonly version: number;
  /** Undefined where there are no snapshots. */
  readonly trail: SnapshotTrail | undefined;
}

/** Works out states from the log: from the last snapshot that is of use, else from the first event. */
export class StateReader {
  constructor(
    private readonly log: EventLog,
    private readonly snapshots: SnapshotService,
  ) {}

  /**
   * The state at once, where the store keeps references and there are no snapshots: no list, no check of each event and
   * no await is left beside the fold. Undefined: ask {@link load}.
   *
   * @throws {InvalidAggregateIdError} {@link UnhandledAggregateEventError} {@link StoreUnavailableError}
   */
  loadKept<State>(model: StateModel<State>, id: AggregateId): State | undefined {
    const { store, registry } = this.log;
    if (model.snapshots !== undefined || model.replayKept === undefined) return undefined;
    const kept = store.readPayloads?.(streamOf(model, id), 1);
    if (kept?.version !== 1) return undefined;
    return model.replayKept(model.create(id), kept as EventList, registry.isEvent);
  }

  /**
   * @throws {AggregateHistoryError} {@link InvalidAggregateIdError} and what the log throws
   */
  async load<State>(model: StateModel<State>, id: AggregateId): Promise<Loaded<State>> {
    const stream = streamOf(model, id);
    const loaded = model.snapshots && (await this.fromSnapshot(model, id, stream));
    return loaded ?? this.fromStart(model, id, stream);
  }

  private async fromStart<State>(model: StateModel<State>, id: AggregateId, stream: string): Promise<Loaded<State>> {
    const history = await this.log.history(stream);
    const first = history.first?.version ?? (await this.firstLost(stream));
    if (first > 1) throw new AggregateHistoryError(model.name, stream, first);
    const state = model.replay(model.create(id), history.list);
    return { stream, state, version: history.list.length, trail: this.trailOf(model, 0, history, 0) };
  }

  /** First version of a stream that gave no events: more than 1 when they were truncated, all of them. */
  private async firstLost(stream: string): Promise<number> {
    const info = await this.log.store.getStream(stream);
    return info === undefined || info.state === 'deleted' ? 1 : info.firstVersion;
  }

  private async fromSnapshot<State>(
    model: StateModel<State>,
    id: AggregateId,
    stream: string,
  ): Promise<Loaded<State> | undefined> {
    const found = await this.snapshotAndTail(model, id, stream);
    if (found === undefined) return undefined;
    const { snapshot, history } = found;
    const { first, list } = history;
    if (!(await this.belongs(snapshot, first, stream))) {
      return this.snapshots.ignored(model, stream, 'other-history');
    }
    const seen = first?.version === snapshot.version ? 1 : 0;
    const state = this.restored(model, id, stream, snapshot);
    if (state === undefined) return undefined;
    this.snapshots.metrics.count('used');
    return {
      stream,
      state: model.replay(state.value, list, seen),
      version: snapshot.version + list.length - seen,
      trail: this.trailOf(model, snapshot.version, history, seen),
    };
  }

  /**
   * The snapshot and the events from its own version on: only the event of that version shows whether the snapshot
   * belongs to this history. Where it is likely which snapshot there is, both are asked for at once, which is one round
   * trip to the store instead of two.
   */
  private async snapshotAndTail<State>(
    model: StateModel<State>,
    id: AggregateId,
    stream: string,
  ): Promise<{ readonly snapshot: Snapshot; readonly history: StreamHistory } | undefined> {
    const likely = this.snapshots.likelyVersion(stream);
    const tail = likely === undefined ? undefined : this.log.history(stream, likely);
    // What it fails with counts only where the guess was right, and then it is awaited below.
    tail?.catch(() => undefined);
    const snapshot = await this.snapshots.usable(model, stream, model.fields(id));
    if (snapshot === undefined) return undefined;
    const { version } = snapshot;
    const wanted = version === likely ? tail : undefined;
    return { snapshot, history: await (wanted ?? this.log.history(stream, version)) };
  }

  private async belongs(snapshot: Snapshot, first: StreamHistory['first'], stream: string): Promise<boolean> {
    if (first?.version === snapshot.version) return first.position === snapshot.position;
    // Truncated up to the snapshot: nothing is left to compare with, and nothing is missing.
    if (first !== undefined) return first.version === snapshot.version + 1;
    const info = await this.log.store.getStream(stream);
    return info?.state !== 'deleted' && info?.version === snapshot.version && info.firstVersion > snapshot.version;
  }

  private restored<State>(
    model: StateModel<State>,
    id: AggregateId,
    stream: string,
    snapshot: Snapshot,
  ): { readonly value: State } | undefined {
    try {
      return { value: model.restore(id, snapshot.state, snapshot.version) };
    } catch (error) {
      return this.snapshots.ignored(model, stream, 'damaged', error);
    }
  }

  /** @param seen how many of the history the state at `version` holds already */
  private trailOf(
    model: StreamOwner,
    version: number,
    history: StreamHistory,
    seen: number,
  ): SnapshotTrail | undefined {
    if (model.snapshots === undefined) return undefined;
    let bytes = 0;
    if (model.snapshots.when.needsBytes) {
      const { payloads } = history;
      for (let at = seen; at < payloads.length; at++) bytes += this.snapshots.sizeOf(payloads[at]);
    }
    return { version, oldestAt: history.list.length > seen ? history.timeOf(seen) : undefined, bytes };
  }
}
