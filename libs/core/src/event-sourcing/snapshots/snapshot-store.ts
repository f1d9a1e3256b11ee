import type { Codec, RecordWrite, Store } from '../../store/index.js';
import { LastVersions } from './last-versions.js';
import type { SnapshotSeal } from './snapshot-seal.js';

/** Collection of the records that hold snapshots; the key is the name of the stream. */
export const SNAPSHOT_COLLECTION = 'snapshots';

/** What is kept of a state. */
export interface Snapshot {
  /** Version of the stream that the state stands for. */
  readonly version: number;
  /** Position of the event of that version: a stream that was begun anew has another one there. */
  readonly position: number;
  /** Version of the shape of the state. */
  readonly schema: number;
  /** Fields that the class declared when it was written; undefined where it takes care of that itself. */
  readonly fields?: string | undefined;
  readonly state: unknown;
}

/**
 * Snapshots as records. They are always encoded, also where a store keeps references: a state goes on changing after it
 * was stored.
 */
export class SnapshotStore {
  /** Changes what is stored; undefined: nothing does. */
  seal: SnapshotSeal | undefined;
  readonly versions = new LastVersions();

  constructor(
    private readonly store: Store,
    private readonly codec: Codec,
  ) {}

  /** @throws {UnencodableValueError} naming what in the state cannot be stored */
  encode(snapshot: Snapshot): string | Uint8Array {
    return this.codec.encode(snapshot);
  }

  /** The latest snapshot of a stream; undefined when there is none. Whatever it throws: it is no use. */
  async read(stream: string): Promise<Snapshot | undefined> {
    const record = await this.store.getRecord(SNAPSHOT_COLLECTION, stream);
    if (record === undefined) return undefined;
    const { seal } = this;
    const encoded = seal === undefined ? record.value : await seal.open(stream, record.value);
    if (encoded === undefined) return undefined;
    const snapshot = this.codec.decode(encoded as string | Uint8Array);
    if (!isSnapshot(snapshot)) throw new TypeError('the record holds no snapshot');
    return snapshot;
  }

  async write(stream: string, version: number, encoded: string | Uint8Array, tags: readonly string[]): Promise<void> {
    const sealed = this.seal === undefined ? { value: encoded, tags: [] } : await this.seal.seal(stream, encoded);
    if (sealed === undefined) return;
    const { value } = sealed;
    const write: RecordWrite = { collection: SNAPSHOT_COLLECTION, key: stream, value, tags: [...tags, ...sealed.tags] };
    await this.store.commit({ records: [write] });
    this.versions.note(stream, version);
  }

  /** Removes the snapshot of a stream, if there is one; e.g. because it holds what must be forgotten. */
  async delete(stream: string): Promise<void> {
    this.versions.forget(stream);
    await this.store.commit({ records: [{ collection: SNAPSHOT_COLLECTION, key: stream }] });
  }
}

function isSnapshot(value: unknown): value is Snapshot {
  if (typeof value !== 'object' || value === null) return false;
  const { version, position, schema } = value as Partial<Snapshot>;
  return Number.isSafeInteger(version) && Number.isSafeInteger(position) && Number.isSafeInteger(schema);
}
