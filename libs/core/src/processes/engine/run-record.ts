import type { RecordWrite, Store, StoredRecord } from '../../store/index.js';
import { TERMINAL, type ProcessStatus, type ProcessSummary, type RecordedError } from '../api/process.types.js';

/** Collection of the store in which each process id has its line. */
export const PROCESSES = 'processes';

/** The line of a process in the index: what lists, timers and recovery look at. The journal can rebuild it. */
export interface RunRecord {
  readonly name: string;
  readonly status: ProcessStatus;
  readonly run: number;
  readonly startedAt: number;
  readonly finishedAt?: number;
  readonly waitingUntil?: number;
  readonly owner?: string;
  readonly tags: readonly string[];
  readonly error?: RecordedError;
}

/** The stream of a run. */
export function streamOf(id: string, run: number): string {
  return run === 1 ? `process-${id}` : `process-${id}@${run}`;
}

/** The run in idempotency keys: an id that is run again must not get the answers of its former run. */
export function runIdOf(id: string, run: number): string {
  return run === 1 ? id : `${id}@${run}`;
}

/**
 * The write of a run's line. Only what somebody has to come back to is findable by owner; a final run has left every
 * hot index and is due only for its removal.
 *
 * @param removeAt when a final run is removed; milliseconds since 1970
 */
export function recordWrite(
  store: Store,
  id: string,
  record: RunRecord,
  options: { ifVersion?: number; removeAt?: number } = {},
): RecordWrite {
  const tags = [`name:${record.name}`, `status:${record.status}`];
  for (const tag of record.tags) tags.push(`tag:${tag}`);
  if (record.status === 'running' || record.status === 'compensating') tags.push(ownerTag(record.owner));
  const dueAt = record.waitingUntil ?? options.removeAt;
  return {
    collection: PROCESSES,
    key: id,
    value: store.capabilities.payload === 'reference' ? record : JSON.stringify(record),
    tags,
    ...(dueAt === undefined ? {} : { dueAt }),
    ...(options.ifVersion === undefined ? {} : { ifVersion: options.ifVersion }),
  };
}

/** Tag of the runs of a node; without one, of those that a node has released and any other may take. */
export function ownerTag(owner: string | undefined): string {
  return `owner:${owner ?? 'none'}`;
}

/** Reads a line back. */
export function readRecord(stored: StoredRecord): RunRecord {
  return typeof stored.value === 'string' ? (JSON.parse(stored.value) as RunRecord) : (stored.value as RunRecord);
}

/** A line of the list. */
export function toSummary(id: string, record: RunRecord): ProcessSummary {
  return { id, ...record };
}

export function isTerminal(status: ProcessStatus): boolean {
  return TERMINAL.has(status);
}
