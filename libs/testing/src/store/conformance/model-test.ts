import assert from 'node:assert/strict';
import type { CommitBatch, CommitResult, RecordQuery, RecordWrite, Store, StoredRecord } from '@catga/core';
import fc from 'fast-check';
import { commit } from './build.js';
import { StoreModel, type ModelAnswer, type ModelRecord } from './model.js';
import type { Suite } from './suite.js';

/** Few names, so that commits meet. */
const stream = fc.constantFrom('s1', 's2', 's3');
const tag = fc.constantFrom('t1', 't2', 't3');

const appends = fc.array(
  fc.record({
    stream,
    expectedVersion: fc.oneof(
      { weight: 4, arbitrary: fc.constant('any' as const) },
      fc.constantFrom('no-stream' as const, 'stream-exists' as const),
      fc.nat(4),
    ),
    events: fc.array(fc.record({ type: fc.constantFrom('a', 'b'), data: fc.constant('{}') }), { maxLength: 3 }),
  }),
  { maxLength: 3 },
);

const write: fc.Arbitrary<RecordWrite> = fc
  .record(
    {
      key: fc.constantFrom('k1', 'k2', 'k3', 'k4'),
      value: fc.oneof({ weight: 4, arbitrary: fc.string() }, fc.constant(undefined)),
      ifVersion: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.nat(3)),
      dueAt: fc.integer({ min: -3, max: 3 }),
      tags: fc.array(tag, { maxLength: 3 }),
    },
    { requiredKeys: ['key', 'value', 'ifVersion'] },
  )
  .map(({ value, ifVersion, ...rest }) => ({
    collection: 'c',
    ...rest,
    ...(value === undefined ? undefined : { value }),
    ...(ifVersion === undefined ? undefined : { ifVersion }),
  }));

const batch: fc.Arbitrary<CommitBatch> = fc.record(
  { appends, records: fc.array(write, { maxLength: 4 }), deleteStreams: fc.array(stream, { maxLength: 1 }) },
  { requiredKeys: [] },
);

const query: fc.Arbitrary<Omit<RecordQuery, 'collection'>> = fc.record(
  {
    tags: fc.array(tag, { maxLength: 2 }),
    dueBefore: fc.integer({ min: -3, max: 3 }),
    order: fc.constantFrom('oldest' as const, 'newest' as const, 'due' as const),
    limit: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: [] },
);

/** Random programs, on the store and on {@link StoreModel}: every answer and everything read must be the same. */
export function modelTest({ it, store, options }: Suite): void {
  it('does what the model does, whatever the program', async () => {
    let program = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(batch, { minLength: 1, maxLength: 25 }),
        fc.array(query, { maxLength: 6 }),
        async (batches, queries) => {
          const together = options.inOrder === false ? 1 : 3;
          await runProgram(store(), { name: `p${++program}`, batches, queries, together });
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
  readonly queries: readonly Omit<RecordQuery, 'collection'>[];
  /** Commits under way at the same time; the answers must not depend on that. */
  readonly together: number;
}

async function runProgram(store: Store, { name, batches, queries, together }: Program): Promise<void> {
  const { position: start } = await commit(store, {});
  const model = new StoreModel(start);
  const pending: [ModelAnswer, Promise<ModelAnswer>][] = [];
  for (const [index, own] of batches.map((each) => named(name, each)).entries()) {
    pending.push([model.commit(own), answer(commit(store, own))]);
    if (index % together === 0) await Promise.all(pending.map(([, actual]) => actual));
  }
  for (const [expected, actual] of pending) assert.deepEqual(await actual, expected);
  await compareEvents(store, model, name, start);
  for (const each of queries) await compareQuery(store, model, name, each);
}

function named(name: string, { appends: all, records, deleteStreams }: CommitBatch): CommitBatch {
  return {
    ...(all && { appends: all.map((each) => ({ ...each, stream: `${name}-${each.stream}` })) }),
    ...(records && { records: records.map((each) => ({ ...each, collection: name })) }),
    ...(deleteStreams && { deleteStreams: deleteStreams.map((each) => `${name}-${each}`) }),
  };
}

function answer(result: Promise<CommitResult>): Promise<ModelAnswer> {
  return result.catch<ModelAnswer>((error: { code: string }) => ({ code: error.code }));
}

async function compareEvents(store: Store, model: StoreModel, name: string, start: number): Promise<void> {
  const shape = ({
    stream: from,
    version,
    position,
    type,
  }: {
    stream: string;
    version: number;
    position: number;
    type: string;
  }) => ({
    stream: from,
    version,
    position,
    type,
  });
  assert.deepEqual((await store.readAll({ after: start, limit: 10_000 })).events.map(shape), model.all().map(shape));
  for (const each of ['s1', 's2', 's3']) {
    const own = `${name}-${each}`;
    assert.deepEqual((await store.readStream(own)).map(shape), model.stream(own).map(shape));
  }
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
