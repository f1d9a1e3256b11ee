import assert from 'node:assert/strict';
import { append, brief, commit, events, pause, readEverything } from './build.js';
import type { Suite } from './suite.js';

/** Reading streams and everything. */
export function readTests({ it, store }: Suite): void {
  const versions = async (options?: Parameters<ReturnType<typeof store>['readStream']>[1]): Promise<number[]> =>
    (await store().readStream('s', options)).map(({ version }) => version);

  it('reads a stream forward, backward, in part', async () => {
    await append(store(), 'other', 'any', 'x', 'y');
    await append(store(), 's', 'any', 'a', 'b', 'c');
    await append(store(), 'other', 'any', 'z');
    await append(store(), 's', 'any', 'd', 'e');
    assert.deepEqual(await versions(), [1, 2, 3, 4, 5]);
    assert.deepEqual(await versions({ from: 3 }), [3, 4, 5]);
    assert.deepEqual(await versions({ from: 2, limit: 2 }), [2, 3]);
    assert.deepEqual(await versions({ limit: 0 }), []);
    assert.deepEqual(await versions({ from: 6 }), []);
    assert.deepEqual(await versions({ direction: 'backward' }), [5, 4, 3, 2, 1]);
    assert.deepEqual(await versions({ direction: 'backward', limit: 2 }), [5, 4]);
    assert.deepEqual(await versions({ direction: 'backward', from: 3 }), [3, 2, 1]);
    assert.deepEqual(await versions({ direction: 'backward', from: 3, limit: 1 }), [3]);
    assert.deepEqual(await versions({ direction: 'backward', from: 99, limit: 1 }), [5]);
  });

  it('answers with nothing for a stream that is not there', async () => {
    assert.deepEqual(await store().readStream('none'), []);
    assert.deepEqual(await store().readStream('none', { direction: 'backward' }), []);
    assert.deepEqual(await store().readAll(), { events: [], position: 0 });
  });

  it('gives events back with everything that was said about them', async () => {
    await append(store(), 'before', 'any', 'x');
    await commit(store(), {
      appends: [
        { stream: 's', expectedVersion: 'any', events: [{ type: 'a', data: 'one', metadata: 'meta', at: 1_234 }] },
      ],
    });
    const event = { stream: 's', version: 1, position: 2, type: 'a', data: 'one', metadata: 'meta', at: 1_234 };
    assert.deepEqual(await store().readStream('s'), [event]);
    assert.deepEqual(await store().readAll({ after: 1 }), { events: [event], position: 2 });
  });

  it('gives an event without a time that of the commit, and one without metadata none', async () => {
    await pause();
    const before = await store().now();
    await append(store(), 's', 'any', 'a');
    const after = await store().now();
    const [event] = await store().readStream('s');
    // Stores may round the time of a commit to the turn of the event loop it was made in.
    assert.ok(
      event !== undefined && event.at >= before - 100 && event.at <= after,
      `${event?.at} of ${before}..${after}`,
    );
    assert.equal('metadata' in event, false);
  });

  it('reads everything in the order of commit, page by page', async () => {
    for (let index = 1; index <= 25; index++) await append(store(), `s${index % 3}`, 'any', `e${index}`);
    const all = await readEverything(store(), 10);
    assert.deepEqual(
      all.map(({ type }) => type),
      Array.from({ length: 25 }, (_, index) => `e${index + 1}`),
    );
    assert.deepEqual(
      all.map(({ position }) => position),
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
    assert.deepEqual(brief((await store().readAll({ after: 23 })).events), ['s0/8:e24', 's1/9:e25']);
    assert.deepEqual(await store().readAll({ after: 25 }), { events: [], position: 25 });
    assert.deepEqual(await store().readAll({ limit: 0 }), { events: [], position: 0 });
  });

  it('reads a long stream whole, and at most 1,000 events of everything unless told', async () => {
    const types = Array.from({ length: 1_200 }, (_, index) => `e${index}`);
    await commit(store(), { appends: [{ stream: 's', expectedVersion: 'any', events: events(...types) }] });
    assert.deepEqual(
      (await store().readStream('s')).map(({ type }) => type),
      types,
    );
    assert.equal((await store().readAll()).events.length, 1_000);
    assert.equal((await store().readAll({ limit: 2_000 })).events.length, 1_200);
  });

  it('leaves deleted streams out of everything, without disturbing who reads on', async () => {
    for (let index = 0; index < 6; index++) await append(store(), `s${index}`, 'any', 'one', 'two');
    const first = await store().readAll({ limit: 5 });
    await commit(store(), { deleteStreams: ['s1', 's3'] });
    const rest = await store().readAll({ after: first.position });
    assert.deepEqual(brief(rest.events), ['s2/2:two', 's4/1:one', 's4/2:two', 's5/1:one', 's5/2:two']);
  });
}
