import assert from 'node:assert/strict';
import type { EventQuery, NewEvent, ReadAllOptions, ReadStreamOptions } from '@catga/core';
import { append, commit } from './build.js';
import type { Suite } from './suite.js';

/** Tags, and reading only what is asked for. */
export function queryTests({ it, store }: Suite): void {
  const event = (type: string, ...tags: string[]): NewEvent => ({ type, data: `"${type}"`, tags });
  const put = (stream: string, ...events: NewEvent[]): ReturnType<typeof commit> =>
    commit(store(), { appends: [{ stream, expectedVersion: 'any', events }] });
  const find = async (query: EventQuery, options: ReadAllOptions = {}): Promise<number[]> =>
    (await store().readAll({ query, ...options })).events.map(({ position }) => position);

  /** Positions 1 to 8. */
  async function fill(): Promise<void> {
    await put('order-1', event('placed', 'customer:1', 'big'), event('paid', 'customer:1'));
    await put('order-2', event('placed', 'customer:2'), { type: 'noted', data: '""' });
    await put('orders', event('placed', 'customer:1'));
    await put('invoice-1-b', event('paid', 'customer:2', 'big'));
    await put('order', event('closed', 'big', 'customer:1'), event('placed'));
  }

  it('gives tags back as they were, each once, and none where there are none', async () => {
    await put('s', event('a', 'x', 'y', 'x'), event('b'), { type: 'c', data: 'd' });
    const [a, b, c] = await store().readStream('s');
    assert.deepEqual(a?.tags, ['x', 'y']);
    assert.ok(b !== undefined && !('tags' in b));
    assert.ok(c !== undefined && !('tags' in c));
    assert.deepEqual((await store().readAll()).events[0], a);
  });

  for (const [what, query, expected] of [
    ['everything for an empty filter', {}, [1, 2, 3, 4, 5, 6, 7, 8]],
    ['nothing for no filter at all', [], []],
    ['by type', { types: ['placed'] }, [1, 3, 5, 8]],
    ['by several types', { types: ['paid', 'noted', 'never'] }, [2, 4, 6]],
    ['nothing for an empty list of types', { types: [] }, []],
    ['by category', { categories: ['order'] }, [1, 2, 3, 4, 7, 8]],
    ['by several categories', { categories: ['invoice', 'orders'] }, [5, 6]],
    ['nothing for what is no whole category', { categories: ['ord', 'order-1', ''] }, []],
    ['by tag', { tags: ['customer:1'] }, [1, 2, 5, 7]],
    ['by every tag of a filter', { tags: ['customer:1', 'big'] }, [1, 7]],
    ['by a tag that is given twice', { tags: ['big', 'big'] }, [1, 6, 7]],
    ['nothing by a tag that nothing has', { tags: ['customer:1', 'customer'] }, []],
    ['by every condition of a filter', { types: ['placed'], categories: ['order'], tags: ['customer:1'] }, [1]],
    ['by any of several filters', [{ types: ['noted'] }, { tags: ['big'] }], [1, 4, 6, 7]],
    ['once what matches several filters', [{ tags: ['big'] }, { tags: ['customer:1'] }], [1, 2, 5, 6, 7]],
    [
      'by several filters of tags and more',
      [
        { tags: ['big'], types: ['paid'] },
        { tags: ['customer:1'], categories: ['orders'] },
      ],
      [5, 6],
    ],
  ] as const satisfies readonly (readonly [string, EventQuery, readonly number[]])[]) {
    it(`finds events ${what}`, async () => {
      await fill();
      assert.deepEqual(await find(query), expected);
      assert.deepEqual(await find(query, { direction: 'backward' }), [...expected].reverse());
      const [low, high] = [expected[0] ?? 1, expected.at(-1) ?? 8];
      const inside = expected.filter((position) => position > low && position < high);
      assert.deepEqual(await find(query, { after: low, before: high }), inside);
      assert.deepEqual(await find(query, { after: low, limit: 2 }), expected.slice(1, 3));
      assert.deepEqual(await find(query, { direction: 'backward', limit: 2 }), [...expected].reverse().slice(0, 2));
    });
  }

  it('says how far it has read, also when little or nothing matches', async () => {
    await fill();
    const position = async (options: ReadAllOptions): Promise<number> => (await store().readAll(options)).position;
    assert.equal(await position({ query: { types: ['never'] } }), 8);
    assert.equal(await position({ query: { types: ['placed'] }, limit: 2 }), 3);
    assert.equal(await position({ query: { types: ['placed'] }, limit: 4 }), 8);
    assert.equal(await position({ query: { types: ['noted'] }, limit: 2 }), 8);
    assert.equal(await position({ query: { types: ['never'] }, before: 5 }), 4);
    assert.equal(await position({ before: 100 }), 8);
    assert.equal(await position({ after: 3, limit: 0 }), 3);
    assert.equal(await position({ direction: 'backward', limit: 3 }), 6);
    assert.equal(await position({ direction: 'backward', query: { types: ['never'] } }), 1);
    assert.equal(await position({ direction: 'backward', after: 4 }), 5);
    await commit(store(), { deleteStreams: ['order'] });
    assert.equal(await position({ limit: 20 }), 8);
  });

  it('reads all that matches page by page, in both directions', async () => {
    for (let round = 0; round < 30; round++) await put(`s-${round % 3}`, event('a', `t${round % 2}`), event('b'));
    for (const direction of ['forward', 'backward'] as const) {
      const query = { types: ['a'], tags: ['t1'] };
      const found: number[] = [];
      let place: ReadAllOptions = {};
      for (let page = 0; page < 6; page++) {
        const { events, position } = await store().readAll({ query, limit: 4, direction, ...place });
        found.push(...events.map((each) => each.position));
        place = direction === 'forward' ? { after: position } : { before: position };
      }
      const expected = Array.from({ length: 15 }, (_, index) => index * 4 + 3);
      assert.deepEqual(found, direction === 'forward' ? expected : expected.reverse());
    }
  });

  it('reads part of a stream, by version and by time', async () => {
    const at = (time: number): NewEvent => ({ type: 'e', data: 'd', at: time });
    await put('s', at(10), at(20), at(20), at(15), at(30));
    const versions = async (options: ReadStreamOptions): Promise<number[]> =>
      (await store().readStream('s', options)).map(({ version }) => version);
    assert.deepEqual(await versions({ to: 3 }), [1, 2, 3]);
    assert.deepEqual(await versions({ from: 2, to: 4 }), [2, 3, 4]);
    assert.deepEqual(await versions({ from: 4, to: 2 }), []);
    assert.deepEqual(await versions({ to: 99, from: 5 }), [5]);
    assert.deepEqual(await versions({ direction: 'backward', from: 4, to: 2 }), [4, 3, 2]);
    assert.deepEqual(await versions({ direction: 'backward', to: 4 }), [5, 4]);
    assert.deepEqual(await versions({ since: 20 }), [2, 3, 5]);
    assert.deepEqual(await versions({ until: 19 }), [1, 4]);
    assert.deepEqual(await versions({ since: 15, until: 20, direction: 'backward' }), [4, 3, 2]);
    assert.deepEqual(await versions({ since: 15, until: 20, from: 3, limit: 1 }), [3]);
  });

  it('tells what it knows of a stream', async () => {
    assert.equal(await store().getStream('s'), undefined);
    await append(store(), 's', 'any', 'a', 'b');
    assert.deepEqual(await store().getStream('s'), { stream: 's', version: 2, firstVersion: 1, state: 'open' });
    await commit(store(), { deleteStreams: ['s'] });
    assert.equal(await store().getStream('s'), undefined);
  });
}
