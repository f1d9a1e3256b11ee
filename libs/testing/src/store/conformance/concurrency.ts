import assert from 'node:assert/strict';
import { append, commit, eventually, pause, put, readEverything } from './build.js';
import type { Suite } from './suite.js';

/** Many commits at once, and who hears of them. */
export function concurrencyTests({ it, store, options }: Suite): void {
  it('takes a thousand commits at once', async () => {
    const results = await Promise.all(
      Array.from({ length: 1_000 }, (_, index) => append(store(), `s${index % 100}`, 'any', `e${index}`, 'x')),
    );
    assert.equal(new Set(results.map(({ position }) => position)).size, 1_000);
    const all = await readEverything(store(), 300);
    assert.deepEqual(
      all.map(({ position }) => position),
      Array.from({ length: 2_000 }, (_, index) => index + 1),
    );
    const next = new Map<string, number>();
    for (const { stream, version } of all) {
      assert.equal(version, (next.get(stream) ?? 0) + 1);
      next.set(stream, version);
    }
  });

  it('lets exactly one of many racing appends win, and loses none of its neighbours', async () => {
    const race = Array.from({ length: 20 }, (_, index) => append(store(), 'contested', 'no-stream', `by ${index}`));
    const others = Array.from({ length: 20 }, (_, index) => append(store(), `own${index}`, 'no-stream', 'one'));
    const settled = await Promise.allSettled(race);
    assert.equal(settled.filter(({ status }) => status === 'fulfilled').length, 1);
    for (const result of settled) {
      if (result.status === 'rejected')
        assert.equal((result.reason as { code: string }).code, 'CATGA_VERSION_CONFLICT');
    }
    await Promise.all(others);
    assert.equal((await store().readStream('contested')).length, 1);
    assert.equal((await readEverything(store())).length, 21);
  });

  it('counts a record that many write at once exactly, when each retries on conflict', async () => {
    const increment = async (): Promise<void> => {
      for (;;) {
        const record = await store().getRecord('c', 'counter');
        const value = String(Number(record?.value ?? 0) + 1);
        try {
          await put(store(), 'counter', { value, ifVersion: record?.version ?? 0 });
          return;
        } catch (error) {
          assert.equal((error as { code: string }).code, 'CATGA_RECORD_CONFLICT');
        }
      }
    };
    await Promise.all(Array.from({ length: 12 }, increment));
    assert.equal((await store().getRecord('c', 'counter'))?.value, '12');
  });

  it('shows readers no gap that is filled later, while commits go on', async () => {
    let writing = true;
    const seen: number[] = [];
    const reader = (async () => {
      for (let idle = false; !idle;) {
        idle = !writing;
        const { events: page } = await store().readAll({ after: seen.at(-1) ?? 0, limit: 50 });
        for (const { position } of page) {
          assert.ok(position > (seen.at(-1) ?? 0), `position ${position} after ${seen.at(-1)}`);
          seen.push(position);
        }
        if (page.length > 0) idle = false;
      }
    })();
    const writers = Array.from({ length: 10 }, async (_, writer) => {
      for (let round = 0; round < 30; round++) await append(store(), `w${writer}`, 'any', 'a', 'b');
    });
    const written = Promise.all(writers).finally(() => (writing = false));
    await Promise.all([reader, written]);
    assert.deepEqual(
      seen,
      Array.from({ length: 600 }, (_, index) => index + 1),
    );
  });

  it('shows readers the whole of a commit or nothing of it', async () => {
    let writing = true;
    const reader = (async () => {
      while (writing) {
        const { events: page } = await store().readAll({ limit: 10_000 });
        assert.equal(page.length % 3, 0);
      }
    })();
    const writer = (async () => {
      for (let round = 0; round < 60; round++) {
        await commit(store(), {
          appends: ['a', 'b', 'c'].map((stream) => ({
            stream,
            expectedVersion: round,
            events: [{ type: 'e', data: 'd' }],
          })),
        });
      }
    })().finally(() => (writing = false));
    await Promise.all([reader, writer]);
  });

  it('tells listeners of every commit, by the names of what it touched', async () => {
    const heard = new Set<string>();
    let unknown = false;
    const stop = store().onCommit(({ streams, collections }) => {
      if (streams === undefined || collections === undefined) unknown = true;
      for (const name of [...(streams ?? []), ...(collections ?? [])]) heard.add(name);
    });
    await append(store(), 'stream', 'any', 'e');
    await put(store(), 'k');
    await eventually('notices', () => unknown || (heard.has('stream') && heard.has('c')));
    stop();
    heard.clear();
    unknown = false;
    await append(store(), 'after', 'any', 'e');
    await pause(50);
    assert.equal(heard.has('after') || unknown, false);
  });

  it('says nothing of a commit that was refused', async () => {
    await append(store(), 's', 'any', 'e');
    await pause(50);
    let notices = 0;
    const stop = store().onCommit(() => notices++);
    await assert.rejects(append(store(), 's', 'no-stream', 'e'));
    await pause(50);
    stop();
    assert.equal(notices, 0);
  });

  it('survives a listener that throws, and reports it as a warning of the process', async () => {
    let heard = 0;
    const stops = [
      store().onCommit(() => {
        throw new Error('listener of a test');
      }),
      store().onCommit(() => heard++),
    ];
    const warnings = await expectedWarnings('listener of a test', async () => {
      await append(store(), 's', 'any', 'e');
      await eventually('the other listener hears', () => heard > 0);
      for (const stop of stops) stop();
    });
    assert.notEqual(warnings.length, 0);
  });

  if (options.second !== undefined) sharedTests({ it, store, options });
}

/** Keeps warnings that a test asks for out of the output, and gives their texts; all others are said as ever. */
async function expectedWarnings(about: string, body: () => Promise<void>): Promise<readonly string[]> {
  const said: string[] = [];
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = ((warning: string | Error, ...more: never[]) => {
    if (String(warning).includes(about)) said.push(String(warning));
    else emitWarning(warning, ...more);
  }) as typeof emitWarning;
  try {
    await body();
  } finally {
    process.emitWarning = emitWarning;
  }
  return said;
}

/** Two stores on the same data, as in two OS processes. */
function sharedTests({ it, store, options }: Suite): void {
  const withSecond = (name: string, body: (second: ReturnType<typeof store>) => Promise<void>): void =>
    it(name, async () => {
      const second = await (options.second as NonNullable<typeof options.second>)(store());
      try {
        await body(second);
      } finally {
        await second.close();
      }
    });

  withSecond('lets a second store read what the first has written, and the other way round', async (second) => {
    for (let round = 0; round < 5; round++) {
      await append(store(), 's', round * 2, 'first');
      assert.equal((await second.readStream('s')).length, round * 2 + 1);
      await append(second, 's', round * 2 + 1, 'second');
      assert.equal((await store().readStream('s')).length, round * 2 + 2);
    }
    await assert.rejects(append(store(), 's', 9, 'x'), { code: 'CATGA_VERSION_CONFLICT', actual: 10 });
    await assert.rejects(append(second, 's', 9, 'x'), { code: 'CATGA_VERSION_CONFLICT', actual: 10 });
  });

  withSecond('lets exactly one of two stores win', async (second) => {
    let wins = 0;
    for (let round = 0; round < 20; round++) {
      const race = [append(store(), 's', round, 'first'), append(second, 's', round, 'second')];
      const settled = await Promise.allSettled(race);
      wins += settled.filter(({ status }) => status === 'fulfilled').length;
    }
    assert.equal(wins, 20);
    assert.equal((await store().readStream('s')).length, 20);
  });

  withSecond('keeps positions without gaps or doubles while both write', async (second) => {
    await Promise.all(
      [store(), second].map(async (own, number) => {
        for (let round = 0; round < 40; round++) await append(own, `s${number}`, round, 'a');
      }),
    );
    const positions = (await readEverything(second)).map(({ position }) => position);
    assert.deepEqual(
      positions,
      Array.from({ length: 80 }, (_, index) => index + 1),
    );
  });

  withSecond('sees records, tags and deletions of the other', async (second) => {
    await put(store(), 'k', { tags: ['a'] });
    await put(second, 'k', { tags: ['b'], ifVersion: 1 });
    await put(store(), 'k', { tags: ['c'], ifVersion: 2 });
    for (const [tag, count] of [
      ['a', 0],
      ['b', 0],
      ['c', 1],
    ] as const) {
      assert.equal((await second.findRecords({ collection: 'c', tags: [tag] })).records.length, count);
    }
    await append(store(), 's', 'any', 'a', 'b');
    await commit(second, { deleteStreams: ['s'], records: [{ collection: 'c', key: 'k' }] });
    await append(store(), 's', 'no-stream', 'c');
    await put(store(), 'k', { ifVersion: 0 });
  });

  withSecond('wakes the listeners of the other', async (second) => {
    let heard = 0;
    const stop = second.onCommit(() => heard++);
    for (let round = 1; round <= 3; round++) {
      await append(store(), 's', 'any', 'e');
      await eventually('the other store hears', () => heard >= round);
    }
    stop();
  });
}
