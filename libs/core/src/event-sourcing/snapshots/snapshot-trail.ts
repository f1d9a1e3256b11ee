/** What lies between the last snapshot of a state and the state itself. */
export interface SnapshotTrail {
  /** Version of the last snapshot; 0 without one. */
  version: number;
  /** When the oldest event that it lacks happened, milliseconds since 1970; undefined when it lacks none. */
  oldestAt: number | undefined;
  /** Size of the events that it lacks, where the strategy asks for it. */
  bytes: number;
}
