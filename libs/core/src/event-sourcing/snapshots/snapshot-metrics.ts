/** Why a stored snapshot was not used. */
export type SnapshotIgnoredReason =
  /** It could not be read, decoded or taken over by the aggregate. */
  | 'damaged'
  /** It was written for another version of the shape of the state. */
  | 'other-version'
  /** The class declares other fields than it did then. */
  | 'other-fields'
  /** It does not belong to the events that the stream has now: the stream was deleted and begun again, or restored. */
  | 'other-history';

/** {@link SnapshotMetrics} at one moment. */
export interface SnapshotFigures {
  /** Loads that began with a snapshot. */
  readonly used: number;
  /** Snapshots written. */
  readonly written: number;
  /** Snapshots that could not be made or written; nothing but time is lost by that. */
  readonly failed: number;
  /** Snapshots not written because too many waited, or because the application ended. */
  readonly dropped: number;
  /** Stored snapshots that were not used, by reason. */
  readonly ignored: Readonly<Record<SnapshotIgnoredReason, number>>;
}

/** Counts what happens to snapshots, from the start of the application. Injectable. */
export class SnapshotMetrics {
  private used = 0;
  private written = 0;
  private failed = 0;
  private dropped = 0;
  private readonly ignored: Record<SnapshotIgnoredReason, number> = {
    damaged: 0,
    'other-version': 0,
    'other-fields': 0,
    'other-history': 0,
  };

  figures(): SnapshotFigures {
    const { used, written, failed, dropped, ignored } = this;
    return { used, written, failed, dropped, ignored: { ...ignored } };
  }

  /** @internal */
  count(what: 'used' | 'written' | 'failed' | 'dropped'): void {
    this[what]++;
  }

  /** @internal */
  countIgnored(reason: SnapshotIgnoredReason): void {
    this.ignored[reason]++;
  }
}
