import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Event, Upcast } from '@catga/core';
import { EventSchemaError, expectEventSchemas, type EventSchemasOptions } from '@catga/testing';

/** An event class with this name and version, and one of its events with these fields. */
function sample(name: string, version: number, fields: object): object {
  class Sample {}
  Event(name, { version })(Sample);
  return Object.assign(new Sample(), fields);
}

const order = (fields: object, version = 1) => sample('order-placed', version, fields);

describe('the guard of event schemas', () => {
  let folder: string;
  let file: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'catga-schemas-'));
    file = join(folder, 'events', 'schemas.json');
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const check = (samples: readonly object[], options: Partial<EventSchemasOptions> = {}): readonly string[] => {
    try {
      expectEventSchemas(file, { samples, write: true, ...options });
      return [];
    } catch (error) {
      if (error instanceof EventSchemaError) return error.problems;
      throw error;
    }
  };

  it('records what it has not seen, in a file that stays the same while the events do', () => {
    const samples = [
      order({ id: 'a', at: new Date(0), lines: [{ sku: 'x', count: 1 }, { sku: 'y' }], note: undefined }),
      order({ id: 'b', at: new Date(0), lines: [], total: 7n }),
    ];
    // Two classes with one name would be refused; the second sample is of the first one's class.
    Object.setPrototypeOf(samples[1], Object.getPrototypeOf(samples[0]) as object);
    expect(check(samples)).toEqual([]);
    const written = readFileSync(file, 'utf8');
    expect(JSON.parse(written)).toMatchObject({
      'order-placed': {
        1: {
          fields: {
            id: 'string',
            at: 'Date',
            lines: 'array',
            'lines[]': 'object',
            'lines[].sku': 'string',
            'lines[].count': 'number?',
            total: 'bigint?',
          },
        },
      },
    });
    expect(check(samples)).toEqual([]);
    expect(readFileSync(file, 'utf8')).toBe(written);
  });

  it.each([
    ['a field is gone', { id: 'a' }, 'changed: field total (object) is gone. '],
    ['a nested field is gone', { id: 'a', total: {} }, 'field total.amount (number) is gone'],
    ['a field has another type', { id: 1, total: { amount: 1 } }, 'field id was string and is number'],
    ['a field is new and needed', { id: 'a', total: { amount: 1 }, by: 'x' }, 'field by (string) is new'],
  ])('fails when %s', (_what, fields, problem) => {
    check([order({ id: 'a', total: { amount: 1 } })]);
    const before = readFileSync(file, 'utf8');
    const problems = check([order(fields)]);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain('Version 1 of event "order-placed" has changed');
    expect(problems[0]).toContain(problem);
    expect(problems[0]).toContain(`Give the class version 2 and write @Upcast('order-placed', 1)`);
    expect(readFileSync(file, 'utf8')).toBe(before);
  });

  it('lets a version get optional fields and wider types, and holds it to them from then on', () => {
    check([order({ id: 'a' })]);
    const wider = [order({ id: 'a', by: 'x' }), order({ id: null })];
    Object.setPrototypeOf(wider[1], Object.getPrototypeOf(wider[0]) as object);
    expect(check(wider)).toEqual([]);
    const narrow = check([order({ id: 'a', by: 'x' })]);
    expect(narrow[0]).toContain('field by was string? and is string');
    expect(narrow[0]).toContain('field id was null|string and is string');
  });

  it('wants a way from every recorded version to that of today, and a result that today’s class can use', () => {
    check([order({ id: 'a', amount: 1 })]);
    const today = () => [order({ id: 'a', total: { amount: 1 } }, 2)];
    expect(check(today())[0]).toContain('no way to version 2');

    class Lossy {
      @Upcast('order-placed', 1)
      up(data: { id: string }) {
        return { id: data.id, total: {} };
      }
    }
    expect(check(today(), { upcasters: [new Lossy()] })).toEqual([
      'An event "order-placed" of version 1 is read, but not as version 2: field total.amount is missing and should be number.',
    ]);

    class Right {
      @Upcast('order-placed', 1)
      up({ id, amount }: { id: string; amount: number }) {
        return { id, total: { amount } };
      }
    }
    expect(check(today(), { upcasters: [new Right()] })).toEqual([]);
    expect(
      Object.keys((JSON.parse(readFileSync(file, 'utf8')) as Record<string, object>)['order-placed'] ?? {}),
    ).toEqual(['1', '2']);
  });

  it('does not let an event be removed or renamed while it may be stored', () => {
    check([order({ id: 'a' })]);
    const renamed = sample('order-accepted', 1, { id: 'a' });
    expect(check([renamed])[0]).toContain('There is no class for event type "order-placed"');

    class Renaming {
      @Upcast('order-placed', 1, { to: 'order-accepted' })
      same(data: object) {
        return data;
      }
    }
    expect(check([renamed], { upcasters: [new Renaming()] })).toEqual([]);
  });

  it('fails instead of writing where it must not write', () => {
    const problems = check([order({ id: 'a' })], { write: false });
    expect(problems).toEqual([
      'Version 1 of event "order-placed" is not recorded. Run this test where it may write, and commit the file.',
    ]);
    expect(() => readFileSync(file)).toThrow('ENOENT');
  });
});
