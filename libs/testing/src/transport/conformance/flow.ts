import assert from 'node:assert/strict';
import { assertEachAtLeastOnce, assertEachOnce, collect, eventually, Gate, messagesOf, pause } from './build.js';
import type { Suite } from './suite.js';

/** How many at once, pausing, stopping, dying. */
export function flowTests({ it, transport, another, unique, options }: Suite): void {
  const many = options.many ?? 10_000;

  it(`keeps ${many} messages in the broker while a slow consumer works, and never runs more than it may`, async () => {
    const subject = unique('s');
    const gate = new Gate();
    let running = 0;
    let most = 0;
    const subscription = { name: unique('n'), subjects: [subject], concurrency: 8 };
    const one = await collect(transport(), subscription, async () => {
      most = Math.max(most, ++running);
      await gate.pass();
      await Promise.resolve();
      running--;
    });
    const messages = messagesOf(unique('m'), subject, many);
    for (let at = 0; at < many; at += 500) await transport().publish(messages.slice(at, at + 500));
    await one.count(8);
    await pause(100);
    try {
      const status = await one.consumer.status();
      assert.equal(status.running, 8);
      assert.ok(
        (status.waiting ?? 0) >= many * 0.9,
        `only ${status.waiting} of ${many} messages wait in the broker: the others are on the node`,
      );
    } finally {
      gate.release();
    }
    await eventually(
      () => `${many} messages; there are ${one.messages.length}`,
      () => one.messages.length >= many,
      60_000,
    );
    assertEachOnce(one.ids(), messages);
    assert.equal(most, 8);
    await eventually('everything is handled', async () => {
      const { handled, running: now, waiting } = await one.consumer.status();
      return handled === many && now === 0 && waiting === 0;
    });
  });

  it('fetches nothing while it is paused, lets handlers finish, and goes on when it is resumed', async () => {
    const subject = unique('s');
    const gate = new Gate();
    const one = await collect(
      transport(),
      { name: unique('n'), subjects: [subject], concurrency: 2, ackTimeout: 500 },
      () => gate.pass(),
    );
    const messages = messagesOf(unique('m'), subject, 10);
    await transport().publish(messages);
    await one.count(2);
    one.consumer.pause();
    assert.equal((await one.consumer.status()).state, 'paused');
    gate.release();
    await eventually('the two are handled', async () => (await one.consumer.status()).handled >= 2);
    await pause(200);
    const before = one.messages.length;
    assert.ok(before <= 4, `${before} messages were begun while it was paused`);
    await pause(700);
    assert.equal(one.messages.length, before);
    one.consumer.resume();
    assert.equal((await one.consumer.status()).state, 'running');
    await one.count(10);
    await pause(100);
    assertEachAtLeastOnce(one.ids(), messages);
  });

  it('finishes what it handles when it stops, and leaves the rest to other members', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const gate = new Gate();
    const here = await collect(transport(), { name, subjects: [subject], concurrency: 3 }, () => gate.pass());
    const messages = messagesOf(unique('m'), subject, 50);
    await transport().publish(messages);
    await here.count(3);
    let hasStopped = false;
    const stopping = here.consumer.stop().then(() => (hasStopped = true));
    const there = await collect(await another(), { name, subjects: [subject] });
    await there.count(47);
    assert.equal(hasStopped, false);
    gate.release();
    await stopping;
    assert.equal(here.messages.length, 3);
    const { state, handled, running } = await here.consumer.status();
    assert.deepEqual({ state, handled, running }, { state: 'stopped', handled: 3, running: 0 });
    await pause(100);
    assertEachOnce([...here.ids(), ...there.ids()], messages);
    await here.consumer.stop();
  });

  it('closes after its handlers, which may still publish', async () => {
    const [subject, answers] = [unique('s'), unique('s')];
    const node = await another();
    const listener = await collect(transport(), { name: unique('answers'), subjects: [answers] });
    const gate = new Gate();
    const options = { name: unique('n'), subjects: [subject], concurrency: 2 };
    const one = await collect(node, options, async ({ id }) => {
      await gate.pass();
      await node.publish([{ id: `answer-${id}`, subject: answers, body: '' }]);
    });
    await transport().publish(messagesOf('m', subject, 2));
    await one.count(2);
    const closing = node.close();
    await pause(50);
    gate.release();
    await closing;
    await listener.count(2);
    assert.deepEqual(listener.ids().sort(), ['answer-m-0', 'answer-m-1']);
    // What was acknowledged does not come again.
    const rest = await collect(transport(), options);
    await transport().publish(messagesOf('last', subject, 1));
    await rest.count(1);
    assert.deepEqual(rest.ids(), ['last-0']);
  });

  it('does not double a handler that takes longer than the ack timeout while its member lives', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const subscription = { name, subjects: [subject], concurrency: 1, ackTimeout: 400 };
    const signals: AbortSignal[] = [];
    const slow = async (_message: unknown, signal: AbortSignal): Promise<void> => {
      signals.push(signal);
      await pause(1_500);
    };
    const here = await collect(transport(), subscription, slow);
    const there = await collect(await another(), subscription, slow);
    const messages = messagesOf(unique('m'), subject, 3);
    await transport().publish(messages);
    const handled = async (): Promise<number> =>
      (await here.consumer.status()).handled + (await there.consumer.status()).handled;
    await eventually('three handled', async () => (await handled()) === 3);
    await pause(600);
    assertEachOnce([...here.ids(), ...there.ids()], messages);
    assert.ok(signals.every(({ aborted }) => !aborted));
  });

  const { kill } = options;
  if (kill === undefined) return;

  it('gives the messages of a dead member to another one after the ack timeout', async () => {
    const [subject, name] = [unique('s'), unique('n')];
    const subscription = { name, subjects: [subject], concurrency: 3, ackTimeout: 700 };
    const doomed = await another();
    const gate = new Gate();
    const dead = await collect(doomed, subscription, () => gate.pass());
    const messages = [...messagesOf(unique('m'), subject, 10), ...messagesOf(unique('k'), subject, 10, { key: 'k' })];
    await transport().publish(messages);
    await dead.count(3);
    await kill(doomed);
    gate.release();
    const heir = await collect(transport(), subscription);
    await heir.count(20);
    await pause(100);
    assertEachOnce(heir.ids(), messages);
    const order = heir.messages.filter(({ key }) => key === 'k').map(({ body }) => body);
    assert.deepEqual(
      order,
      messages.slice(10).map(({ body }) => body),
    );
    const doubled = heir.messages.filter(({ id }) => dead.ids().includes(id));
    assert.ok(
      doubled.every(({ attempt }) => attempt >= 2),
      'attempts of the dead member were not counted',
    );
  });
}
