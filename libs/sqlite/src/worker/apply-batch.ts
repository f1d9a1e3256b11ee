import { meets, type BatchRows } from './batch.js';
import { OUTCOME } from './protocol.js';
import type { RecordTable } from './record-table.js';
import type { StreamTable } from './stream-table.js';

/** What commits are applied to. */
export interface Tables {
  readonly streams: StreamTable;
  readonly records: RecordTable;
}

/** Looks up everything the commits are about that is not known yet, for all of them at once. */
export function learn({ streams, records }: Tables, batches: readonly BatchRows[]): void {
  streams.load(batches.flatMap(({ appends, deletes }) => [...appends.map(({ stream }) => stream), ...deletes]));
  records.load(batches.flatMap((batch) => batch.records));
}

/** Checks one commit and puts it into the buffers. Returns its outcome. */
export function applyBatch({ streams, records }: Tables, batch: BatchRows, now: number): number[] {
  const conflict = findStreamConflict(streams, batch) ?? findRecordConflict(records, batch, now);
  if (conflict !== undefined) return conflict;
  for (const stream of batch.deletes) streams.delete(stream);
  const versions = batch.appends.map(({ stream, events }) => streams.append(stream, events));
  const recordVersions = batch.records.map((row) => records.write(row, now));
  return [OUTCOME.done, streams.lastPosition, ...versions, ...recordVersions];
}

function findStreamConflict(streams: StreamTable, { appends, deletes }: BatchRows): number[] | undefined {
  // What the commit itself does to a stream before the append at hand.
  const ahead = appends.length > 1 || deletes.length > 0 ? new Map<string, number>() : undefined;
  for (const stream of deletes) ahead?.set(stream, 0);
  for (const [index, { stream, expected, events }] of appends.entries()) {
    const actual = ahead?.get(stream) ?? streams.version(stream);
    if (!meets(expected, actual)) return [OUTCOME.versionConflict, index, actual];
    ahead?.set(stream, actual + events.length);
  }
  return undefined;
}

function findRecordConflict(records: RecordTable, batch: BatchRows, now: number): number[] | undefined {
  if (batch.records.every((row) => row.ifVersion === -1)) return undefined;
  const ahead = batch.records.length > 1 ? new Map<string, number>() : undefined;
  for (const [index, { collection, key, value, ifVersion }] of batch.records.entries()) {
    const name = `${collection}\0${key}`;
    const actual = ahead?.get(name) ?? records.version(collection, key, now);
    if (ifVersion !== -1 && ifVersion !== actual) return [OUTCOME.recordConflict, index, actual];
    ahead?.set(name, value === null ? 0 : actual + 1);
  }
  return undefined;
}
