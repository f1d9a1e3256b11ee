export { SnapshotMetrics, type SnapshotFigures, type SnapshotIgnoredReason } from './snapshot-metrics.js';
export { SnapshotReporter } from './snapshot-reporter.js';
export { SnapshotService, type SnapshotOwner, type SnapshotServiceParts } from './snapshot.service.js';
export type { SnapshotTrail } from './snapshot-trail.js';
export type { SealedSnapshot, SnapshotSeal } from './snapshot-seal.js';
export { SNAPSHOT_COLLECTION, SnapshotStore, type Snapshot } from './snapshot-store.js';
export {
  everyEvents,
  largerThan,
  noSnapshots,
  olderThan,
  SnapshotStrategy,
  type SnapshotSituation,
} from './snapshot-strategy.js';
export { SnapshotJob, SnapshotWriter } from './snapshot-writer.js';
export {
  resolveSnapshotOptions,
  resolveSnapshotWriterOptions,
  type ResolvedSnapshotOptions,
  type ResolvedSnapshotWriterOptions,
  type SnapshotOptions,
  type SnapshotWriterOptions,
} from './snapshot.options.js';
