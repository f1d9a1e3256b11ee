import fc from 'fast-check';
import { toJsonView } from '../../src/http/index.js';

describe('toJsonView', () => {
  const asJson = (value: unknown, options?: Parameters<typeof toJsonView>[1]): unknown =>
    JSON.parse(JSON.stringify(toJsonView(value, options)) ?? 'null');

  it.each([
    ['a bigint', 12345678901234567890n, '12345678901234567890'],
    ['NaN', Number.NaN, 'NaN'],
    ['infinity', -Infinity, '-Infinity'],
    ['a date', new Date(1), '1970-01-01T00:00:00.001Z'],
    ['a broken date', new Date(Number.NaN), 'Invalid Date'],
    ['a map with text keys', new Map([['a', 1]]), { a: 1 }],
    ['a map with other keys', new Map([[1, new Date(0)]]), [[1, '1970-01-01T00:00:00.000Z']]],
    ['a set', new Set([1, 'b']), [1, 'b']],
    ['a buffer', Buffer.from([1, 2]), 'base64:AQI='],
    ['an array buffer', new Uint8Array([1, 2]).buffer, 'base64:AQI='],
    ['a part of a buffer', new Uint8Array([9, 1, 2, 9]).subarray(1, 3), 'base64:AQI='],
    ['numbers', new Float64Array([1.5, Number.NaN]), [1.5, 'NaN']],
    ['big numbers', new BigInt64Array([1n]), ['1']],
    ['a url', new URL('http://a.b/c'), 'http://a.b/c'],
    ['a pattern', /a/g, '/a/g'],
    ['a function', function charge() {}, '[function charge]'],
    ['a symbol', Symbol('s'), '[symbol s]'],
    ['undefined in an array', [undefined, 1], [null, 1]],
    ['undefined in an object', { a: undefined, b: 1 }, { b: 1 }],
    ['an object that knows its text', { secret: 1, toJSON: () => '12.50' }, '12.50'],
    ['a field called __proto__', JSON.parse('{"__proto__":{"a":1}}') as unknown, JSON.parse('{"__proto__":{"a":1}}')],
  ])('shows %s', (_what, value, shown) => {
    expect(asJson(value)).toEqual(shown);
  });

  it('shows an error with its cause and own fields but without stacks, also one that the journal has kept', () => {
    const error = Object.assign(new TypeError('bad', { cause: new Error('why') }), { code: 'E', at: new Date(0) });
    const shown = { name: 'TypeError', message: 'bad', code: 'E', at: '1970-01-01T00:00:00.000Z' };
    expect(asJson(error)).toEqual({ ...shown, cause: { name: 'Error', message: 'why' } });
    const recorded = { name: 'Error', message: 'bad', stack: 'at x' };
    expect(asJson({ recorded })).toEqual({ recorded: { name: 'Error', message: 'bad' } });
    expect(asJson(recorded, { stacks: true })).toEqual(recorded);
    expect(asJson({ stack: ['a', 'card game'] })).toEqual({ stack: ['a', 'card game'] });
  });

  it('redacts in objects, maps, errors and inside lists, whatever the case of the name', () => {
    const value = [
      { Pin: 1 },
      new Map([['PIN', 2]]),
      Object.assign(new Error('x'), { pin: 3 }),
      { a: { pin: { b: 4 } } },
    ];
    const hidden = '[redacted]';
    expect(asJson(value, { redact: ['pin'] })).toEqual([
      { Pin: hidden },
      { PIN: hidden },
      { name: 'Error', message: 'x', pin: hidden },
      { a: { pin: hidden } },
    ]);
  });

  it('says where a value is inside itself, but shows one twice that is only used twice', () => {
    const shared = { n: 1 };
    const value: Record<string, unknown> = { a: shared, b: shared };
    value['self'] = [value];
    expect(asJson(value)).toEqual({ a: { n: 1 }, b: { n: 1 }, self: ['[circular]'] });
  });

  it('cuts what is too long, too deep or too much, and says by how much', () => {
    expect(asJson('abcdef', { limits: { text: 4 } })).toBe('abcd… (2 more characters)');
    expect(asJson([1, 2, 3], { limits: { items: 2 } })).toEqual([1, 2, '… (1 more items)']);
    expect(asJson({ a: 1, b: 2, c: 3 }, { limits: { items: 2 } })).toEqual({ a: 1, b: 2, '…': '(1 more fields)' });
    expect(asJson({ a: { b: { c: 1 } } }, { limits: { depth: 2 } })).toEqual({ a: { b: '… (deeper than 2 levels)' } });
    expect(asJson(Buffer.alloc(9), { limits: { text: 8 } })).toBe('base64:AAAAAAAA… (3 more bytes)');
    const shown = asJson({ a: [1, 2, 3] }, { limits: { values: 3 } });
    expect(shown).toEqual({ a: [1, '… (cut after 3 values)', '… (cut after 3 values)'] });
  });

  it('shows the rest when a getter throws', () => {
    const broken = {
      get x(): never {
        throw new Error('no');
      },
    };
    expect(asJson({ broken, ok: 1 })).toEqual({ broken: '[unreadable: no]', ok: 1 });
  });

  it('never throws, and always gives something that JSON can write', () => {
    const anything = fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withTypedArray: true,
      withNullPrototype: true,
      withSparseArray: true,
    });
    fc.assert(
      fc.property(anything, (value) => {
        expect(() => JSON.stringify(toJsonView(value))).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });
});
