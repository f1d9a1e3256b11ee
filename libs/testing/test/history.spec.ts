import {
  MemoryStore,
  VersionConflictError,
  type CommitBatch,
  type CommitResult,
  type LogPage,
  type Store,
  type StoredEvent,
} from '@catga/core';
import {
  assertHistory,
  checkHistory,
  FaultyStore,
  FileHistory,
  HistoryClient,
  HistoryViolationError,
  historyWorkload,
  identify,
  MemoryHistory,
  readFinalLog,
  readHistory,
  SubscriptionRecorder,
  type HistoryEntry,
  type HistoryEvent,
  type HistoryReport,
  type LogEvent,
} from '@catga/testing';
import { appendFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A seeded source of choices: a run that fails can be made again. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** What clients and the checker say of a store. */
async function runOn(store: Store, { retries = 0, seed = 1, final = store } = {}): Promise<HistoryReport> {
  const history = new MemoryHistory();
  const clients = Array.from({ length: 6 }, (_, index) => new HistoryClient(store, history, `client ${index}`));
  const options = { operations: 60, retries };
  await Promise.all(
    clients.map((client, index) => historyWorkload(client, { ...options, random: seeded(seed * 100 + index) })),
  );
  return checkHistory({ history: history.entries, log: await readFinalLog(final) });
}

const kindsOf = ({ violations }: HistoryReport): string[] => [...new Set(violations.map(({ kind }) => kind))];

describe('The history checker, with a store that is right', () => {
  it.each(['reference', 'copy'] as const)('finds nothing wrong with concurrent clients of a %s store', async (mode) => {
    for (let seed = 1; seed <= 5; seed++) {
      const { violations, counts } = await runOn(new MemoryStore({ mode }), { seed });
      expect(violations).toEqual([]);
      expect(counts.acknowledged).toBeGreaterThan(50);
      expect(counts.refused).toBeGreaterThan(20);
      expect(counts.reads).toBeGreaterThan(50);
    }
  });

  it.each([0, 3])('allows for answers that never came, with %d retries', async (retries) => {
    for (let seed = 1; seed <= 5; seed++) {
      const inner = new MemoryStore();
      const store = new FaultyStore(inner);
      const random = seeded(seed);
      store.delayCommits(async () => {
        if (random() < 0.1) store.failNext(1, undefined, { applied: random() < 0.5 });
        if (random() < 0.3) await new Promise((resolve) => setImmediate(resolve));
      });
      const { violations, counts } = await runOn(store, { retries, seed, final: inner });
      expect(violations).toEqual([]);
      expect(counts.acknowledged).toBeGreaterThan(50);
      if (retries === 0) {
        expect(counts.unknown).toBeGreaterThan(counts.unknownDone);
        expect(counts.unknownDone).toBeGreaterThan(0);
      }
    }
  });
});

/** Commits that were said to be done, every tenth is not. */
class Forgets extends MemoryStore {
  private calls = 0;
  override commit(batch: CommitBatch): CommitResult {
    if (++this.calls % 10 !== 0) return super.commit(batch);
    const { position } = super.commit({});
    return { position: position + 1, versions: (batch.appends ?? []).map(() => 1), recordVersions: [] };
  }
}

class IgnoresIds extends MemoryStore {
  override commit({ id: _ignored, ...batch }: CommitBatch): CommitResult {
    return super.commit(batch);
  }
}

class IgnoresExpectations extends MemoryStore {
  override commit(batch: CommitBatch): CommitResult {
    const appends = (batch.appends ?? []).map((append) => ({ ...append, expectedVersion: 'any' as const }));
    return super.commit({ ...batch, appends });
  }
}

/** Every fifth commit is answered at once, and done after the next one. */
class WritesLate extends MemoryStore {
  private calls = 0;
  private late: CommitBatch | undefined;
  override commit(batch: CommitBatch): CommitResult {
    const held = this.late;
    this.late = undefined;
    const mayWait = batch.conditions === undefined && (batch.appends ?? []).every(expectsAnything);
    if (held === undefined && ++this.calls % 5 === 0 && mayWait) {
      this.late = batch;
      const { position } = super.commit({});
      return { position: position + 1, versions: (batch.appends ?? []).map(() => 1), recordVersions: [] };
    }
    const result = super.commit(batch);
    if (held !== undefined) super.commit(held);
    return result;
  }
}
const expectsAnything = ({ expectedVersion }: { expectedVersion: unknown }): boolean => expectedVersion === 'any';

class IgnoresConditions extends MemoryStore {
  override commit({ conditions: _ignored, ...batch }: CommitBatch): CommitResult {
    return super.commit(batch);
  }
}

/** Refuses what no event stands against. */
class RefusesAtRandom extends MemoryStore {
  private calls = 0;
  override commit(batch: CommitBatch): CommitResult {
    const [append] = batch.appends ?? [];
    if (append !== undefined && ++this.calls % 20 === 0) {
      if (batch.conditions === undefined) throw new VersionConflictError(append.stream, 'no-stream', 5_000);
      throw Object.assign(new Error('no'), { kind: 'request', code: 'CATGA_APPEND_CONDITION' });
    }
    return super.commit(batch);
  }
}

class WritesHalf extends MemoryStore {
  override commit(batch: CommitBatch): CommitResult {
    const [first, ...rest] = batch.appends ?? [];
    if (first === undefined || rest.length === 0) return super.commit(batch);
    super.commit({ appends: [first] });
    throw new Error('the machine lost power');
  }
}

/** Refuses, and does it all the same. */
class RefusesTooLate extends MemoryStore {
  private calls = 0;
  override commit(batch: CommitBatch): CommitResult {
    const result = super.commit(batch);
    if (++this.calls % 10 === 0) throw Object.assign(new Error('no'), { kind: 'request', code: 'CATGA_REFUSED' });
    return result;
  }
}

class ReadsOld extends MemoryStore {
  private reads = 0;
  override async readStream(stream: string): Promise<readonly StoredEvent[]> {
    const events = await super.readStream(stream);
    return ++this.reads % 5 === 0 ? events.slice(0, -1) : events;
  }
}

class ReadsTwice extends MemoryStore {
  override async readAll(options: Parameters<MemoryStore['readAll']>[0] = {}): Promise<LogPage> {
    return super.readAll({ ...options, after: Math.max(0, (options.after ?? 0) - 1) });
  }
}

class SkipsInReads extends MemoryStore {
  override async readAll(options: Parameters<MemoryStore['readAll']>[0] = {}): Promise<LogPage> {
    const page = await super.readAll(options);
    return { ...page, events: page.events.filter((_event, index) => index !== 1) };
  }
}

describe('The history checker, with a store that is wrong', () => {
  it.each([
    [Forgets, 'lost'],
    [IgnoresExpectations, 'condition'],
    [IgnoresConditions, 'condition'],
    [RefusesAtRandom, 'condition'],
    [WritesLate, 'reordered'],
    [WritesHalf, 'torn'],
    [RefusesTooLate, 'phantom'],
    [ReadsOld, 'stale'],
  ])('finds %p: %s', async (Wrong, kind) => {
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 4; seed++) for (const one of kindsOf(await runOn(new Wrong(), { seed }))) kinds.add(one);
    expect([...kinds]).toContain(kind);
  });

  it.each([
    [ReadsTwice, 'doubled'],
    [SkipsInReads, 'lost'],
  ])('finds %p: %s', async (Wrong, kind) => {
    const store = new Wrong();
    const history = new MemoryHistory();
    const client = new HistoryClient(store, history, 'a');
    for (let round = 0; round < 3; round++) await client.append([{ stream: 's', expectedVersion: round, events: 1 }]);
    await client.readAll();
    await client.readAll({ after: 2 });
    const log = (await MemoryStore.prototype.readAll.call(store)).events;
    const events = log.map((event) => ({ ...event, ...identify(event) }));
    expect(kindsOf(checkHistory({ history: history.entries, log: events }))).toEqual([kind]);
  });

  it('finds a store that does a commit twice when its answer is lost', async () => {
    const inner = new IgnoresIds();
    const store = new FaultyStore(inner);
    store.failNext(1, undefined, { applied: true });
    const history = new MemoryHistory();
    const client = new HistoryClient(store, history, 'a');
    await client.append([{ stream: 's', expectedVersion: 'any', events: 2 }], { retries: 1 });
    const report = checkHistory({ history: history.entries, log: await readFinalLog(inner) });
    expect(kindsOf(report)).toEqual(['doubled', 'answer']);
  });
});

/** A true history of two clients and one subscription, to be spoilt. */
async function trueHistory(): Promise<{ history: HistoryEntry[]; log: LogEvent[] }> {
  const inner = new MemoryStore();
  const store = new FaultyStore(inner);
  const recorder = new MemoryHistory();
  const [a, b] = ['a', 'b'].map((name) => new HistoryClient(store, recorder, name)) as [HistoryClient, HistoryClient];
  const subscription = new SubscriptionRecorder(recorder, 'sub');
  const appendBy = (client: HistoryClient, expectedVersion: number | 'any', events = 1): Promise<unknown> =>
    client.append([{ stream: 's', expectedVersion, events }]);
  await appendBy(a, 0); // 1
  await appendBy(b, 1, 2); // 2, 3
  await a.readStream('s');
  await appendBy(a, 0); // refused
  store.failNext(1, undefined, { applied: true });
  await appendBy(b, 'any', 2); // 4, 5, unknown
  await b.append([
    { stream: 's', expectedVersion: 'any', events: 1 }, // 6
    { stream: 't', expectedVersion: 'no-stream', events: 1 }, // 7
  ]);
  await b.readAll({ after: 1 });
  const log = await readFinalLog(inner);
  subscription.start(0);
  subscription.deliver(log.slice(0, 3), 3);
  subscription.checkpoint(3);
  subscription.deliver(log.slice(3, 5), 5);
  subscription.start(3);
  subscription.deliver(log.slice(3), 7);
  return { history: [...recorder.entries], log };
}

/** The history with one entry replaced by what the function makes of it. */
function change(history: HistoryEntry[], at: number, how: (entry: HistoryEntry) => object): HistoryEntry[] {
  const index = at < 0 ? history.length + at : at;
  return history.map((entry, here) => (here === index ? ({ ...entry, ...how(entry) } as HistoryEntry) : entry));
}

const renumber = (log: readonly LogEvent[]): LogEvent[] => {
  const versions = new Map<string, number>();
  return log.map((event, index) => {
    const version = (versions.get(event.stream) ?? 0) + 1;
    versions.set(event.stream, version);
    return { ...event, version, position: index + 1 };
  });
};

type Spoil = (log: LogEvent[]) => LogEvent[];

describe('The history checker, with a log that was spoilt', () => {
  it('takes the true one', async () => {
    const { history, log } = await trueHistory();
    const counts = assertHistory({ history, log, complete: ['sub'] });
    expect(counts).toEqual({
      acknowledged: 3,
      refused: 1,
      unknown: 1,
      unknownDone: 1,
      reads: 2,
      delivered: 9,
      starts: 2,
      events: 7,
    });
  });

  it.each<[string, string, Spoil]>([
    ['lost', 'without its last event', (log) => log.slice(0, -1)],
    ['lost', 'without its first event, the others moved up', (log) => renumber(log.slice(1))],
    ['lost', 'without its first event, the others left where they are', (log) => log.slice(1)],
    ['doubled', 'with an event again at the end', (log) => renumber([...log, log[1] as LogEvent])],
    ['doubled', 'with a version twice', (log) => log.map((e, i) => (i === 2 ? { ...e, version: 2 } : e))],
    [
      'phantom',
      'with an event that nobody appended',
      (log) => renumber([...log, { ...log[0], id: 'new' } as LogEvent]),
    ],
    ['torn', 'with half of an unknown commit', (log) => renumber(log.filter((_e, i) => i !== 4))],
    [
      'reordered',
      'with two acknowledged commits the other way round',
      (log) => renumber([...log.slice(1, 3), ...log.slice(0, 1), ...log.slice(3)]),
    ],
    [
      'reordered',
      'with two events of a commit the other way round',
      (log) => renumber([log[0], log[2], log[1], ...log.slice(3)] as LogEvent[]),
    ],
    [
      'torn',
      'with a stranger in the middle of a commit',
      (log) => renumber([...log.slice(0, 2), ...log.slice(3, 5), log[2] as LogEvent, ...log.slice(5)]),
    ],
    ['answer', 'with other positions', (log) => log.map((event) => ({ ...event, position: event.position + 1 }))],
  ])('finds it %s: %s', async (kind, _how, spoil) => {
    const { history, log } = await trueHistory();
    expect(kindsOf(checkHistory({ history, log: spoil(log) }))).toContain(kind);
  });

  it('finds an event of a commit that was refused', async () => {
    const { history, log } = await trueHistory();
    const refused = history.find((entry) => entry.entry === 'outcome' && entry.outcome === 'refused');
    const call = history.find(
      (entry) => entry.entry === 'call' && entry.operation === (refused as { operation: string }).operation,
    ) as unknown as { call: { appends: { events: string[] }[] } };
    const id = call.call.appends[0]?.events[0] as string;
    const spoilt = renumber([...log, { ...log[0], id } as LogEvent]);
    expect(kindsOf(checkHistory({ history, log: spoilt }))).toContain('phantom');
  });
});

describe('The history checker, with answers that were spoilt', () => {
  const at = (history: HistoryEntry[], which: (entry: HistoryEntry) => boolean): number => history.findIndex(which);
  const answer = (operation: number): ((entry: HistoryEntry) => boolean) => {
    let count = 0;
    return (entry) => entry.entry === 'outcome' && ++count === operation;
  };
  const withAnswer = (changed: (events: HistoryEvent[]) => object) => (entry: HistoryEntry) => {
    const { answer: old } = entry as unknown as { answer: { events: HistoryEvent[] } };
    return { answer: { ...old, ...changed(old.events) } };
  };

  it.each<[string, string, number, (entry: HistoryEntry) => object]>([
    ['answer', 'another version', 1, () => ({ answer: { position: 1, versions: [2] } })],
    ['answer', 'another position', 2, () => ({ answer: { position: 2, versions: [3] } })],
    ['stale', 'a read without what was known', 3, withAnswer((events) => ({ events: events.slice(0, 1) }))],
    ['lost', 'a read with a hole', 3, withAnswer((events) => ({ events: [events[0], events[2]] }))],
    ['doubled', 'a read with an event twice', 3, withAnswer((events) => ({ events: [events[0], events[0]] }))],
    ['reordered', 'a read in another order', 3, withAnswer((events) => ({ events: [events[1], events[0]] }))],
    [
      'phantom',
      'a read with what is not in the log',
      3,
      withAnswer((events) => ({ events: [...events, { ...events[2], id: 'gone' }] })),
    ],
    ['condition', 'a conflict at the expected version', 4, () => ({ refusal: conflictAt(0) })],
    ['condition', 'a conflict at a version that never was', 4, () => ({ refusal: conflictAt(9) })],
    ['stale', 'a position behind what was known', 7, withAnswer(() => ({ position: 6 }))],
  ])('finds %s: %s', async (kind, _what, operation, how) => {
    const { history, log } = await trueHistory();
    const spoilt = change(history, at(history, answer(operation)), how);
    expect(kindsOf(checkHistory({ history: spoilt, log }))).toEqual([kind]);
  });

  it('finds a read that saw the future', async () => {
    const { history, log } = await trueHistory();
    const read = at(history, answer(3));
    const spoilt = change(
      history,
      read,
      withAnswer((events) => ({ events: [...events, ...log.slice(3, 5)] })),
    );
    expect(kindsOf(checkHistory({ history: spoilt, log }))).toContain('phantom');
  });

  it('finds a read that saw half of a commit', async () => {
    const { history, log } = await trueHistory();
    const answerOfUnknown = at(history, answer(5));
    const call = { entry: 'call', client: 'c', operation: 'c#1', at: history[answerOfUnknown]?.at } as const;
    const torn = [
      { ...call, call: { kind: 'read-stream', stream: 's', from: 1 } },
      { ...call, entry: 'outcome', outcome: 'ok', answer: { events: log.slice(0, 4) } },
    ] as HistoryEntry[];
    const spoilt = [...history.slice(0, answerOfUnknown), ...torn, ...history.slice(answerOfUnknown)];
    expect(kindsOf(checkHistory({ history: spoilt, log }))).toEqual(['torn']);
  });

  it('holds replicas that lag only to what they told the same client', async () => {
    const { history, log } = await trueHistory();
    // Client a reads after b has appended 2 and 3, and sees only its own.
    const stale = change(
      history,
      at(history, answer(3)),
      withAnswer((events) => ({ events: events.slice(0, 1) })),
    );
    expect(kindsOf(checkHistory({ history: stale, log, reads: 'per-client' }))).toEqual([]);
    const own = change(
      history,
      at(history, answer(3)),
      withAnswer(() => ({ events: [] })),
    );
    expect(kindsOf(checkHistory({ history: own, log, reads: 'per-client' }))).toEqual(['stale']);
  });
});

const conflictAt = (actual: number): object => ({ code: 'CATGA_VERSION_CONFLICT', conflict: { stream: 's', actual } });

describe('The history checker, with a subscription', () => {
  const deliverAgain = (log: LogEvent[]): object => ({ did: 'deliver', events: log.slice(3, 5), position: 7 });
  it.each<[string, string, number, (log: LogEvent[]) => object]>([
    ['lost', 'that left an event out', -1, (log) => ({ events: log.slice(4) })],
    ['lost', 'that started beyond what it had seen', -2, () => ({ after: 6 })],
    ['lost', 'whose checkpoint is ahead of what it was given', -4, () => ({ position: 5 })],
    ['lost', 'that did not reach the end', -1, (log) => ({ events: log.slice(3, 5), position: 5 })],
    ['doubled', 'that started behind its checkpoint', -2, () => ({ after: 2 })],
    ['doubled', 'that was given an event again', -1, (log) => ({ events: log.slice(2), position: 7 })],
    ['reordered', 'that was given events in another order', -1, (log) => ({ events: [...log.slice(3)].reverse() })],
    [
      'phantom',
      'that was given what is not in the log',
      -1,
      (log) => ({ events: [...log.slice(3), { ...log[6], id: 'gone', position: 8 }], position: 8 }),
    ],
    ['lost', 'that claims to have got further than it was given', -1, deliverAgain],
  ])('finds %s: one %s', async (kind, _what, index, how) => {
    const { history, log } = await trueHistory();
    const spoilt = change(history, index, () => how(log));
    const { violations } = checkHistory({ history: spoilt, log, complete: ['sub'] });
    expect(violations[0]).toMatchObject({ kind, where: 'sub' });
  });

  it('finds one that never ran although it should have seen everything', async () => {
    const { history, log } = await trueHistory();
    expect(checkHistory({ history, log, complete: ['absent'] }).violations).toMatchObject([
      { kind: 'lost', where: 'absent' },
    ]);
  });
});

describe('A history in a file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'catga-history-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is read back as it was, in the order of time, without a line that was not finished', async () => {
    const paths = ['a', 'b'].map((name) => join(folder, `${name}.jsonl`));
    const files = paths.map((path) => new FileHistory(path));
    const store = new MemoryStore({ mode: 'copy' });
    const clients = files.map((file, index) => new HistoryClient(store, file, `client ${index}`));
    for (let round = 0; round < 5; round++)
      for (const client of clients) await client.append([{ stream: 's', expectedVersion: 'any', events: 1 }]);
    for (const file of files) file.close();
    // Killed in the middle of a line, and started again.
    appendFileSync(paths[0] as string, '{"entry":"outcome","opera');
    const again = new FileHistory(paths[0] as string);
    await new HistoryClient(store, again, 'client 0').append([{ stream: 's', expectedVersion: 10, events: 1 }]);
    again.close();
    const history = readHistory(...paths);
    expect(history).toHaveLength(22);
    expect(history.map(({ at }) => at)).toEqual(history.map(({ at }) => at).sort((a, b) => a - b));
    expect(readFileSync(paths[0] as string, 'utf8')).toContain('"opera\n');
    expect(assertHistory({ history, log: await readFinalLog(store) })).toMatchObject({ acknowledged: 11, events: 11 });
  });

  it('makes assertHistory throw with the operations that show what is wrong', async () => {
    const { history, log } = await trueHistory();
    const error = (() => {
      try {
        return assertHistory({ history, log: log.slice(0, -1) });
      } catch (thrown) {
        return thrown;
      }
    })();
    expect(error).toBeInstanceOf(HistoryViolationError);
    expect(error).toMatchObject({ code: 'CATGA_HISTORY_VIOLATED' });
    const broken = (error as HistoryViolationError).violations.map(({ where }) => where);
    expect(broken.length).toBeGreaterThan(0);
    expect((error as Error).message).toContain(broken[0]);
  });
});
