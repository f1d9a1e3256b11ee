import type { SnapshotIgnoredReason, SnapshotMetrics } from './snapshot-metrics.js';

const WHY: Readonly<Record<SnapshotIgnoredReason, string>> = {
  damaged: 'it cannot be read',
  'other-version': 'it was written for another version of the state',
  'other-fields': 'the class has other fields than when it was written; raise snapshots.version to say so yourself',
  'other-history': 'it does not belong to the events that the stream has now',
};

/** Counts what goes wrong with snapshots, and warns of the first of each kind for each aggregate: loads are frequent. */
export class SnapshotReporter {
  private readonly warned = new Set<string>();

  constructor(
    private readonly metrics: SnapshotMetrics,
    private readonly warn: (message: string) => void,
  ) {}

  /** A stored snapshot is not used. */
  ignored(owner: string, stream: string, reason: SnapshotIgnoredReason, error?: unknown): void {
    this.metrics.countIgnored(reason);
    this.warnOnce(`${owner} ${reason}`, () => {
      const cause = error === undefined ? '' : `: ${textOf(error)}`;
      return `The snapshot of "${stream}" (${owner}) is ignored, ${WHY[reason]}${cause}. The state is worked out from its events instead, and the next snapshot replaces it. More of the same kind are only counted, see SnapshotMetrics.`;
    });
  }

  /** A snapshot could not be made or written. */
  writeFailed(owner: string, stream: string, error: unknown): void {
    this.warnOnce(`${owner} write`, () => {
      return `The snapshot of "${stream}" (${owner}) was not written: ${textOf(error)}. Nothing is lost, the events are stored; loads take longer until one is written. More of the same kind are only counted, see SnapshotMetrics.`;
    });
  }

  private warnOnce(kind: string, message: () => string): void {
    if (this.warned.has(kind)) return;
    this.warned.add(kind);
    this.warn(message());
  }
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
