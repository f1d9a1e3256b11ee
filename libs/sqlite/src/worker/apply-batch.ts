import type { BatchExtras, StreamChangeRow } from './batch-extras.js';
import { meets, type AppendRows, type BatchRows } from './batch.js';
import type { CommitIds } from './commit-ids.js';
import type { ConditionCheck } from './condition-check.js';
import { EXPECT, OUTCOME } from './protocol.js';
import type { RecordTable } from './record-table.js';
import type { StreamTable } from './stream-table.js';

/** What commits are applied to. */
export interface Tables {
  readonly streams: StreamTable;
  readonly records: RecordTable;
  readonly commitIds: CommitIds;
  readonly conditions: ConditionCheck;
}

/**
 * Looks up everything the commits are about that is not known yet, for all of them at once.
 *
 * @param assume leave out what the commits want to be new: the two indexes that every new row goes into are unique
 */
export function learn({ streams, records, commitIds }: Tables, batches: readonly BatchRows[], assume: boolean): void {
  for (const { appends, deletes, records: rows, extras } of batches) {
    for (const append of appends) streams.expect(append.stream, assume && makesStream(append));
    for (const stream of deletes) streams.expect(stream, false);
    for (const { stream } of extras?.streams ?? none) streams.expect(stream, false);
    for (const row of rows) records.expect(row, assume && row.ifVersion === 0 && row.value !== null);
  }
  streams.load();
  records.load();
  const ids = batches.flatMap(({ extras }) => extras?.id ?? none);
  if (ids.length > 0) commitIds.load(ids);
}

function makesStream({ expected, events }: AppendRows): boolean {
  return (expected === 0 || expected === EXPECT['no-stream']) && events.length > 0;
}

/** Checks one commit and puts it into the buffers. Returns its outcome. */
export function applyBatch(tables: Tables, batch: BatchRows, now: number): number[] {
  const { extras } = batch;
  return extras === undefined ? apply(tables, batch, now) : applyWithExtras(tables, batch, extras, now);
}

function applyWithExtras(tables: Tables, batch: BatchRows, { id, conditions }: BatchExtras, now: number): number[] {
  const first = id === undefined ? undefined : tables.commitIds.get(id);
  if (first !== undefined) {
    const [position, versions, recordVersions] = first;
    return [OUTCOME.repeated, position, versions.length, ...versions, recordVersions.length, ...recordVersions];
  }
  if (conditions !== undefined) {
    tables.streams.flush();
    for (const [index, condition] of conditions.entries()) {
      const position = tables.conditions.find(condition);
      if (position !== undefined) return [OUTCOME.condition, index, position];
    }
  }
  const outcome = apply(tables, batch, now);
  if (id !== undefined && outcome[0] === OUTCOME.done) {
    const [, position = 0, ...versions] = outcome;
    tables.commitIds.add(id, [position, versions, versions.splice(batch.appends.length)], now);
  }
  return outcome;
}

function apply({ streams, records }: Tables, batch: BatchRows, now: number): number[] {
  const conflict = findStreamConflict(streams, batch) ?? findRecordConflict(records, batch, now);
  if (conflict !== undefined) return conflict;
  for (const stream of batch.deletes) streams.delete(stream);
  for (const change of batch.extras?.streams ?? none) streams.change(change);
  const outcome: number[] = [OUTCOME.done, 0];
  for (const { stream, events } of batch.appends) outcome.push(streams.append(stream, events));
  outcome[1] = streams.lastPosition;
  for (const row of batch.records) outcome.push(records.write(row, now));
  return outcome;
}

/** What a stream will be like when the commit has done what comes before. */
interface Expected {
  readonly version: number;
  readonly state: number;
}

function findStreamConflict(streams: StreamTable, { appends, deletes, extras }: BatchRows): number[] | undefined {
  const changes = extras?.streams ?? none;
  const ahead = appends.length + deletes.length + changes.length > 1 ? new Map<string, Expected>() : undefined;
  for (const stream of deletes) ahead?.set(stream, { version: 0, state: 0 });
  const conflict = findChangeConflict(streams, changes, ahead);
  if (conflict !== undefined) return conflict;
  for (const [index, { stream, expected, events }] of appends.entries()) {
    const { version, state } = ahead?.get(stream) ?? streams.get(stream);
    if (state !== 0 && events.length > 0) return [OUTCOME.closed, index, state];
    if (!meets(expected, version)) return [OUTCOME.versionConflict, index, version];
    ahead?.set(stream, { version: version + events.length, state });
  }
  return undefined;
}

function findChangeConflict(
  streams: StreamTable,
  changes: readonly StreamChangeRow[],
  ahead: Map<string, Expected> | undefined,
): number[] | undefined {
  for (const [index, { stream, expected, state }] of changes.entries()) {
    const before = ahead?.get(stream) ?? streams.get(stream);
    if (!meets(expected, before.version)) return [OUTCOME.changeConflict, index, before.version];
    if (before.version > 0 && state >= 0) ahead?.set(stream, { version: before.version, state });
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

const none: readonly never[] = Object.freeze([]);
