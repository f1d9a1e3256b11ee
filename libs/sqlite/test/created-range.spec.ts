import { join } from 'node:path';
import { SqliteStore } from '@catga/sqlite';
import type { RecordQuery } from '@catga/core';
import { createdRange } from '../src/worker/created-range.js';
import { findSql } from '../src/worker/find-sql.js';
import type { Query } from '../src/worker/protocol.js';
import { newFolder, rawDatabase, removeFolders, type RawDatabase } from './tools.js';

afterAll(removeFolders);

const MINUTE = 60_000;
const NONE = { first: null, end: null };

type Find = Query & { kind: 'find' };
const find = (query: Partial<Find>): Find => ({
  kind: 'find',
  collection: 'c',
  tags: [],
  dueBefore: null,
  createdFrom: null,
  createdBefore: null,
  order: 'newest',
  limit: 100,
  after: null,
  ...query,
});

describe('a search by time of creation', () => {
  const path = join(newFolder(), 'created.db');
  const store = new SqliteStore({ path });
  let database: RawDatabase;
  /** By key. */
  const createdAt = new Map<string, number>();

  // Two thousand records of two collections over ten days, some removed since, with a clock that jumps now and then:
  // forward by hours, back by up to a minute.
  beforeAll(async () => {
    await store.open();
    const keys = Array.from({ length: 2_000 }, (_, index) => `${index}`);
    for (let at = 0; at < keys.length; at += 500) {
      await store.commit({
        records: keys.slice(at, at + 500).map((key) => ({
          collection: Number(key) % 3 === 0 ? 'other' : 'c',
          key,
          value: '1',
          tags: [`part:${Number(key) % 4}`, `rare:${Math.floor(Number(key) / 100)}`],
        })),
      });
    }
    database = rawDatabase(path);
    let time = Date.UTC(2026, 0, 1);
    let seed = 7;
    const random = (): number => (seed = (seed * 48_271) % 2_147_483_647) / 2_147_483_647;
    database.exec('BEGIN');
    for (const key of keys) {
      const luck = random();
      time += luck < 0.02 ? -Math.floor(random() * MINUTE) : luck < 0.03 ? 3_600_000 : Math.floor(random() * 20_000);
      if (Number(key) % 3 !== 0) createdAt.set(key, time);
      database.exec(`UPDATE records SET created_at = ${time} WHERE key = '${key}'`);
    }
    database.exec('COMMIT');
    const removed = keys.filter((key) => Number(key) % 7 === 0 || (Number(key) > 900 && Number(key) < 1_000));
    await store.commit({
      records: removed.map((key) => ({ collection: Number(key) % 3 === 0 ? 'other' : 'c', key })),
    });
    for (const key of removed) createdAt.delete(key);
  });
  afterAll(async () => {
    database.close();
    await store.close();
  });

  const expected = ({ createdFrom = 0, createdBefore = Infinity, tags = [] }: Partial<RecordQuery>): string[] =>
    [...createdAt]
      .filter(([, at]) => at >= createdFrom && at < createdBefore)
      .map(([key]) => key)
      .filter((key) => tags.every((tag) => tag === `part:${Number(key) % 4}`));

  it('finds what was created in it and nothing else, in every order, with tags, page by page', async () => {
    const times = [...createdAt.values()].sort((a, b) => a - b);
    const places = [0, 1, 0.1, 0.33, 0.34, 0.5, 0.75, 0.9].map((part) => times[Math.floor(part * (times.length - 1))]!);
    const edges = [0, times[0]! - 1, times.at(-1)! + 1, Date.UTC(2100, 0, 1), ...places];
    for (const createdFrom of edges) {
      for (const createdBefore of edges) {
        for (const order of ['oldest', 'newest'] as const) {
          const query = { createdFrom, createdBefore, ...(createdFrom % 2 === 0 ? { tags: ['part:2'] } : {}) };
          const found: string[] = [];
          let cursor: string | undefined;
          do {
            const page = await store.findRecords({
              ...{ collection: 'c', order, limit: 300, ...query },
              ...(cursor === undefined ? {} : { cursor }),
            });
            found.push(...page.records.map(({ key }) => key));
            ({ cursor } = page);
          } while (cursor !== undefined);
          const keys = expected(query);
          expect(found).toEqual(order === 'oldest' ? keys : keys.reverse());
        }
      }
    }
  });

  it('reads only what it may answer with: it begins and ends at a place in an index', () => {
    const read = (sql: string, cells: readonly unknown[]) =>
      database
        .prepare(sql)
        .all(...cells)
        .map((row) =>
          Object.entries(row)
            .filter(([name]) => name !== '_metadata')
            .map(([, value]) => value),
        );
    let looks = 0;
    const times = [...createdAt.values()];
    const [from, before] = [times[600]!, times[700]!];
    const ids = createdRange(
      (sql, cells) => {
        looks++;
        return read(sql, cells) as never;
      },
      from,
      before,
    );
    // Two thousand rows: eleven halves for each end.
    expect(looks).toBeLessThanOrEqual(2 * 13);
    const visited = (ids.end as number) - (ids.first as number);
    expect(visited).toBeGreaterThanOrEqual(100);
    expect(visited).toBeLessThan(400);
    for (const [query, plan] of [
      [find({}), /SEARCH r USING INDEX records_created \(collection=\? AND id>\? AND id<\?\)/],
      [find({ order: 'oldest' }), /SEARCH r USING INDEX records_created \(collection=\? AND id>\? AND id<\?\)/],
      [find({ tags: ['part:1'] }), /SEARCH t0 USING PRIMARY KEY \(tag=\? AND record_id>\? AND record_id<\?\)/],
    ] as const) {
      const { sql, cells } = findSql(
        { ...query, createdFrom: from, createdBefore: before },
        Date.now(),
        query.tags,
        ids,
      );
      const steps = read(`EXPLAIN QUERY PLAN ${sql}`, cells)
        .map((row) => row.join(' '))
        .join('\n');
      expect(steps).toMatch(plan);
      expect(steps).not.toMatch(/SCAN|TEMP B-TREE/);
    }
    // Without a time there is nothing to look for.
    expect(
      createdRange(
        () => {
          throw new Error('looked');
        },
        null,
        null,
      ),
    ).toEqual(NONE);
  });
});
