import assert from 'node:assert/strict';
import { UnprocessableMessageError } from '@catga/core';
import { assertEachOnce, collect, lettersOf, messagesOf, pause } from './build.js';
import type { Suite } from './suite.js';

/** What each quality of service does about failures and repetitions. */
export function qualityTests({ it, transport, another, unique, options }: Suite): void {
  const qos = options.qos ?? [0, 1, 2];

  it('says what it promises', () => {
    const { capabilities } = transport();
    assert.notEqual(capabilities.name, '');
    assert.deepEqual(new Set(capabilities.qos), new Set(qos));
    if (qos.includes(2)) assert.ok(capabilities.deduplicationWindow > 0);
  });

  it('QoS 0: tries a message once and goes on', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const one = await collect(transport(), { name, subjects: [subject], qos: 0, maxAttempts: 5 }, () => {
      throw new Error('no');
    });
    const messages = messagesOf(unique('m'), subject, 20);
    await transport().publish(messages, { qos: 0 });
    await one.count(20);
    await pause(200);
    assertEachOnce(one.ids(), messages);
    assert.equal(await transport().deadLetters.count(name), 0);
    const { failed, handled, deadLettered } = await one.consumer.status();
    assert.deepEqual({ failed, handled, deadLettered }, { failed: 20, handled: 0, deadLettered: 0 });
  });

  it('QoS 0: shares messages among members, each goes to one', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const here = await collect(transport(), { name, subjects: [subject], qos: 0 });
    const there = await collect(await another(), { name, subjects: [subject], qos: 0 });
    const everything = await collect(transport(), { name: unique('all'), subjects: [subject], qos: 0 });
    const messages = messagesOf(unique('m'), subject, 100);
    await (await another()).publish(messages, { qos: 0 });
    await everything.count(100);
    await pause(200);
    assertEachOnce([...here.ids(), ...there.ids()], messages);
  });

  it('QoS 0: keeps nothing for who is not there', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    await (await collect(transport(), { name, subjects: [subject], qos: 0 })).consumer.stop();
    await transport().publish(messagesOf(unique('m'), subject, 5), { qos: 0 });
    const again = await collect(transport(), { name, subjects: [subject], qos: 0 });
    const last = messagesOf(unique('last'), subject, 1);
    await transport().publish(last, { qos: 0 });
    await again.count(1);
    assertEachOnce(again.ids(), last);
  });

  it('keeps messages of QoS 0 from durable subscriptions and the other way round', async () => {
    const subject = unique('s');
    const fleeting = await collect(transport(), { name: unique('zero'), subjects: [subject], qos: 0 });
    const durable = await collect(transport(), { name: unique('one'), subjects: [subject], qos: 1 });
    const [zero, one] = [messagesOf(unique('zero'), subject, 3), messagesOf(unique('one'), subject, 3)];
    await transport().publish(zero, { qos: 0 });
    await transport().publish(one, { qos: 1 });
    await Promise.all([fleeting.count(3), durable.count(3)]);
    await pause(100);
    assertEachOnce(fleeting.ids(), zero);
    assertEachOnce(durable.ids(), one);
  });

  it('QoS 1: tries a message again after its back-off until it succeeds, and counts the attempts', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const asked: number[] = [];
    const times: number[] = [];
    const backoff = (attempt: number): number => {
      asked.push(attempt);
      return 150;
    };
    const one = await collect(transport(), { name, subjects: [subject], backoff }, ({ attempt }) => {
      times.push(performance.now());
      if (attempt < 3) throw new Error('not yet');
    });
    const messages = messagesOf(unique('m'), subject, 1);
    await transport().publish(messages);
    await one.count(3);
    await transport().publish(messagesOf(unique('last'), subject, 1));
    // The last one fails twice as well.
    await one.count(6);
    assert.deepEqual(
      one.messages.slice(0, 3).map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    assert.equal(new Set(one.ids().slice(0, 3)).size, 1);
    assert.deepEqual([...new Set(asked)], [1, 2]);
    for (const [index, time] of times.slice(1, 3).entries()) {
      assert.ok(time - (times[index] as number) > 140, `attempt ${index + 2} came before its back-off`);
    }
    assert.equal(await transport().deadLetters.count(name), 0);
  });

  it('QoS 1: makes a message a dead letter after its last attempt, with the reason', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    class CardDeclined extends Error {
      readonly code = 'CARD_DECLINED';
      override readonly name = 'CardDeclined';
    }
    const other = await collect(transport(), { name: unique('other'), subjects: [subject] });
    const one = await collect(transport(), { name, subjects: [subject], maxAttempts: 3 }, () => {
      throw new CardDeclined('declined');
    });
    const message = { id: unique('m'), subject, key: 'k', headers: { a: 'b' }, body: new Uint8Array([0, 255]) };
    await transport().publish([message]);
    const [letter] = await lettersOf(await another(), name, 1);
    assert.deepEqual(
      one.messages.map(({ attempt }) => attempt),
      [1, 2, 3],
    );
    const { error, attempts, subscription, publishedAt, deadAt } = letter!;
    const { stack, ...rest } = error;
    assert.deepEqual(rest, { name: 'CardDeclined', message: 'declined', code: 'CARD_DECLINED' });
    assert.ok(stack?.includes('declined'));
    assert.deepEqual([attempts, subscription], [3, name]);
    assert.ok(Math.abs(deadAt - Date.now()) < 60_000 && Math.abs(publishedAt - Date.now()) < 60_000);
    const kept = letter!.message;
    assert.deepEqual(
      { ...kept, headers: { ...kept.headers }, body: [...(kept.body as Uint8Array)] },
      { ...message, body: [0, 255] },
    );
    assert.equal((await one.consumer.status()).deadLettered, 1);
    await other.count(1);
  });

  for (const key of [undefined, 'k'] as const) {
    it(`makes an unprocessable message a dead letter at once, and nothing waits behind it (key ${key})`, async () => {
      const [subject, name] = [unique('s'), unique('n')];
      const options = { name, subjects: [subject], concurrency: 1, backoff: () => 60_000 };
      const one = await collect(transport(), options, ({ body }) => {
        if (body === '0') throw new UnprocessableMessageError('unknown type');
      });
      const messages = messagesOf(unique('m'), subject, 10, key === undefined ? {} : { key });
      await transport().publish(messages);
      await one.count(10);
      const [letter] = await lettersOf(transport(), name, 1);
      assert.deepEqual([letter?.attempts, letter?.error.code], [1, 'CATGA_UNPROCESSABLE_MESSAGE']);
      assertEachOnce(one.ids(), messages);
    });
  }

  it('takes a handler that rejects, throws and throws what is no error alike', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const one = await collect(transport(), { name, subjects: [subject], maxAttempts: 1 }, ({ body }) => {
      if (body === '0') return Promise.reject(new Error('rejected'));
      if (body === '1') throw new Error('thrown');
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw 'a text';
    });
    await transport().publish(messagesOf(unique('m'), subject, 3, { key: 'k' }));
    await one.count(3);
    const letters = await lettersOf(transport(), name, 3);
    assert.deepEqual(
      letters.map(({ error }) => error.message),
      ['rejected', 'thrown', 'a text'],
    );
  });

  if (!qos.includes(2)) return;

  it('QoS 2: stores a message once that is published twice with one id', async () => {
    const [subject, other] = [unique('s'), unique('s')];
    const one = await collect(transport(), { name: unique('n'), subjects: [subject, other], qos: 2 });
    const messages = messagesOf(unique('m'), subject, 5, { key: 'k' });
    await transport().publish([...messages, ...messages], { qos: 2 });
    await (await another()).publish(messages, { qos: 2 });
    const last = messagesOf(unique('last'), subject, 1, { key: 'k' });
    await transport().publish(last, { qos: 2 });
    await one.count(6);
    assert.deepEqual(
      one.ids(),
      [...messages, ...last].map(({ id }) => id),
    );
    // The same id on another subject is another message.
    await transport().publish([{ ...messages[0]!, subject: other }], { qos: 2 });
    await one.count(7);
  });

  it('QoS 2: does not take a message for a repetition because it was handled', async () => {
    const subject = unique('s');
    const one = await collect(transport(), { name: unique('n'), subjects: [subject], qos: 2 });
    const messages = messagesOf(unique('m'), subject, 1, { key: 'k' });
    await transport().publish(messages, { qos: 2 });
    await one.count(1);
    await transport().publish(messages, { qos: 2 });
    const last = messagesOf(unique('last'), subject, 1, { key: 'k' });
    await transport().publish(last, { qos: 2 });
    await one.count(2);
    assertEachOnce(one.ids(), [...messages, ...last]);
  });
}
