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
  readonly finishedAt?: number | undefined;
  readonly waitingUntil?: number | undefined;
  readonly owner?: string | undefined;
  readonly tags: readonly string[];
  readonly error?: RecordedError | undefined;
}

/** What a change of status changes besides. */
export type RecordChange = Partial<Pick<RunRecord, 'finishedAt' | 'waitingUntil' | 'error'>>;

/** The streams of first runs are called this, followed by the id. */
export const STREAM_PREFIX = 'process-';

/** The stream of a run. The number stands in front of the id: behind it, it could be the end of another id. */
export function streamOf(id: string, run: number): string {
  return run === 1 ? STREAM_PREFIX + id : `process@${run}-${id}`;
}

/** The id of the process to which a stream belongs; undefined when it is not one of a run. */
export function idOfStream(stream: string): string | undefined {
  return /^process(?:@\d+)?-(.+)$/s.exec(stream)?.[1];
}

/** The run in idempotency keys: an id that is run again must not get the answers of its former run. */
export function runIdOf(id: string, run: number): string {
  return run === 1 ? id : `@${run}:${id}`;
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
  ifVersion?: number,
  removeAt?: number,
): RecordWrite {
  const write: { -readonly [K in keyof RecordWrite]: RecordWrite[K] } = {
    collection: PROCESSES,
    key: id,
    value: store.capabilities.payload === 'reference' ? record : JSON.stringify(record),
    tags: lineTags(record.name, record.status, record.owner, record.tags),
  };
  const dueAt = record.waitingUntil ?? removeAt;
  if (dueAt !== undefined) write.dueAt = dueAt;
  if (ifVersion !== undefined) write.ifVersion = ifVersion;
  return write;
}

/** Tags of runs without tags of their own: the same few lists again and again. */
const plainTags = new Map<string, readonly string[]>();

/** What a line is found by. */
export function lineTags(
  name: string,
  status: ProcessStatus,
  owner: string | undefined,
  own: readonly string[],
): readonly string[] {
  const isActive = status === 'running' || status === 'compensating';
  const tags = statusTags(name, status, isActive ? owner : undefined, isActive);
  return own.length === 0 ? tags : [...tags, ...own.map((tag) => `tag:${tag}`)];
}

function statusTags(
  name: string,
  status: ProcessStatus,
  owner: string | undefined,
  isActive: boolean,
): readonly string[] {
  const key = isActive ? `${name}\n${status}\n${owner}` : `${name}\n${status}`;
  let tags = plainTags.get(key);
  if (!tags) {
    tags = [`name:${name}`, `status:${status}`];
    if (isActive) tags = [...tags, ownerTag(owner)];
    else if (isTerminal(status)) tags = [...tags, FINAL_TAG];
    // Owners come and go: a node that has lost its lease often must not keep every list it ever had.
    if (plainTags.size > 1_000) plainTags.clear();
    plainTags.set(key, tags);
  }
  return tags;
}

/** Tag of final runs. */
export const FINAL_TAG = 'final';

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
  const { name, status, run, startedAt, finishedAt, waitingUntil, tags, owner, error } = record;
  return {
    id,
    name,
    status,
    run,
    startedAt,
    ...(finishedAt === undefined ? {} : { finishedAt }),
    ...(waitingUntil === undefined ? {} : { waitingUntil }),
    tags,
    ...(owner === undefined ? {} : { owner }),
    ...(error === undefined ? {} : { error }),
  };
}

export function isTerminal(status: ProcessStatus): boolean {
  return TERMINAL.has(status);
}
