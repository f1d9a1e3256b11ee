import assert from 'node:assert/strict';
import type { QoS, Transport, TransportMessage } from '@catga/core';
import { assertEachOnce, collect, messagesOf } from './build.js';
import type { Suite } from './suite.js';

/** Bad input, and the end of a transport. */
export function refusalTests({ it, transport, another, unique, options }: Suite): void {
  const message = (rest: Partial<TransportMessage> = {}): TransportMessage => ({
    id: unique('m'),
    subject: unique('s'),
    body: '',
    ...rest,
  });

  it('refuses a message that is too large, sends nothing of the list, and goes on', async () => {
    const subject = unique('s');
    const one = await collect(transport(), { name: unique('n'), subjects: [subject] });
    const large = message({ subject, body: new Uint8Array(options.tooLarge) });
    const [before, last] = [messagesOf(unique('before'), subject, 2), messagesOf(unique('last'), subject, 1)];
    for (const qos of options.qos ?? [0, 1, 2]) {
      await assert.rejects(transport().publish([...before, large], { qos }), {
        code: 'CATGA_MESSAGE_TOO_LARGE',
        kind: 'request',
        messageId: large.id,
      });
    }
    await assert.rejects(transport().request(large), { code: 'CATGA_MESSAGE_TOO_LARGE' });
    await transport().publish(last);
    await one.count(1);
    assertEachOnce(one.ids(), last);
  });

  it('refuses subjects and names that brokers would misunderstand', async () => {
    const bad = ['', 'a b', 'a.*', 'a.>', '.a', 'a.', 'a..b', 'ä', 'a\nb', 'x'.repeat(201), undefined, 5];
    for (const subject of bad as string[]) {
      const error = { code: 'CATGA_INVALID_SUBJECT', kind: 'configuration' };
      await assert.rejects(transport().publish([message({ subject })]), error, subject);
      await assert.rejects(transport().request(message({ subject })), error);
      await assert.rejects(
        transport().respond(subject, async () => ({ body: '' })),
        error,
      );
      await assert.rejects(
        transport().subscribe({ name: 'n', subjects: [subject] }, () => {}),
        error,
      );
      if (subject === undefined || subject === ('a.b' as string)) continue;
      await assert.rejects(
        transport().subscribe({ name: `${subject}.`, subjects: ['s'] }, () => {}),
        error,
      );
    }
  });

  it('refuses messages that no broker could carry', async () => {
    const bad: Partial<Record<keyof TransportMessage, unknown>>[] = [
      { id: '' },
      { id: 'a\nb' },
      { key: 'a\r\nb' },
      { body: { a: 1 } },
      { body: undefined },
      { headers: { 'Upper-Case': 'x' } },
      { headers: { 'with space': 'x' } },
      { headers: { ok: 'a\nInjected: b' } },
      { headers: { ok: 5 } },
    ];
    for (const part of bad) {
      await assert.rejects(transport().publish([message(part as Partial<TransportMessage>)]), {
        code: 'CATGA_INVALID_TRANSPORT_MESSAGE',
      });
    }
  });

  it('refuses a quality that it cannot give', async () => {
    const missing = ([0, 1, 2, 3, -1, '1'] as QoS[]).filter((qos) => !(options.qos ?? [0, 1, 2]).includes(qos));
    for (const qos of missing) {
      const error = { code: 'CATGA_UNSUPPORTED_QOS', kind: 'configuration' };
      await assert.rejects(transport().publish([message()], { qos }), error);
      await assert.rejects(
        transport().subscribe({ name: unique('n'), subjects: [unique('s')], qos }, () => {}),
        error,
      );
    }
  });

  it('refuses options of a subscription that make no sense', async () => {
    const bad: Record<string, unknown>[] = [
      { subjects: [] },
      { concurrency: 0 },
      { concurrency: 1.5 },
      { maxAttempts: 0 },
      { ackTimeout: 'soon' },
      { startFrom: 'yesterday' },
      { backoff: 5 },
      { concurency: 5 },
    ];
    for (const part of bad) {
      const subscription = { name: unique('n'), subjects: [unique('s')], ...part };
      await assert.rejects(
        transport().subscribe(subscription, () => {}),
        (error: { kind?: string; code?: string }) =>
          error.kind === 'configuration' && error.code?.startsWith('CATGA_') === true,
        JSON.stringify(part),
      );
    }
  });

  it('refuses everything once it is closed, and closes twice without harm', async () => {
    const closed = await another();
    await closed.ping();
    await Promise.all([closed.close(), closed.close()]);
    await closed.close();
    const uses: ((it: Transport) => Promise<unknown>)[] = [
      (it) => it.publish([message()]),
      (it) => it.publish([message()], { qos: 0 }),
      (it) => it.subscribe({ name: unique('n'), subjects: [unique('s')] }, () => {}),
      (it) => it.request(message()),
      (it) => it.respond(unique('s'), async () => ({ body: '' })),
      (it) => it.ping(),
    ];
    for (const use of uses) {
      await assert.rejects(use(closed), { code: 'CATGA_TRANSPORT_CLOSED', kind: 'infrastructure' });
    }
  });

  it('opens again after it was closed', async () => {
    const subject = unique('s');
    const node = await another();
    await node.close();
    await node.open();
    await node.ping();
    const one = await collect(node, { name: unique('n'), subjects: [subject] });
    await transport().publish(messagesOf(unique('m'), subject, 3));
    await one.count(3);
  });
}
