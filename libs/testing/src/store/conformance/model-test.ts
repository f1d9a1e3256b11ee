import assert from 'node:assert/strict';
import type { CommitBatch, CommitResult, RecordQuery, Store, StoredEvent, StoredRecord } from '@catga/core';
import fc from 'fast-check';
import { commit } from './build.js';
import { StoreModel, type ModelAnswer, type ModelEvent, type ModelRecord } from './model.js';
import {
  logSearch,
  ownBatch,
  ownQuery,
  ownStream,
  programBatch,
  programStreams,
  recordSearch,
  type LogSearch,
} from './model-programs.js';
import type { Suite } from './suite.js';

/** Random programs, on the store and on {@link StoreModel}: every answer and everything read must be the same. */
export function modelTest({ it, store, options }: Suite): void {
  it('does what the model does, whatever the program', async () => {
    let program = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(programBatch, { minLength: 1, maxLength: 25 }),
        fc.array(recordSearch, { maxLength: 6 }),
        fc.array(logSearch, { maxLength: 6 }),
        async (batches, records, log) => {
          const together = options.inOrder === false ? 1 : 3;
          await runProgram(store(), { name: `p${++program}`, batches, records, log, together });
        },
      ),
      { numRuns: options.programs ?? 40, ...(options.seed === undefined ? undefined : { seed: options.seed }) },
    );
  });
}

interface Program {
  /** Begins the names of its streams and is its collection: one store serves many programs. */
  readonly name: string;
  readonly batches: readonly CommitBatch[];
  readonly records: readonly Omit<RecordQuery, 'collection'>[];
  readonly log: readonly LogSearch[];
  /** Commits under way at the same time; the answers must not depend on that. */
  readonly together: number;
}

async function runProgram(store: Store, { name, batches, records, log, together }: Program): Promise<void> {
  const { position: start } = await commit(store, {});
  const model = new StoreModel(start);
  const pending: [ModelAnswer, Promise<ModelAnswer>][] = [];
  for (const [index, own] of batches.map((each) => ownBatch(name, start, each)).entries()) {
    pending.push([model.commit(own), answer(commit(store, own))]);
    if (index % together === 0) await Promise.all(pending.map(([, actual]) => actual));
  }
  for (const [expected, actual] of pending) assert.deepEqual(await actual, expected);
  await compareStreams(store, model, name);
  for (const each of [{}, { closed: true }, ...log]) await compareLog(store, model, { name, start, each });
  for (const each of records) await compareQuery(store, model, name, each);
}

function answer(result: Promise<CommitResult>): Promise<ModelAnswer> {
  return result.catch<ModelAnswer>((error: { code: string }) => ({ code: error.code }));
}

function shapeOf({ stream, version, position, type, tags = [] }: StoredEvent | ModelEvent): ModelEvent {
  return { stream, version, position, type, tags };
}

async function compareStreams(store: Store, model: StoreModel, name: string): Promise<void> {
  for (const each of programStreams) {
    const own = ownStream(name, each);
    assert.deepEqual((await store.readStream(own)).map(shapeOf), model.stream(own).map(shapeOf));
    assert.deepEqual(await store.getStream(own), model.info(own));
  }
}

async function compareLog(
  store: Store,
  model: StoreModel,
  { name, start, each }: { readonly name: string; readonly start: number; readonly each: LogSearch },
): Promise<void> {
  const { query, limit = 1_000, direction = 'forward', closed = false } = each;
  const own = query && ownQuery(name, query);
  const after = start + (each.after ?? 0);
  const before = each.before === undefined ? undefined : start + each.before;
  const page = await store.readAll({
    after,
    limit,
    direction,
    closed,
    ...(before !== undefined && { before }),
    ...(own && { query: own }),
  });
  const expected = model.log({
    filters: own && (Array.isArray(own) ? own : [own]),
    after,
    before: before ?? Number.POSITIVE_INFINITY,
    limit,
    backward: direction === 'backward',
    closed,
  });
  assert.deepEqual(page.events.map(shapeOf), expected.events.map(shapeOf));
  if (limit > 0) assert.equal(page.position, expected.position);
}

async function compareQuery(
  store: Store,
  model: StoreModel,
  collection: string,
  each: Omit<RecordQuery, 'collection'>,
): Promise<void> {
  const found: StoredRecord[] = [];
  for (let cursor: string | undefined, first = true; first || cursor !== undefined; first = false) {
    const page = await store.findRecords({ collection, ...each, ...(cursor === undefined ? undefined : { cursor }) });
    found.push(...page.records);
    assert.ok(found.length <= 4, 'more records than were written');
    cursor = page.cursor;
  }
  const shape = ({ key, value, version, dueAt, tags }: StoredRecord | ModelRecord) => ({
    key,
    value,
    version,
    dueAt,
    tags: [...tags].sort(),
  });
  assert.deepEqual(found.map(shape), model.find(each).map(shape));
  for (const { key } of found) {
    assert.deepEqual(
      shape((await store.getRecord(collection, key)) as StoredRecord),
      shape(model.get(key) as ModelRecord),
    );
  }
}
