import {
  CatgaError,
  CodecTypeConflictError,
  JsonCodec,
  StoreUnavailableError,
  UndecodablePayloadError,
  UnencodableValueError,
  UnknownCodecTypeError,
  VersionConflictError,
} from '@catga/core';
import fc from 'fast-check';
import { isDeepStrictEqual } from 'node:util';

const codec = new JsonCodec();
const roundTrip = (value: unknown, through = codec): unknown => through.decode(through.encode(value));

class Money {
  constructor(
    readonly cents: bigint,
    readonly currency: string,
  ) {}
  plus(other: Money): Money {
    return new Money(this.cents + other.cents, this.currency);
  }
}

class CreateOrder {
  constructor(
    readonly orderId: string,
    readonly at: Date,
  ) {}
}

/** Everything the codec says it gives back as it was, nested at will. */
const anything = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    tie('list'),
    tie('object'),
    tie('map'),
    tie('set'),
  ),
  leaf: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.constantFrom('$type', '"$type"', '{"$type":"Date","value":"x"}', '\ud800', '', '__proto__'),
    fc.double(),
    fc.integer(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, NaN, Infinity, -Infinity),
    fc.bigInt(),
    // Node finds no two invalid dates equal inside a Set; they have a test of their own.
    fc.date({ noInvalidDate: true }),
    fc.uint8Array(),
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    fc.float64Array({ noNaN: true }),
    fc.int16Array().map((array) => array.subarray(1)),
    fc.bigInt64Array(),
    fc.uint8Array().map((bytes) => new Uint8Array(bytes).buffer),
    fc.webUrl().map((text) => new URL(text)),
    fc.constantFrom(/a+/giu, /^\/x\n$/m, new RegExp('')),
  ),
  list: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(
    fc.oneof(
      fc.string(),
      fc.constantFrom('$type', 'value', '__proto__', 'toString', 'constructor', '0', 'hasOwnProperty'),
    ),
    tie('value'),
    { maxKeys: 5, noNullPrototype: true },
  ),
  map: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  set: fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
})).value;

describe('JsonCodec', () => {
  it('gives an invalid date back as an invalid date', () => {
    const { when } = roundTrip({ when: new Date(Number.NaN) }) as { when: Date };
    expect(when).toBeInstanceOf(Date);
    expect(when.getTime()).toBeNaN();
  });

  it('gives back any nesting of what it accepts', () => {
    fc.assert(
      fc.property(anything, (value) => {
        // Not toStrictEqual: it takes a field named "constructor" for the class.
        expect(isDeepStrictEqual(roundTrip(value), value)).toBe(true);
      }),
      { numRuns: 3_000 },
    );
  });

  it('gives back any JSON as it was, in text that any JSON reader reads the same', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const plain = JSON.parse(JSON.stringify(value)) as unknown;
        expect(roundTrip(plain)).toStrictEqual(plain);
        expect(JSON.parse(codec.encode({ plain, extra: [1] }))).toStrictEqual({ plain, extra: [1] });
      }),
      { numRuns: 1_000 },
    );
  });

  it('never shares anything with the value it encoded', () => {
    const value = { list: [{ n: 1 }], bytes: new Uint8Array([1, 2]), map: new Map([['k', { n: 1 }]]) };
    const text = codec.encode(value);
    const copy = codec.decode(text) as typeof value;
    copy.list[0]!.n = 2;
    copy.bytes[0] = 9;
    copy.map.get('k')!.n = 2;
    expect(value).toEqual({ list: [{ n: 1 }], bytes: new Uint8Array([1, 2]), map: new Map([['k', { n: 1 }]]) });
    expect(codec.encode(value)).toBe(text);
  });

  it('reads its text from bytes too', () => {
    expect(codec.decode(new TextEncoder().encode(codec.encode({ grüße: 1n })))).toEqual({ grüße: 1n });
  });

  it('keeps the text of URLs and expressions, and the place of a sticky expression', () => {
    const sticky = /a/y;
    sticky.lastIndex = 3;
    const copy = roundTrip([new URL('https://a.example/x?y=1#z'), sticky]) as [URL, RegExp];
    expect(copy[0].href).toBe('https://a.example/x?y=1#z');
    expect(copy[1]).toMatchObject({ source: 'a', flags: 'y', lastIndex: 3 });
  });

  it('keeps only what a view shows of the memory behind it', () => {
    const memory = new Uint8Array([1, 2, 3, 4]);
    const copy = roundTrip(memory.subarray(1, 3)) as Uint8Array;
    expect(copy).toEqual(new Uint8Array([2, 3]));
    expect(copy.buffer.byteLength).toBe(2);
  });

  it('gives an object that is met twice back as two copies', () => {
    const shared = { when: new Date(0) };
    const copy = roundTrip({ a: shared, b: shared }) as { a: unknown; b: unknown };
    expect(copy).toEqual({ a: shared, b: shared });
    expect(copy.a).not.toBe(copy.b);
  });

  it('does not let a field named __proto__ change a prototype', () => {
    const evil = JSON.parse('{"__proto__":{"admin":true},"when":{"$type":"Date","value":null}}') as object;
    const copy = roundTrip({ when: new Date(0), nested: evil }) as { nested: { admin?: boolean } };
    expect(copy.nested.admin).toBeUndefined();
    expect(Object.hasOwn(copy.nested, '__proto__')).toBe(true);
  });

  describe('with classes', () => {
    it('gives commands and DTOs back as plain objects with the same fields', () => {
      const copy = roundTrip(new CreateOrder('42', new Date(0)));
      expect(copy).toStrictEqual({ orderId: '42', at: new Date(0) });
      expect(codec.encode(new CreateOrder('42', 'plain' as never))).toBe('{"orderId":"42","at":"plain"}');
    });

    it('refuses instances that would lose their methods, and says what to do', () => {
      expect(() => codec.encode({ items: [{}, {}, { price: new Money(1n, 'EUR') }] })).toThrow(
        expect.objectContaining({ code: 'CATGA_UNENCODABLE_VALUE', path: '$.items[2].price' }),
      );
      expect(() => codec.encode(new Money(1n, 'EUR'))).toThrow(/instance of Money, .*registerType/);
    });

    it('gives registered classes back as their class without calling the constructor', () => {
      const own = new JsonCodec().registerType(Money, { name: 'money' }).registerType(CreateOrder);
      const copy = roundTrip({ price: new Money(5n, 'EUR'), order: new CreateOrder('1', new Date(0)) }, own);
      expect(copy).toStrictEqual({ price: new Money(5n, 'EUR'), order: new CreateOrder('1', new Date(0)) });
      expect((copy as { price: Money }).price.plus(new Money(1n, 'EUR')).cents).toBe(6n);
    });

    it('uses the encode and decode of a registration', () => {
      const own = new JsonCodec().registerType(Money, {
        encode: ({ cents, currency }) => ({ cents, currency }),
        decode: (data: { cents: bigint; currency: string }) => new Money(data.cents, data.currency),
      });
      expect(roundTrip(new Money(5n, 'EUR'), own)).toStrictEqual(new Money(5n, 'EUR'));
    });

    it('knows types per codec only, and says which one is missing', () => {
      const own = new JsonCodec().registerType(Money);
      expect(() => codec.decode(own.encode([new Money(1n, 'EUR')]))).toThrow(UnknownCodecTypeError);
      expect(() => codec.decode(own.encode([new Money(1n, 'EUR')]))).toThrow(/\$\[0\] was stored as type "Money"/);
    });

    it('does not take a subclass for its registered parent', () => {
      class Tip extends Money {}
      const own = new JsonCodec().registerType(Money);
      expect(() => own.encode(new Tip(1n, 'EUR'))).toThrow(UnencodableValueError);
    });

    it('refuses two types of one name, one class twice, and the names of built-in types', () => {
      const own = new JsonCodec().registerType(Money);
      expect(() => own.registerType(CreateOrder, { name: 'Money' })).toThrow(CodecTypeConflictError);
      expect(() => own.registerType(Money, { name: 'Other' })).toThrow(CodecTypeConflictError);
      for (const name of ['Date', 'undefined', 'Uint8Array', 'Buffer', 'object']) {
        expect(() => own.registerType(CreateOrder, { name })).toThrow(CodecTypeConflictError);
      }
    });

    it('stores what toJSON returns', () => {
      expect(roundTrip({ total: { cents: 5, toJSON: () => ({ at: new Date(0) }) } })).toEqual({
        total: { at: new Date(0) },
      });
    });
  });

  describe('with errors', () => {
    it('keeps name, message, stack, code, cause and own fields', () => {
      const error = Object.assign(new TypeError('bad', { cause: new RangeError('deeper') }), { code: 'E_BAD', n: 1n });
      const copy = roundTrip(error) as typeof error;
      expect(copy).toBeInstanceOf(TypeError);
      expect(copy).toMatchObject({ name: 'TypeError', message: 'bad', code: 'E_BAD', n: 1n, stack: error.stack });
      expect(copy.cause).toBeInstanceOf(RangeError);
      expect(Object.keys(copy)).toEqual(['code', 'n']);
    });

    it('gives an error of an unknown class back as an Error with its name', () => {
      class PaymentDeclined extends Error {
        readonly card = '4711';
      }
      const copy = roundTrip(new PaymentDeclined('no')) as PaymentDeclined;
      expect(copy).toBeInstanceOf(Error);
      expect(copy).not.toBeInstanceOf(PaymentDeclined);
      expect(copy).toMatchObject({ name: 'PaymentDeclined', message: 'no', card: '4711' });
      expect(String(copy)).toBe('PaymentDeclined: no');
    });

    it('gives a registered class of errors back as that class', () => {
      class PaymentDeclined extends Error {
        constructor(readonly card: string) {
          super(`card ${card} declined`);
        }
        hint(): string {
          return `try another than ${this.card}`;
        }
      }
      const own = new JsonCodec().registerType(PaymentDeclined).registerType(VersionConflictError);
      const copy = roundTrip(new PaymentDeclined('4711'), own) as PaymentDeclined;
      expect(copy).toBeInstanceOf(PaymentDeclined);
      expect(copy.hint()).toBe('try another than 4711');
      expect(copy.message).toBe('card 4711 declined');
      expect(roundTrip(new VersionConflictError('s', 1, 2), own)).toBeInstanceOf(VersionConflictError);
    });

    it('gives an error whose class is not registered back as its nearest registered parent', () => {
      class Declined extends Error {
        readonly isFinal = true;
      }
      class CardDeclined extends Declined {
        readonly card = '4711';
      }
      const copy = roundTrip(new CardDeclined('no'), new JsonCodec().registerType(Declined)) as CardDeclined;
      expect(copy).toBeInstanceOf(Declined);
      expect(copy).not.toBeInstanceOf(CardDeclined);
      expect(copy).toMatchObject({ name: 'CardDeclined', message: 'no', isFinal: true, card: '4711' });
    });

    it('gives an error of Catga back as a CatgaError with code, kind and details', () => {
      const copy = roundTrip(new StoreUnavailableError('locked', 'busy')) as StoreUnavailableError;
      expect(copy).toBeInstanceOf(CatgaError);
      expect(copy).toMatchObject({
        name: 'StoreUnavailableError',
        code: 'CATGA_STORE_LOCKED',
        kind: 'infrastructure',
        reason: 'locked',
        message: 'busy',
      });
    });

    it('keeps the errors of an AggregateError', () => {
      const copy = roundTrip(new AggregateError([new Error('a'), 'b'], 'both')) as AggregateError;
      expect(copy.errors).toEqual([new Error('a'), 'b']);
    });

    it('leaves out of an error what cannot be stored, so that a failure can always be recorded', () => {
      const socket = { send: () => undefined };
      const cyclic: { self?: unknown } = {};
      cyclic.self = cyclic;
      const error = Object.assign(new Error('request failed', { cause: socket }), { socket, cyclic, status: 503 });
      expect(roundTrip([error, error])).toEqual([
        expect.objectContaining({ message: 'request failed', status: 503 }),
        expect.objectContaining({ message: 'request failed', status: 503 }),
      ]);
    });
  });

  describe('refuses with the path', () => {
    const cyclic = { name: 'x', children: [] as unknown[] };
    cyclic.children.push({ parent: cyclic });
    let deep: unknown = 1;
    for (let level = 0; level < 600; level++) deep = [deep];

    it.each([
      ['a function', { items: [1, { run: () => 1 }] }, '$.items[1].run'],
      ['a symbol', [Symbol('s')], '$[0]'],
      ['a promise', { a: { 'b c': Promise.resolve() } }, '$.a["b c"]'],
      ['a cycle', cyclic, '$.children[0].parent'],
      ['a value of a map', new Map([['k', Symbol('s')]]), '$.get("k")'],
      ['a key of a map', new Map([[() => 1, 1]]), '$.keys()[0]'],
      ['an item of a set', { s: new Set([1, () => 1]) }, '$.s.values()[1]'],
      ['an instance of a subclass of a built-in', { d: new (class Day extends Date {})() }, '$.d'],
      ['a weak map', new WeakMap(), '$'],
      [
        'a getter that throws',
        {
          get a(): number {
            throw new Error('no');
          },
          b: 1n,
        },
        '$.a',
      ],
    ])('%s', (_what, value, path) => {
      let error: unknown;
      try {
        codec.encode(value);
      } catch (thrown) {
        error = thrown;
      }
      expect(error).toBeInstanceOf(UnencodableValueError);
      expect((error as UnencodableValueError).path).toBe(path);
    });

    it('what is nested too deep for other readers', () => {
      expect(() => codec.encode(deep)).toThrow(/levels deep/);
    });
  });

  describe('reading something else', () => {
    it.each([
      ['no JSON', '{"a":'],
      ['bytes of another codec', new Uint8Array([0x81, 0xa1, 0x61])],
      ['a tag without its value', '{"$type":"Map"}'],
      ['a tag with a wrong value', '[{"$type":"bigint","value":"many"}]'],
      ['a tag that is no text', '{"$type":5}'],
    ])('says so: %s', (_what, payload) => {
      expect(() => codec.decode(payload)).toThrow(UndecodablePayloadError);
    });
  });
});
