import assert from 'node:assert/strict';
import fc from 'fast-check';
import { collect } from './build.js';
import type { Suite } from './suite.js';

/** That messages arrive as they were sent. */
export function contentTests({ it, transport, another, unique, options }: Suite): void {
  const qualities = (options.qos ?? [0, 1, 2]).filter((qos) => qos < 2) as (0 | 1)[];
  const bodies: Record<string, string | Uint8Array> = {
    'empty text': '',
    'text with line ends and a NUL': 'a\r\n\0b\n\n',
    unicode: 'ä→😀 \u2028 שלום',
    'a text that looks like bytes': 'base64:AAAA',
    JSON: '{"a":[1,2,{"b":"ü"}]}',
    'no bytes': new Uint8Array(0),
    'every byte': Uint8Array.from({ length: 256 }, (_, index) => index),
    'bytes of valid text': Buffer.from('text'),
    'a part of a buffer': new Uint8Array(1_000).fill(7).subarray(10, 20),
    '100 KB of text': 'äbcdefgh'.repeat(12_000),
  };

  for (const qos of qualities) {
    it(`brings bodies as they were, text as text and bytes as bytes (QoS ${qos})`, async () => {
      const subject = unique('s');
      const one = await collect(await another(), { name: unique('n'), subjects: [subject], qos });
      for (const [what, body] of Object.entries(bodies)) {
        await transport().publish([{ id: what, subject, key: 'k', body }], { qos });
        await one.count(one.messages.length === 0 ? 1 : Object.keys(bodies).indexOf(what) + 1);
        const got = one.messages.at(-1);
        assert.equal(got?.id, what);
        assertSameBody(got.body, body, what);
      }
    });

    it(`brings headers as they were, and none as none (QoS ${qos})`, async () => {
      const subject = unique('s');
      const one = await collect(await another(), { name: unique('n'), subjects: [subject], qos });
      const headers = {
        empty: '',
        'with-dash_1': 'a: b; c="d"',
        unicode: 'ä→😀',
        padded: 'x  y',
        long: 'h'.repeat(2_000),
        constructor: 'not the function',
      };
      await transport().publish([{ id: 'with', subject, key: 'k', headers, body: '1' }], { qos });
      await transport().publish([{ id: 'without', subject, key: 'k', body: '2' }], { qos });
      await one.count(2);
      assert.deepEqual({ ...one.messages[0]?.headers }, headers);
      assert.deepEqual({ ...one.messages[1]?.headers }, {});
    });
  }

  it('brings any text, any bytes and any header', async () => {
    const subject = unique('s');
    const header = fc.string({ unit: 'grapheme' }).map((text) => text.replace(/[\r\n\0]/g, '').trim());
    const body = fc.oneof(
      fc.string({ unit: 'binary' }).filter((text) => !/\p{Surrogate}/u.test(text)),
      fc.uint8Array(),
    );
    const one = await collect(transport(), { name: unique('n'), subjects: [subject] });
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(body, header, async (text, value) => {
        await transport().publish([{ id: `m${++sent}`, subject, headers: { value }, body: text }]);
        await one.count(sent);
        const got = one.messages[sent - 1];
        assertSameBody(got?.body, text, 'random body');
        assert.equal(got?.headers['value'], value);
      }),
      { numRuns: 100 },
    );
  });

  it('shares no bytes with the publisher, nor between subscriptions', async () => {
    const subject = unique('s');
    const spoil = ({ body }: { body: string | Uint8Array }): void => void (body as Uint8Array).fill(9);
    const one = await collect(transport(), { name: unique('one'), subjects: [subject] }, spoil);
    const two = await collect(transport(), { name: unique('two'), subjects: [subject] });
    const bytes = new Uint8Array([1, 2, 3]);
    const publishing = transport().publish([{ id: unique('m'), subject, body: bytes }]);
    bytes.fill(7);
    await publishing;
    await Promise.all([one.count(1), two.count(1)]);
    assert.deepEqual(Buffer.from(two.messages[0]?.body ?? ''), Buffer.from([1, 2, 3]));
  });
}

function assertSameBody(got: unknown, sent: string | Uint8Array, what: string): void {
  if (typeof sent === 'string') assert.equal(got, sent, what);
  else {
    assert.ok(got instanceof Uint8Array, `${what}: bytes came as ${typeof got}`);
    assert.deepEqual([...got], [...sent], what);
  }
}
