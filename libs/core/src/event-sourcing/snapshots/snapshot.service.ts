import { coarseNow } from '../../foundation/index.js';
import type { Codec, Store } from '../../store/index.js';
import { SnapshotMetrics, type SnapshotIgnoredReason } from './snapshot-metrics.js';
import { SnapshotReporter } from './snapshot-reporter.js';
import type { SnapshotSeal } from './snapshot-seal.js';
import { SnapshotStore, type Snapshot } from './snapshot-store.js';
import type { SnapshotTrail } from './snapshot-trail.js';
import { SnapshotJob, SnapshotWriter } from './snapshot-writer.js';
import {
  resolveSnapshotWriterOptions,
  type ResolvedSnapshotOptions,
  type SnapshotWriterOptions,
} from './snapshot.options.js';

/** Whose snapshot it is. */
export interface SnapshotOwner {
  /** For messages. */
  readonly name: string;
  readonly category: string;
  readonly snapshots: ResolvedSnapshotOptions | undefined;
}

/** What {@link SnapshotService} is made of. */
export interface SnapshotServiceParts {
  readonly store: Store;
  readonly codec: Codec;
  readonly options?: SnapshotWriterOptions | undefined;
  readonly metrics?: SnapshotMetrics | undefined;
  /** Told of what goes wrong with snapshots, once for each kind. */
  readonly warn: (message: string) => void;
}

/** Reads snapshots, and writes them when they are due and there is time. */
export class SnapshotService {
  readonly metrics: SnapshotMetrics;
  private readonly codec: Codec;
  private readonly store: SnapshotStore;
  private readonly reporter: SnapshotReporter;
  private readonly writer: SnapshotWriter;

  /** @throws {UnknownOptionError} {@link InvalidOptionError} */
  constructor({ store, codec, options, metrics = new SnapshotMetrics(), warn }: SnapshotServiceParts) {
    this.metrics = metrics;
    this.codec = codec;
    this.store = new SnapshotStore(store, codec);
    this.reporter = new SnapshotReporter(metrics, warn);
    this.writer = new SnapshotWriter(resolveSnapshotWriterOptions(options), metrics, this.reporter);
  }

  /** Changes what is stored of snapshots from now on; before the first one is read or written. */
  useSeal(seal: SnapshotSeal): void {
    this.store.seal = seal;
  }

  /**
   * The snapshot of a stream, unless it is of no use; then it is reported, and the events tell all. Never fails.
   *
   * @param fields that a new state has, see `Snapshot.fields`
   */
  async usable(owner: SnapshotOwner, stream: string, fields: string | undefined): Promise<Snapshot | undefined> {
    try {
      const snapshot = await this.store.read(stream);
      if (snapshot === undefined) {
        this.store.versions.forget(stream);
        return undefined;
      }
      if (snapshot.schema !== owner.snapshots?.version) return this.ignored(owner, stream, 'other-version');
      if (snapshot.fields !== fields) return this.ignored(owner, stream, 'other-fields');
      this.store.versions.note(stream, snapshot.version);
      return snapshot;
    } catch (error) {
      return this.ignored(owner, stream, 'damaged', error);
    }
  }

  /** The version of the snapshot that {@link usable} is likely to find; undefined: nobody knows. */
  likelyVersion(stream: string): number | undefined {
    return this.store.versions.get(stream);
  }

  /** Reports a snapshot that turned out to be of no use. */
  ignored(owner: SnapshotOwner, stream: string, reason: SnapshotIgnoredReason, error?: unknown): undefined {
    this.store.versions.forget(stream);
    this.reporter.ignored(owner.name, stream, reason, error);
  }

  /**
   * To be called when events were stored: schedules a snapshot if one is due. Never fails.
   *
   * @param take gives the snapshot of the state as it is now; called later
   * @returns the job, whose `capture` must be called before the state changes; undefined when none is due
   */
  saved(
    owner: SnapshotOwner,
    stream: string,
    version: number,
    events: readonly object[],
    trail: SnapshotTrail,
    take: () => Snapshot,
  ): SnapshotJob | undefined {
    const when = owner.snapshots?.when;
    if (when === undefined) return undefined;
    const now = coarseNow();
    try {
      trail.oldestAt ??= now;
      if (when.needsBytes) for (const event of events) trail.bytes += this.sizeOf(event);
      const { oldestAt, bytes } = trail;
      if (!when.isDue({ version, events: version - trail.version, age: now - oldestAt, bytes })) return undefined;
    } catch (error) {
      // The events are stored; a strategy that throws must not make the save fail.
      this.metrics.count('failed');
      this.reporter.writeFailed(owner.name, stream, error);
      return undefined;
    }
    Object.assign(trail, { version, oldestAt: undefined, bytes: 0 } satisfies SnapshotTrail);
    const job = new SnapshotJob(owner.name, owner.category, stream, take, this.store);
    this.writer.schedule(job);
    return job;
  }

  /** Size of a payload as it is, or would be, stored. */
  sizeOf(payload: unknown): number {
    if (typeof payload === 'string') return payload.length;
    if (payload instanceof Uint8Array) return payload.byteLength;
    const { ...fields } = payload as object;
    return this.codec.encode(fields).length;
  }

  /** Snapshots that are not written yet. */
  get waiting(): number {
    return this.writer.waiting;
  }

  /** Removes the snapshot of a stream, e.g. because it holds what must be forgotten. */
  async forget(stream: string): Promise<void> {
    await this.store.delete(stream);
  }

  /** Writes what waits and takes no more; gives up after the drain time-out. Returns how many were left. */
  drain(): Promise<number> {
    return this.writer.drain();
  }
}
