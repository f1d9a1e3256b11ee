import { MemoryStore, type CommitBatch, type CommitResult, type ReadAllOptions, type RecordQuery } from '@catga/core';
import { describeStoreConformance, type TestGlobals } from '@catga/testing';

/** Runs the suite and returns the names of the tests that failed. */
async function failuresOf(create: () => MemoryStore, payload: 'reference' | 'encoded'): Promise<string[]> {
  const tests: { name: string; body: () => void | Promise<void> }[] = [];
  const before: (() => void | Promise<void>)[] = [];
  const after: (() => void | Promise<void>)[] = [];
  const runner: TestGlobals = {
    describe: (_name, body) => body(),
    it: (name, body) => tests.push({ name, body }),
    beforeEach: (body) => before.push(body),
    afterEach: (body) => after.push(body),
  };
  // Tests that wait for something that a broken store never does would wait for long.
  const slow = /listener/;
  describeStoreConformance({ name: 'sabotaged', payload, create, programs: 30, runner });
  const failures: string[] = [];
  for (const { name, body } of tests.filter((test) => !slow.test(test.name))) {
    for (const hook of before) await hook();
    try {
      await body();
    } catch {
      failures.push(name);
    }
    for (const hook of after) await hook();
  }
  return failures;
}

class WithoutAtomicity extends MemoryStore {
  override commit(batch: CommitBatch): CommitResult {
    const records = batch.records === undefined ? undefined : super.commit({ records: batch.records });
    const { records: _written, ...rest } = batch;
    return { ...super.commit(rest), recordVersions: records?.recordVersions ?? [] };
  }
}

class WithoutConditions extends MemoryStore {
  override commit(batch: CommitBatch): CommitResult {
    const appends = (batch.appends ?? []).map((append) => ({ ...append, expectedVersion: 'any' as const }));
    return super.commit({ ...batch, appends });
  }
}

class OneTagOnly extends MemoryStore {
  override findRecords(query: RecordQuery): ReturnType<MemoryStore['findRecords']> {
    return super.findRecords({ ...query, tags: query.tags?.slice(0, 1) ?? [] });
  }
}

class PagesAgain extends MemoryStore {
  override async findRecords({ cursor: _ignored, ...query }: RecordQuery): ReturnType<MemoryStore['findRecords']> {
    const { records } = await super.findRecords(query);
    return { records };
  }
}

class ReadsAgain extends MemoryStore {
  override readAll(options: ReadAllOptions = {}): ReturnType<MemoryStore['readAll']> {
    return super.readAll({ ...options, after: Math.max(0, (options.after ?? 0) - 1) });
  }
}

class ForgetsIds extends MemoryStore {
  override commit({ id: _forgotten, ...batch }: CommitBatch): CommitResult {
    return super.commit(batch);
  }
}

class WithoutBoundary extends MemoryStore {
  override commit({ conditions: _ignored, ...batch }: CommitBatch): CommitResult {
    return super.commit(batch);
  }
}

class NeverCloses extends MemoryStore {
  override commit(batch: CommitBatch): CommitResult {
    const streams = (batch.streams ?? []).map(({ state: _ignored, ...change }) => change);
    return super.commit({ ...batch, streams });
  }
}

class StopsAtTheLastMatch extends MemoryStore {
  override async readAll(options: ReadAllOptions = {}): ReturnType<MemoryStore['readAll']> {
    const { events } = await super.readAll(options);
    return { events, position: events.at(-1)?.position ?? options.after ?? 0 };
  }
}

class SharesBytes extends MemoryStore {
  private readonly originals = new Map<string, unknown>();
  override commit(batch: CommitBatch): CommitResult {
    for (const { collection, key, value } of batch.records ?? []) this.originals.set(collection + key, value);
    return super.commit(batch);
  }
  override async getRecord(collection: string, key: string): ReturnType<MemoryStore['getRecord']> {
    const record = await super.getRecord(collection, key);
    return record && { ...record, value: this.originals.get(collection + key) };
  }
}

describe('The conformance suite of stores', () => {
  it('finds nothing wrong with a store that is right', async () => {
    expect(await failuresOf(() => new MemoryStore(), 'reference')).toEqual([]);
  });

  it.each([
    [WithoutAtomicity, 'changes nothing when one expectation of many fails'],
    [WithoutConditions, 'refuses to append expecting no-stream to a stream of 2 events'],
    [OneTagOnly, 'finds by every tag that is asked for'],
    [PagesAgain, 'says that there is no next page when the last one is just full'],
    [ReadsAgain, 'shows readers no gap that is filled later, while commits go on'],
    [ForgetsIds, 'applies one of many batches with the same id that come at once'],
    [WithoutBoundary, 'lets exactly one of many win who decide on the same events'],
    [NeverCloses, 'keeps an archived stream out of everything that goes on, until it is reopened'],
    [StopsAtTheLastMatch, 'says how far it has read, also when little or nothing matches'],
  ])('fails %p', async (Sabotaged, test) => {
    const failures = await failuresOf(() => new Sabotaged(), 'reference');
    expect(failures).toContain(test);
  });

  it('fails a store that shares bytes with its caller', async () => {
    expect(await failuresOf(() => new SharesBytes({ mode: 'copy' }), 'encoded')).toContain(
      'shares no bytes with the caller',
    );
  });

  it('fails a store that was said to keep encoded payloads and does not', async () => {
    expect(await failuresOf(() => new MemoryStore(), 'encoded')).toEqual(
      expect.arrayContaining(['promises what the suite was told to test', 'shares no bytes with the caller']),
    );
  });
});
