import assert from 'node:assert/strict';
import type { LockAnswer, LockBackend } from '@catga/core';
import { lockHolderTests } from './lock-holder.js';
import {
  describeParts,
  eventually,
  sleep,
  type CoordinationConformanceOptions,
  type CoordinationSuite,
} from './suite.js';

/**
 * The contract of `LockBackend` as tests, with `DistributedLock` on it. Give every test 30 s.
 *
 * @example
 * ```ts
 * describeLockConformance({
 *   name: 'MyLocks',
 *   nodes: async (count) => { const database = await emptyDatabase(); return Array.from({ length: count }, () => new MyLocks(database)); },
 * });
 * ```
 */
export function describeLockConformance(options: CoordinationConformanceOptions<LockBackend>): void {
  describeParts('LockBackend', options, {
    'when it is asked for a lock': grantTests,
    'when many wait': queueTests,
    'under DistributedLock': lockHolderTests,
  });
}

/** Asks as a node would, without anything that renews. */
function take(backend: LockBackend, name: string, owner: string, ttl = 30_000, queue = true): Promise<LockAnswer> {
  return backend.take({ name, owner, ttl, queue });
}

/** The token; fails when the lock is not granted. */
async function token(answer: Promise<LockAnswer>): Promise<number> {
  const got = await answer;
  assert.ok(got.isGranted, 'the lock was not granted');
  return got.token;
}

function grantTests({ it, one, two }: CoordinationSuite<LockBackend>): void {
  it('gives a lock to one owner at a time, and each name has its own', async () => {
    const [a, b] = await two();
    await token(take(a, 'x', 'a'));
    const refused = await take(b, 'x', 'b');
    assert.ok(!refused.isGranted && refused.retryIn > 20_000 && refused.retryIn <= 31_000);
    await token(take(b, 'y', 'b'));
  });

  it('gives a higher token each time, whoever asks and however the lock ended', async () => {
    const [a, b] = await two();
    const tokens = [];
    for (let round = 0; round < 5; round++) {
      const owners = [`a${round}`, `b${round}`, `c${round}`] as const;
      tokens.push(await token(take(a, 'x', owners[0])));
      await a.release('x', owners[0]);
      tokens.push(await token(take(b, 'x', owners[1])));
      await b.release('x', owners[1]);
      tokens.push(await token(take(b, 'x', owners[2], 60)));
      await sleep(70);
    }
    assert.deepEqual(
      tokens,
      [...new Set(tokens)].sort((left, right) => left - right),
    );
    assert.ok(tokens.every((each) => Number.isSafeInteger(each) && each > 0));
  });

  it('answers an owner that asks again with the same token, and renews', async () => {
    const backend = await one();
    const first = await token(take(backend, 'x', 'a', 1_500));
    await sleep(900);
    assert.equal(await token(take(backend, 'x', 'a', 1_500)), first);
    await sleep(900);
    assert.ok(!(await take(backend, 'x', 'b', 400, false)).isGranted);
  });

  it('frees the lock of an owner that does not renew, and renews no longer when another has it', async () => {
    const [a, b] = await two();
    const first = await token(take(a, 'x', 'dead', 150));
    const refused = await take(b, 'x', 'b');
    assert.ok(!refused.isGranted && refused.retryIn <= 150);
    await eventually(async () => (await take(b, 'x', 'b')).isGranted);
    assert.ok((await token(take(b, 'x', 'b'))) > first);
    assert.equal(await a.renew('x', 'dead', 150), false);
    await a.release('x', 'dead');
    assert.ok(!(await take(a, 'x', 'c', 1_000, false)).isGranted);
  });

  it('keeps a lock that is renewed', async () => {
    const [a, b] = await two();
    await token(take(a, 'x', 'a', 1_000));
    for (let round = 0; round < 5; round++) {
      await sleep(300);
      assert.equal(await a.renew('x', 'a', 1_000), true);
      assert.ok(!(await take(b, 'x', 'b', 1_000, false)).isGranted);
    }
  });

  it('knows nothing of owners that never had it', async () => {
    const backend = await one();
    assert.equal(await backend.renew('x', 'nobody', 1_000), false);
    await backend.release('x', 'nobody');
    await token(take(backend, 'x', 'a'));
  });

  it('keeps names apart that look alike', async () => {
    const backend = await one();
    const names = ['a', 'A', 'a:b', 'a|b', 'a b', 'ä', '{a}', '*', 'a.b.>', 'a\nb', '名前', 'x'.repeat(300)];
    for (const name of names) await token(take(backend, name, 'owner'));
    for (const name of names) assert.ok(!(await take(backend, name, 'other', 1_000, false)).isGranted);
  });
}

function queueTests({ it, two }: CoordinationSuite<LockBackend>): void {
  it('serves those who wait in the order in which they came, before those who do not wait', async () => {
    const [a, b] = await two();
    await token(take(a, 'x', 'holder'));
    for (const owner of ['first', 'second', 'third']) assert.ok(!(await take(b, 'x', owner)).isGranted);
    await a.release('x', 'holder');
    assert.ok(!(await take(a, 'x', 'pusher', 1_000, false)).isGranted);
    assert.ok(!(await take(a, 'x', 'second')).isGranted);
    await token(take(b, 'x', 'first'));
    await b.release('x', 'first');
    assert.ok(!(await take(b, 'x', 'third')).isGranted);
    await token(take(a, 'x', 'second'));
  });

  it('does not wait for ever for one that died waiting', async () => {
    const [a, b] = await two();
    await token(take(a, 'x', 'holder'));
    await take(b, 'x', 'dead');
    await take(b, 'x', 'alive');
    await a.release('x', 'holder');
    const answer = await take(b, 'x', 'alive');
    assert.ok(!answer.isGranted && answer.retryIn < 10_000);
    await eventually(async () => (await take(b, 'x', 'alive')).isGranted);
  });

  it('forgets the place of one that gives up', async () => {
    const [a, b] = await two();
    await token(take(a, 'x', 'holder'));
    await take(b, 'x', 'gone');
    await b.release('x', 'gone');
    assert.ok(!(await take(b, 'x', 'other', 1_000, false)).isGranted);
    await a.release('x', 'holder');
    await token(take(b, 'x', 'other', 1_000, false));
  });

  it('tells those who listen of a release on another node', async () => {
    const [a, b] = await two();
    await token(take(a, 'x', 'holder'));
    let calls = 0;
    const stop = b.onRelease('x', () => calls++);
    await take(b, 'x', 'waiting');
    await a.release('x', 'holder');
    await eventually(() => calls > 0);
    stop();
    const before = calls;
    await token(take(b, 'x', 'waiting'));
    await take(a, 'x', 'next');
    await b.release('x', 'waiting');
    await sleep(100);
    assert.equal(calls, before);
  });
}
