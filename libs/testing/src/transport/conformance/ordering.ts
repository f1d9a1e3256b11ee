import assert from 'node:assert/strict';
import type { IncomingMessage, TransportMessage } from '@catga/core';
import { collect, eventually, Gate, messagesOf, pause } from './build.js';
import type { Suite } from './suite.js';

/** Bodies by key, each as it was handled first, in order. */
function byKey(messages: readonly IncomingMessage[]): Record<string, string[]> {
  const keys: Record<string, string[]> = {};
  for (const { key = '', body } of messages) (keys[key] ??= []).push(String(body));
  return keys;
}

function interleaved(prefix: string, subject: string, keys: number, each: number): TransportMessage[] {
  return Array.from({ length: keys * each }, (_, index) => ({
    id: `${prefix}-${index}`,
    subject,
    key: `key ${index % keys}`,
    body: String(Math.floor(index / keys)),
  }));
}

/** Order by key, and what does not stop what. */
export function orderingTests({ it, transport, another, unique }: Suite): void {
  it('handles messages of a key one after the other, in order, and keys side by side', async () => {
    const subject = unique('s');
    const overlaps: string[] = [];
    const running = new Set<string>();
    let together = 0;
    let most = 0;
    const one = await collect(
      transport(),
      { name: unique('n'), subjects: [subject], concurrency: 8 },
      async (message) => {
        const { key = '' } = message;
        if (running.has(key)) overlaps.push(key);
        running.add(key);
        most = Math.max(most, ++together);
        await pause(1 + Math.random() * 5);
        together--;
        running.delete(key);
      },
    );
    await transport().publish(interleaved(unique('m'), subject, 10, 20));
    await one.count(200);
    await eventually('all are handled', async () => (await one.consumer.status()).handled === 200);
    const expected = Array.from({ length: 20 }, (_, index) => String(index));
    for (const [key, bodies] of Object.entries(byKey(one.messages))) assert.deepEqual(bodies, expected, key);
    assert.deepEqual(overlaps, [], 'keys of which two messages were handled at once');
    assert.ok(most > 1, 'keys were handled one after the other');
    assert.ok(most <= 8, `${most} handlers at once`);
  });

  it('keeps the order of a key when messages fail and come again', async () => {
    const subject = unique('s');
    const succeeded: IncomingMessage[] = [];
    const options = { name: unique('n'), subjects: [subject], concurrency: 4, maxAttempts: 10 };
    await collect(transport(), options, async (message) => {
      await pause(Math.random() * 3);
      if (message.attempt <= Number(message.body) % 3) throw new Error('not yet');
      succeeded.push(message);
    });
    await transport().publish(interleaved(unique('m'), subject, 5, 12));
    await eventually(
      () => `60 handled; there are ${succeeded.length}`,
      () => succeeded.length >= 60,
    );
    const expected = Array.from({ length: 12 }, (_, index) => String(index));
    for (const [key, bodies] of Object.entries(byKey(succeeded))) assert.deepEqual(bodies, expected, key);
  });

  it('keeps the order of a key over two members, also when one of them stops', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const succeeded: IncomingMessage[] = [];
    const overlaps: string[] = [];
    const running = new Set<string>();
    const handler = async (message: IncomingMessage): Promise<void> => {
      const { key = '' } = message;
      if (running.has(key)) overlaps.push(key);
      running.add(key);
      await pause(1 + Math.random() * 3);
      running.delete(key);
      if (message.attempt === 1 && Number(message.body) % 5 === 0) throw new Error('once');
      succeeded.push(message);
    };
    const options = { name, subjects: [subject], concurrency: 4, maxAttempts: 10 };
    await collect(transport(), options, handler);
    const there = await collect(await another(), options, handler);
    const messages = interleaved(unique('m'), subject, 10, 30);
    await transport().publish(messages.slice(0, 150));
    await eventually(
      () => `some handled; there are ${succeeded.length}`,
      () => succeeded.length > 40,
    );
    await there.consumer.stop();
    await transport().publish(messages.slice(150));
    await eventually(
      () => `300 handled; there are ${succeeded.length}`,
      () => succeeded.length >= 300,
      30_000,
    );
    assert.deepEqual(overlaps, [], 'keys of which two messages were handled at once');
    const expected = Array.from({ length: 30 }, (_, index) => String(index));
    for (const [key, bodies] of Object.entries(byKey(succeeded))) assert.deepEqual(bodies, expected, key);
  });

  it('handles other keys while one is slow', async () => {
    const subject = unique('s');
    const gate = new Gate();
    const done: string[] = [];
    await collect(transport(), { name: unique('n'), subjects: [subject], concurrency: 4 }, async ({ key = '' }) => {
      if (key === 'key 0') await gate.pass();
      done.push(key);
    });
    await transport().publish(interleaved(unique('m'), subject, 20, 5));
    try {
      await eventually(
        () => `the 95 others; there are ${done.length}`,
        () => done.length >= 95,
      );
      assert.ok(!done.includes('key 0'));
    } finally {
      gate.release();
    }
    await eventually('the slow ones', () => done.length === 100);
  });

  it('does not let a key that always fails stop other keys for ever', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const done = new Set<string>();
    const options = { name, subjects: [subject], concurrency: 4, maxAttempts: 3, backoff: () => 50 };
    await collect(transport(), options, ({ key = '', id }) => {
      if (key === 'key 0') throw new Error('always');
      done.add(id);
    });
    await transport().publish(interleaved(unique('m'), subject, 20, 3));
    await eventually(
      () => `57 handled; there are ${done.size}`,
      () => done.size === 57,
    );
    await eventually('3 dead letters', async () => (await transport().deadLetters.count(name)) === 3);
    const { letters } = await transport().deadLetters.list({ subscription: name });
    assert.deepEqual(
      letters.map(({ message }) => message.body),
      ['0', '1', '2'],
    );
  });

  it('handles messages without a key while others wait for their back-off', async () => {
    const subject = unique('s');
    const handled = new Set<string>();
    const options = { name: unique('n'), subjects: [subject], concurrency: 1, backoff: () => 3_000 };
    await collect(transport(), options, ({ id, body, attempt }) => {
      if (Number(body) < 20 && attempt === 1) throw new Error('later');
      handled.add(id);
    });
    const began = performance.now();
    await transport().publish(messagesOf(unique('m'), subject, 60));
    await eventually('those that do not fail', () => handled.size >= 40, 2_500);
    await eventually('all', () => handled.size === 60);
    assert.ok(performance.now() - began >= 2_900, 'back-offs were not kept');
  });
}
