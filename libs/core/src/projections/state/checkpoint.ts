import type { RecordWrite, Store } from '../../store/index.js';
import { noteValues, type ModelValues } from '../model/model-values.js';
import { CHECKPOINTS } from './collections.js';

/** How far a partition of a projection got. */
export interface Checkpoint {
  /** Every event up to and including this position is in the read model. */
  readonly position: number;
  /** When the last event that it took had happened, milliseconds since 1970; 0 before the first one. */
  readonly at: number;
  /** Events taken so far. */
  readonly events: number;
}

/** A checkpoint with the version of its record; 0 when there is none yet. */
export interface StoredCheckpoint extends Checkpoint {
  readonly version: number;
}

const START: StoredCheckpoint = { position: 0, at: 0, events: 0, version: 0 };

/** Checkpoints as records. */
export class Checkpoints {
  private readonly values: ModelValues;

  constructor(private readonly store: Store) {
    this.values = noteValues(store);
  }

  /** The checkpoint of a partition; position 0 and version 0 before it has one. */
  async read(shard: string): Promise<StoredCheckpoint> {
    const record = await this.store.getRecord(CHECKPOINTS, shard);
    if (record === undefined) return START;
    return { ...(this.values.decode(record.value) as Checkpoint), version: record.version };
  }

  /** The write that moves a checkpoint on, if nobody else has. */
  write(shard: string, checkpoint: Checkpoint, ifVersion: number): RecordWrite {
    const { position, at, events } = checkpoint;
    return { collection: CHECKPOINTS, key: shard, value: this.values.encode({ position, at, events }), ifVersion };
  }
}
