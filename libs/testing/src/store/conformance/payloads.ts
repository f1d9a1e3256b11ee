import assert from 'node:assert/strict';
import fc from 'fast-check';
import { commit } from './build.js';
import type { Suite } from './suite.js';

/** That payloads come back as they were, and belong to nobody else. */
export function payloadTests({ it, store, options }: Suite): void {
  const roundTrip = async (data: unknown, metadata: unknown = data): Promise<unknown[]> => {
    const { versions } = await commit(store(), {
      appends: [{ stream: 's', expectedVersion: 'any', events: [{ type: 'e', data, metadata }] }],
      records: [{ collection: 'c', key: 'k', value: data }],
    });
    const [event] = await store().readStream('s', { from: versions[0] ?? 0 });
    return [event?.data, event?.metadata, (await store().getRecord('c', 'k'))?.value];
  };

  for (const [what, text] of [
    ['empty text', ''],
    ['JSON', '{"a":[1,2,{"b":"ü→😀"}]}'],
    ['text with quotes and line ends', `'"\\\r\n\t;--`],
    ['text with a NUL', 'before\0after'],
    ['half a surrogate pair', 'a\ud800b'],
    ['a megabyte of text', 'äbcdefgh'.repeat(128 * 1_024)],
  ] as const) {
    it(`keeps ${what}`, async () => {
      for (const value of await roundTrip(text)) assert.ok(value === text);
    });
  }

  for (const [what, bytes] of [
    ['no bytes', new Uint8Array(0)],
    ['every byte', Uint8Array.from({ length: 256 }, (_, index) => index)],
    ['a part of a buffer', new Uint8Array(1_000).fill(7).subarray(10, 20)],
    ['a Buffer', Buffer.from('text of a buffer')],
    ['a megabyte', new Uint8Array(1_024 * 1_024).fill(9)],
  ] as const) {
    it(`keeps bytes: ${what}`, async () => {
      for (const value of await roundTrip(bytes)) {
        assert.ok(value instanceof Uint8Array && Buffer.compare(value, bytes) === 0);
      }
    });
  }

  it('keeps any text and any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array()), async (payload) => {
        for (const value of await roundTrip(payload)) assert.deepEqual(plain(value), plain(payload));
      }),
      { numRuns: 50, ...(options.seed === undefined ? undefined : { seed: options.seed }) },
    );
  });

  it('does not mix up what it was asked to keep as text and as bytes', async () => {
    const text = 'catga:bytes';
    for (const value of await roundTrip(text, Buffer.from(text)).then(([data]) => [data])) assert.equal(value, text);
    const [, metadata] = await roundTrip(text, Buffer.from(text));
    assert.ok(metadata instanceof Uint8Array);
  });

  if (options.payload !== 'encoded') return;

  it('shares no bytes with the caller', async () => {
    const bytes = new Uint8Array([1, 2, 3]);
    const write = commit(store(), {
      appends: [{ stream: 's', expectedVersion: 'any', events: [{ type: 'e', data: bytes }] }],
      records: [{ collection: 'c', key: 'k', value: bytes }],
    });
    bytes.fill(9); // already while the commit is under way
    await write;
    const read = async (): Promise<Uint8Array[]> => [
      (await store().readStream('s'))[0]?.data as Uint8Array,
      (await store().readAll()).events[0]?.data as Uint8Array,
      (await store().getRecord('c', 'k'))?.value as Uint8Array,
      (await store().findRecords({ collection: 'c' })).records[0]?.value as Uint8Array,
    ];
    for (const first of await read()) {
      assert.deepEqual([...first], [1, 2, 3]);
      first.fill(7);
    }
    for (const again of await read()) assert.deepEqual([...again], [1, 2, 3]);
  });

  it('refuses payloads that are not encoded, and writes nothing', async () => {
    for (const payload of [{ a: 1 }, 5, null, true, [], new Date()]) {
      await assert.rejects(roundTrip(payload), { code: 'CATGA_PAYLOAD_NOT_ENCODED' });
      await assert.rejects(roundTrip('fine', payload), { code: 'CATGA_PAYLOAD_NOT_ENCODED' });
    }
    await assert.rejects(roundTrip(undefined), { code: 'CATGA_PAYLOAD_NOT_ENCODED' });
    assert.deepEqual(await store().readStream('s'), []);
    assert.equal(await store().getRecord('c', 'k'), undefined);
  });
}

function plain(value: unknown): unknown {
  return value instanceof Uint8Array ? [...value] : value;
}
