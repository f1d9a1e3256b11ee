import assert from 'node:assert/strict';
import { assertEachOnce, collect, messagesOf } from './build.js';
import type { Suite } from './suite.js';

/** Who gets what. */
export function deliveryTests({ it, transport, another, unique }: Suite): void {
  it('gives a message to every subscription of its subject and to no other', async () => {
    const [subject, other] = [unique('s'), unique('s')];
    const one = await collect(transport(), { name: unique('one'), subjects: [subject] });
    const two = await collect(transport(), { name: unique('two'), subjects: [other, subject] });
    const three = await collect(transport(), { name: unique('three'), subjects: [other] });
    const messages = messagesOf(unique('m'), subject, 5);
    const [last] = messagesOf(unique('last'), other, 1);
    await transport().publish([...messages, last!]);
    await Promise.all([one.count(5), two.count(6), three.count(1)]);
    assertEachOnce(one.ids(), messages);
    assertEachOnce(two.ids(), [...messages, last!]);
    assertEachOnce(three.ids(), [last!]);
  });

  it('takes subjects by their whole name', async () => {
    const subject = unique('s');
    const exact = await collect(transport(), { name: unique('n'), subjects: [subject] });
    const subjects = [`${subject}.more`, `${subject}x`, subject.slice(0, -1), subject.toUpperCase(), subject];
    await transport().publish(subjects.map((one, index) => ({ id: unique(`m${index}`), subject: one, body: one })));
    await exact.count(1);
    await transport().publish(messagesOf(unique('last'), subject, 1));
    await exact.count(2);
    assert.deepEqual(
      exact.messages.map((message) => message.subject),
      [subject, subject],
    );
  });

  it('shares the messages of a subscription among its members on several nodes', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const here = await collect(transport(), { name, subjects: [subject], concurrency: 1 }, breath);
    const there = await collect(await another(), { name, subjects: [subject], concurrency: 1 }, breath);
    const messages = messagesOf(unique('m'), subject, 200);
    for (let at = 0; at < 200; at += 20) await (await another()).publish(messages.slice(at, at + 20));
    await waitForAll([here, there], 200);
    assertEachOnce([...here.ids(), ...there.ids()], messages);
    assert.ok(here.messages.length > 0 && there.messages.length > 0, 'one member got everything');
  });

  it('keeps messages for a durable subscription while no member is there', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const first = await collect(transport(), { name, subjects: [subject] });
    await first.consumer.stop();
    const messages = messagesOf(unique('m'), subject, 20);
    await transport().publish(messages);
    const second = await collect(await another(), { name, subjects: [subject] });
    await second.count(20);
    assertEachOnce(second.ids(), messages);
    assert.equal(first.messages.length, 0);
  });

  it('begins with what comes from now on, or with the oldest when asked', async () => {
    const subject = unique('s');
    const early = messagesOf(unique('early'), subject, 3);
    // Some brokers keep only what somebody has subscribed to.
    const keeper = await collect(transport(), { name: unique('keeper'), subjects: [subject] });
    await keeper.consumer.stop();
    await transport().publish(early);
    const fresh = await collect(transport(), { name: unique('fresh'), subjects: [subject] });
    const all = await collect(transport(), { name: unique('all'), subjects: [subject], startFrom: 'oldest' });
    const late = messagesOf(unique('late'), subject, 1);
    await transport().publish(late);
    await Promise.all([fresh.count(1), all.count(4)]);
    assertEachOnce(fresh.ids(), late);
    assertEachOnce(all.ids(), [...early, ...late]);
  });

  it('goes on where a durable subscription stopped, whatever it says about its start', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const first = await collect(transport(), { name, subjects: [subject], startFrom: 'oldest' });
    await transport().publish(messagesOf(unique('m'), subject, 5));
    await first.count(5);
    await first.consumer.stop();
    const again = await collect(await another(), { name, subjects: [subject], startFrom: 'oldest' });
    const last = messagesOf(unique('last'), subject, 1);
    await transport().publish(last);
    await again.count(1);
    assertEachOnce(again.ids(), last);
  });

  it('forgets a removed subscription', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const first = await collect(transport(), { name, subjects: [subject] });
    await first.consumer.stop();
    await transport().publish(messagesOf(unique('m'), subject, 5));
    await transport().removeSubscription(name);
    await transport().removeSubscription(unique('never-there'));
    const again = await collect(transport(), { name, subjects: [subject] });
    const last = messagesOf(unique('last'), subject, 1);
    await transport().publish(last);
    await again.count(1);
    assertEachOnce(again.ids(), last);
  });

  it('publishes to nobody without harm', async () => {
    await transport().publish(messagesOf(unique('m'), unique('s'), 3));
    await transport().publish([]);
    await transport().publish(messagesOf(unique('m'), unique('s'), 3), { qos: 0 });
  });

  it('says when a message was published and which attempt it is', async () => {
    const subject = unique('s');
    const one = await collect(transport(), { name: unique('n'), subjects: [subject] });
    await transport().publish([{ id: unique('m'), subject, key: 'k', body: 'b' }]);
    await one.count(1);
    const [message] = one.messages;
    assert.ok(Math.abs((message?.publishedAt ?? 0) - Date.now()) < 60_000, `published at ${message?.publishedAt}`);
    assert.deepEqual([message?.attempt, message?.key, message?.subject], [1, 'k', subject]);
  });
}

const breath = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 2));

async function waitForAll(
  parts: readonly { readonly messages: readonly unknown[]; count(least: number): Promise<void> }[],
  total: number,
): Promise<void> {
  const deadline = performance.now() + 20_000;
  while (parts.reduce((sum, { messages }) => sum + messages.length, 0) < total && performance.now() < deadline) {
    await breath();
  }
}
