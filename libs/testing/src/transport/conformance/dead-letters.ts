import assert from 'node:assert/strict';
import { collect, eventually, lettersOf, messagesOf } from './build.js';
import type { Suite } from './suite.js';

/** What becomes of messages that were given up on. */
export function deadLetterTests({ it, transport, another, unique, options }: Suite): void {
  const fragile = async (count: number, qos: 1 | 2 = 1) => {
    const [subject, name] = [unique('s'), unique('n')];
    const state = { isBroken: true };
    const one = await collect(transport(), { name, subjects: [subject], maxAttempts: 2, qos }, () => {
      if (state.isBroken) throw new Error('broken');
    });
    await transport().publish(messagesOf(unique('m'), subject, count, { key: 'k' }), { qos });
    await lettersOf(transport(), name, count);
    return { subject, name, state, one };
  };

  it('lists dead letters page by page, oldest first', async () => {
    const { name } = await fragile(7);
    const bodies: unknown[] = [];
    const pages: number[] = [];
    let cursor: string | undefined;
    do {
      const page = await (
        await another()
      ).deadLetters.list({ subscription: name, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
      bodies.push(...page.letters.map(({ message }) => message.body));
      pages.push(page.letters.length);
      cursor = page.cursor;
    } while (cursor !== undefined && pages.length < 10);
    assert.deepEqual(bodies, ['0', '1', '2', '3', '4', '5', '6']);
    assert.deepEqual(pages, [3, 3, 1]);
    assert.deepEqual(await transport().deadLetters.list({ subscription: unique('none') }), { letters: [] });
    assert.equal(await transport().deadLetters.count(unique('none')), 0);
  });

  it('removes dead letters for good', async () => {
    const { name } = await fragile(3);
    const letters = await lettersOf(transport(), name, 3);
    const [first, second] = letters.map(({ id }) => id);
    assert.equal(await transport().deadLetters.remove(name, [first!, second!, 'no-such-letter']), 2);
    assert.equal(await transport().deadLetters.remove(name, [first!]), 0);
    assert.equal(await transport().deadLetters.replay(name, [first!]), 0);
    assert.deepEqual(
      (await lettersOf(transport(), name, 1)).map(({ message }) => message.body),
      ['2'],
    );
  });

  for (const qos of (options.qos ?? [0, 1, 2]).filter((one) => one > 0) as (1 | 2)[]) {
    it(`replays a dead letter to its own subscription only, within the window of de-duplication (QoS ${qos})`, async () => {
      const [subject, name] = [unique('s'), unique('n')];
      const state = { isBroken: true };
      const other = await collect(transport(), { name: unique('other'), subjects: [subject], qos });
      const one = await collect(transport(), { name, subjects: [subject], qos, maxAttempts: 2 }, () => {
        if (state.isBroken) throw new Error('broken');
      });
      const messages = messagesOf(unique('m'), subject, 2, { key: 'k', headers: { h: 'v' } });
      await transport().publish(messages, { qos });
      const letters = await lettersOf(transport(), name, 2);
      state.isBroken = false;
      const ids = letters.map(({ id }) => id);
      assert.equal(await (await another()).deadLetters.replay(name, ids), 2);
      await one.count(6);
      const replayed = one.messages.slice(4);
      assert.deepEqual(
        replayed.map(({ id, attempt, key, headers, body }) => ({ id, attempt, key, h: headers['h'], body })),
        messages.map(({ id, body }) => ({ id, attempt: 1, key: 'k', h: 'v', body })),
      );
      await eventually('no letters are left', async () => (await transport().deadLetters.count(name)) === 0);
      // Whatever came to the other subscription a second time came before this one.
      await transport().publish(messagesOf(unique('last'), subject, 1, { key: 'k' }), { qos });
      await other.count(3);
      assert.deepEqual(
        other.messages.map(({ body }) => body),
        ['0', '1', '0'],
      );
    });
  }

  it('makes a replayed message that fails again a letter again, with a fresh count of attempts', async () => {
    const { name, one } = await fragile(1);
    for (let round = 2; round <= 3; round++) {
      const [letter] = await lettersOf(transport(), name, 1);
      assert.equal(letter?.attempts, 2);
      assert.equal(await transport().deadLetters.replay(name, [letter.id]), 1);
      await one.count(round * 2);
    }
    const [letter] = await lettersOf(transport(), name, 1);
    assert.deepEqual([letter?.attempts, letter?.message.body], [2, '0']);
  });

  it('keeps the letters of a removed subscription', async () => {
    const { name, one } = await fragile(2);
    await one.consumer.stop();
    await transport().removeSubscription(name);
    assert.equal((await lettersOf(transport(), name, 2)).length, 2);
  });
}
