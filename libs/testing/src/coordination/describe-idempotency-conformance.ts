import assert from 'node:assert/strict';
import type { IdempotencyClaim, IdempotencyStore } from '@catga/core';
import {
  describeParts,
  eventually,
  sleep,
  type CoordinationConformanceOptions,
  type CoordinationSuite,
} from './suite.js';

/** Longer than any test. Milliseconds. */
const LONG = 600_000;

/** The contract of `IdempotencyStore` as tests. Give every test 30 s. */
export function describeIdempotencyConformance(options: CoordinationConformanceOptions<IdempotencyStore>): void {
  describeParts('IdempotencyStore', options, {
    'when intents are claimed': claimTests,
    'when somebody waits': settledTests,
  });
}

async function claimed(claim: Promise<IdempotencyClaim | undefined>): Promise<IdempotencyClaim> {
  const got = await claim;
  assert.ok(got !== undefined, 'the intent was not given');
  return got;
}

function claimTests({ it, two }: CoordinationSuite<IdempotencyStore>): void {
  it('gives an intent to one of many, over two nodes', async () => {
    const nodes = await two();
    const claims = Array.from({ length: 20 }, (_, index) =>
      (nodes[index % 2] as IdempotencyStore).claim('i', 'mark', LONG),
    );
    assert.equal((await Promise.all(claims)).filter((claim) => claim !== undefined).length, 1);
    assert.deepEqual(await nodes[0].read('i'), { status: 'running', fingerprint: 'mark' });
    assert.equal(await nodes[0].read('other'), undefined);
  });

  it('keeps the first answer, as it was, and gives it to everybody', async () => {
    const [a, b] = await two();
    const answers = ['', 'text ä\ud800', new Uint8Array([0, 255, 10])];
    for (const [index, answer] of answers.entries()) {
      const claim = await claimed(a.claim(`i${index}`, 'mark', LONG));
      assert.equal(await a.complete(claim, { status: 'done', answer }, LONG), true);
      const kept = await b.read(`i${index}`);
      assert.ok(kept?.status === 'done');
      assert.deepEqual([kept.fingerprint, Buffer.from(kept.answer)], ['mark', Buffer.from(answer)]);
      assert.equal(typeof kept.answer, typeof answer);
      assert.equal(await b.claim(`i${index}`, 'mark', LONG), undefined);
    }
    const lost = await claimed(a.claim('lost', undefined, LONG));
    await a.complete(lost, { status: 'lost', reason: 'too large' }, LONG);
    assert.deepEqual(await b.read('lost'), { status: 'lost', reason: 'too large' });
  });

  it('forgets an answer after its time, and an intent that was given back', async () => {
    const [a, b] = await two();
    await a.complete(await claimed(a.claim('i', undefined, LONG)), { status: 'done', answer: 'x' }, 150);
    await eventually(async () => (await b.read('i')) === undefined);
    const again = await claimed(b.claim('i', undefined, LONG));
    await b.release(again);
    assert.equal(await a.read('i'), undefined);
    await claimed(a.claim('i', undefined, LONG));
  });

  it('gives the intent of a dead node to another, whose claim the dead one can neither renew nor complete', async () => {
    const [a, b] = await two();
    const dead = await claimed(a.claim('i', 'mark', 2_000));
    assert.equal(await b.claim('i', 'mark', 2_000), undefined);
    await eventually(async () => (await b.read('i')) === undefined);
    const claim = await claimed(b.claim('i', 'mark', LONG));
    assert.equal(await a.renew(dead, LONG), false);
    assert.equal(await a.complete(dead, { status: 'done', answer: 'of the dead' }, LONG), false);
    await a.release(dead);
    assert.equal(await b.renew(claim, LONG), true);
    assert.equal(await b.complete(claim, { status: 'done', answer: 'right' }, LONG), true);
    assert.deepEqual(await a.read('i'), { status: 'done', answer: 'right', fingerprint: 'mark' });
  });

  it('keeps a claim that is renewed', async () => {
    const [a, b] = await two();
    const claim = await claimed(a.claim('i', undefined, 900));
    for (let round = 0; round < 4; round++) {
      await sleep(300);
      assert.equal(await a.renew(claim, 900), true);
      assert.equal(await b.claim('i', undefined, 900), undefined);
    }
  });
}

function settledTests({ it, two }: CoordinationSuite<IdempotencyStore>): void {
  const ends: [string, (node: IdempotencyStore, claim: IdempotencyClaim) => Promise<unknown>][] = [
    ['is completed', (node, claim) => node.complete(claim, { status: 'done', answer: 'x' }, LONG)],
    ['is given back', (node, claim) => node.release(claim)],
  ];
  for (const [what, end] of ends) {
    it(`wakes up whoever waits on another node when an intent ${what}`, async () => {
      const [a, b] = await two();
      const claim = await claimed(a.claim('i', undefined, LONG));
      let isSettled = false;
      const waiting = b.settled('i', LONG).then(() => (isSettled = true));
      await sleep(100);
      assert.equal(isSettled, false);
      await end(a, claim);
      await waiting;
      await b.settled('i', LONG);
    });
  }

  it('ends the wait with the claim of a dead node, and after the limit', async () => {
    const [a, b] = await two();
    await claimed(a.claim('dead', undefined, 200));
    await b.settled('dead', LONG);
    await claimed(b.claim('dead', undefined, LONG));
    await a.settled('dead', 50);
    await a.settled('never seen', 50);
  });
}
