import type { CommitBatch, EventFilter, EventQuery, RecordQuery, RecordWrite } from '@catga/core';
import fc from 'fast-check';

/** Few names, so that commits meet. `a-1` and `a-2` are of one category. */
const STREAMS = ['a-1', 'a-2', 'b'] as const;
const stream = fc.constantFrom(...STREAMS);
const tag = fc.constantFrom('t1', 't2', 't3');

/** A stream as a program names it; see {@link ownStream}. */
export type ProgramStream = (typeof STREAMS)[number];

/** All streams of a program. */
export const programStreams: readonly ProgramStream[] = STREAMS;

/** The stream of one program: one store serves many. The category gets the name of the program. */
export function ownStream(program: string, name: string): string {
  return `${program}${name}`;
}

const expectedVersion = fc.oneof(
  { weight: 4, arbitrary: fc.constant('any' as const) },
  fc.constantFrom('no-stream' as const, 'stream-exists' as const),
  fc.nat(4),
);

const event = fc.record(
  { type: fc.constantFrom('a', 'b'), data: fc.constant('{}'), tags: fc.array(tag, { maxLength: 3 }) },
  { requiredKeys: ['type', 'data'] },
);

const appends = fc.array(fc.record({ stream, expectedVersion, events: fc.array(event, { maxLength: 3 }) }), {
  maxLength: 3,
});

const change = fc.record(
  {
    stream,
    expectedVersion,
    truncateBefore: fc.nat(5),
    // Mostly open, or programs would soon have nothing that they may append to.
    state: fc.oneof({ weight: 2, arbitrary: fc.constant('open' as const) }, fc.constantFrom('archived', 'deleted')),
  },
  { requiredKeys: ['stream'] },
);

/** Of a program's own categories, `a` and `b`. */
const filter: fc.Arbitrary<EventFilter> = fc.record(
  {
    types: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 }),
    categories: fc.uniqueArray(fc.constantFrom('a', 'b'), { maxLength: 2 }),
    tags: fc.array(tag, { maxLength: 2 }),
  },
  { requiredKeys: [] },
);

const query: fc.Arbitrary<EventQuery> = fc.oneof(filter, fc.array(filter, { maxLength: 3 }));

/** Positions are counted from the beginning of the program. */
const condition = fc.record({ query, after: fc.nat(12) });

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

/** One commit of a program. */
export const programBatch: fc.Arbitrary<CommitBatch> = fc
  .record({
    batch: fc.record(
      { appends, records: fc.array(write, { maxLength: 4 }), deleteStreams: fc.array(stream, { maxLength: 1 }) },
      { requiredKeys: [] },
    ),
    // Seldom, or nearly every commit would be refused.
    rare: fc.oneof(
      { weight: 3, arbitrary: fc.constant({}) },
      fc.record(
        {
          id: fc.constantFrom('id1', 'id2', 'id3'),
          conditions: fc.array(condition, { maxLength: 2 }),
          streams: fc.array(change, { maxLength: 2 }),
        },
        { requiredKeys: [] },
      ),
    ),
  })
  .map(({ batch, rare }) => ({ ...batch, ...rare }));

/** A search for records. */
export const recordSearch: fc.Arbitrary<Omit<RecordQuery, 'collection'>> = fc.record(
  {
    tags: fc.array(tag, { maxLength: 2 }),
    dueBefore: fc.integer({ min: -3, max: 3 }),
    order: fc.constantFrom('oldest' as const, 'newest' as const, 'due' as const),
    limit: fc.integer({ min: 1, max: 5 }),
  },
  { requiredKeys: [] },
);

/** A read of the log; positions are counted from the beginning of the program. */
export interface LogSearch {
  readonly query?: EventQuery;
  readonly after?: number;
  readonly before?: number;
  readonly limit?: number;
  readonly direction?: 'forward' | 'backward';
  readonly closed?: boolean;
}

/** A read of the log. */
export const logSearch: fc.Arbitrary<LogSearch> = fc.record(
  {
    query,
    after: fc.nat(10),
    before: fc.integer({ min: 5, max: 25 }),
    limit: fc.nat(6),
    direction: fc.constantFrom('forward' as const, 'backward' as const),
    closed: fc.boolean(),
  },
  { requiredKeys: [] },
);

/** The batch of a program with the program's own names and positions. */
export function ownBatch(program: string, start: number, batch: CommitBatch): CommitBatch {
  const own = <T extends { readonly stream: string }>(each: T): T => ({
    ...each,
    stream: ownStream(program, each.stream),
  });
  const { id, conditions, appends: all, records, deleteStreams, streams } = batch;
  return {
    ...(id !== undefined && { id: `${program}/${id}` }),
    ...(conditions && {
      conditions: conditions.map(({ query: each, after }) => ({
        query: ownQuery(program, each),
        after: start + after,
      })),
    }),
    ...(all && { appends: all.map(own) }),
    ...(records && { records: records.map((each) => ({ ...each, collection: program })) }),
    ...(deleteStreams && { deleteStreams: deleteStreams.map((each) => ownStream(program, each)) }),
    ...(streams && { streams: streams.map(own) }),
  };
}

/** The query of a program with the program's own categories. */
export function ownQuery(program: string, each: EventQuery): EventQuery {
  if (isList(each)) return each.map((one) => ownQuery(program, one) as EventFilter);
  const { categories } = each;
  return { ...each, ...(categories && { categories: categories.map((name) => ownStream(program, name)) }) };
}

function isList(each: EventQuery): each is readonly EventFilter[] {
  return Array.isArray(each);
}
