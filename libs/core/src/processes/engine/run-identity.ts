/** Which run this is. */
export interface RunIdentity {
  readonly id: string;
  /** Counts the runs of the id, from 1. */
  readonly run: number;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly tenant: string | undefined;
  readonly tags: readonly string[];
}
