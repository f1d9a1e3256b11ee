import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CatgaError, EventRegistry, JsonCodec, MemoryStore, messageIdentity, type Codec, type Type } from '@catga/core';
import { breakingChanges, fieldsOf, missingFields, type EventFields } from './event-fields.js';

/** What {@link expectEventSchemas} looks at. */
export interface EventSchemasOptions {
  /**
   * At least one event of every class that is stored. Give two of one class, with and without it, where a field is
   * optional.
   */
  readonly samples: readonly object[];
  /** Instances of the classes with `@Upcast` methods. */
  readonly upcasters?: readonly object[] | undefined;
  /** How samples are kept in the file; it must write text. Default: {@link JsonCodec}. */
  readonly codec?: Codec | undefined;
  /** Whether new events and versions are added to the file. Default: true, unless the environment has `CI`. */
  readonly write?: boolean | undefined;
}

/** Events were changed in a way that stored ones cannot be read. */
export class EventSchemaError extends CatgaError {
  readonly code = 'CATGA_EVENT_SCHEMA_CHANGED';
  readonly kind = 'configuration';
  constructor(
    readonly file: string,
    readonly problems: readonly string[],
  ) {
    super(
      `Stored events may not be readable any more (known shapes: ${file}):\n${problems.map((text) => `- ${text}`).join('\n')}`,
      { details: { file, problems } },
    );
  }
}

/** One version of an event: its fields, and one of its events as it was stored. */
interface KnownVersion {
  readonly fields: EventFields;
  readonly sample: string;
}

/** By wire name, then by version. */
type KnownSchemas = Record<string, Record<string, KnownVersion>>;

interface Current {
  readonly name: string;
  readonly version: number;
  readonly known: KnownVersion;
}

/**
 * Guards the shapes of events: compares today's classes with a file of the shapes that were ever stored, which is
 * committed beside the code. The first run writes the file; later ones add new events and new versions to it. It fails
 *
 * - when a version lost a field, or a field changed its type, or a new one is not optional;
 * - when an event of a former version or name cannot be read any more, or lacks what today's class needs: every version
 *   that was ever recorded is read through today's upcasters;
 * - when an event is gone and no upcaster leads from it to another one;
 * - in a run that must not write, when something is not recorded yet.
 *
 * @throws {EventSchemaError} with all that is wrong
 * @example
 * ```ts
 * it('can read every event that was ever stored', () => {
 *   expectEventSchemas('test/event-schemas.json', {
 *     samples: [new OrderPlaced('42', 12.5), new OrderShipped('42', new Date(0))],
 *     upcasters: [new OrderUpcasters()],
 *   });
 * });
 * ```
 */
export function expectEventSchemas(file: string, options: EventSchemasOptions): void {
  const codec = options.codec ?? new JsonCodec();
  const registry = new EventRegistry(new MemoryStore({ mode: 'copy' }), { codec });
  const current = describeSamples(registry, codec, options.samples);
  for (const upcasters of options.upcasters ?? []) registry.addSteps(upcasters);
  const known = readFile(file);
  const { problems, isNew } = compare(known, current, registry);
  const mayWrite = options.write ?? process.env['CI'] === undefined;
  if (!mayWrite)
    problems.push(...isNew.map((text) => `${text}. Run this test where it may write, and commit the file.`));
  if (problems.length > 0) throw new EventSchemaError(file, problems);
  if (isNew.length > 0) writeFile(file, add(known, current));
}

function describeSamples(registry: EventRegistry, codec: Codec, samples: readonly object[]): readonly Current[] {
  const byClass = new Map<Type<object>, object[]>();
  for (const sample of samples) {
    const type = registry.typeOf(sample).eventClass;
    byClass.set(type, [...(byClass.get(type) ?? []), sample]);
  }
  return [...byClass].map(([type, ofType]) => {
    const { name, version } = messageIdentity(type);
    // As they come back from a store: the file must not know more than that.
    const stored = ofType.map((sample) => codec.encode({ ...sample }) as string);
    const fields = fieldsOf(stored.map((text) => codec.decode(text) as object));
    return { name, version, known: { fields, sample: stored[0] as string } };
  });
}

function compare(known: KnownSchemas, current: readonly Current[], registry: EventRegistry) {
  const problems: string[] = [];
  const isNew: string[] = [];
  for (const one of current) {
    const { name, version } = one;
    const recorded = known[name]?.[version];
    const text = `Version ${version} of event "${name}"`;
    if (recorded === undefined) isNew.push(`${text} is not recorded`);
    else {
      const changes = breakingChanges(recorded.fields, one.known.fields);
      const advice = `Give the class version ${version + 1} and write @Upcast('${name}', ${version})`;
      if (changes.length > 0) problems.push(`${text} has changed: ${changes.join('; ')}. ${advice}.`);
      else if (!sameFields(recorded.fields, one.known.fields)) isNew.push(`${text} has other optional fields or types`);
    }
  }
  problems.push(...unreadable(known, current, registry));
  return { problems, isNew };
}

/** Reads one event of every recorded version with today's program. */
function unreadable(known: KnownSchemas, current: readonly Current[], registry: EventRegistry): string[] {
  const problems: string[] = [];
  const byName = new Map(current.map((one) => [one.name, one]));
  for (const [name, versions] of Object.entries(known)) {
    for (const [version, { sample }] of Object.entries(versions)) {
      if (byName.get(name)?.version === Number(version)) continue;
      const text = `An event "${name}" of version ${version}`;
      try {
        const metadata = JSON.stringify({ v: Number(version), id: 'sample' });
        const stored = { stream: 'sample', version: 1, position: 1, at: 0, type: name, data: sample, metadata };
        const event = registry.decodeEvent(stored);
        const today = byName.get(registry.typeOf(event).name) as Current;
        const missing = missingFields(fieldsOf([event]), today.known.fields);
        if (missing.length > 0)
          problems.push(`${text} is read, but not as version ${today.version}: ${missing.join('; ')}.`);
      } catch (error) {
        problems.push(`${text} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  }
  return problems;
}

function sameFields(a: EventFields, b: EventFields): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

function add(known: KnownSchemas, current: readonly Current[]): KnownSchemas {
  const all: KnownSchemas = { ...known };
  for (const { name, version, known: fields } of current) all[name] = { ...all[name], [version]: fields };
  // In a fixed order, so that two branches that add an event each seldom touch the same line.
  return Object.fromEntries(Object.entries(all).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function readFile(file: string): KnownSchemas {
  if (!existsSync(file)) return {};
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as KnownSchemas;
  } catch (cause) {
    throw new EventSchemaError(file, [`the file is no JSON (${String(cause)}). Restore it from version control.`]);
  }
}

function writeFile(file: string, schemas: KnownSchemas): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(schemas, undefined, 2)}\n`);
}
