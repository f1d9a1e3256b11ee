/** The fields of an event by path (`items[].sku`), each with its types: `string`, `Date|null`, `number?` for an optional one. */
export type EventFields = Readonly<Record<string, string>>;

/**
 * The fields that samples of one event have together. A field that only some of them have is optional, and so is one
 * that only some elements of a list have.
 */
export function fieldsOf(samples: readonly object[], prefix = ''): EventFields {
  const fields: Record<string, string> = {};
  const keys = new Set(samples.flatMap((sample) => Object.keys(sample)));
  for (const key of [...keys].sort()) {
    const values = samples
      .map((sample) => (sample as Record<string, unknown>)[key])
      .filter((value) => value !== undefined);
    if (values.length === 0) continue;
    describe(fields, prefix + key, values, values.length < samples.length);
  }
  return fields;
}

function describe(fields: Record<string, string>, path: string, values: readonly unknown[], optional: boolean): void {
  fields[path] = [...new Set(values.map(typeName))].sort().join('|') + (optional ? '?' : '');
  const objects = values.filter((value): value is object => typeName(value) === 'object');
  if (objects.length > 0) Object.assign(fields, fieldsOf(objects, `${path}.`));
  const elements = values.filter((value) => Array.isArray(value)).flat(1) as unknown[];
  if (elements.length > 0) describe(fields, `${path}[]`, elements, false);
}

/** Name of a type as it is stored: what a class other than those of JavaScript is called does not matter. */
function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'object') return typeof value;
  const tag = Object.prototype.toString.call(value).slice(8, -1);
  return tag === 'Object' ? 'object' : tag;
}

/** What of a shape of one version cannot be read as the shape that is known of it; in words, none when all can. */
export function breakingChanges(known: EventFields, today: EventFields): string[] {
  const changes: string[] = [];
  for (const [path, types] of Object.entries(known)) {
    const now = today[path];
    if (now === undefined) {
      if (parentOf(path, today) !== 'missing') changes.push(`field ${path} (${types}) is gone`);
    } else if (!accepts(now, types)) changes.push(`field ${path} was ${types} and is ${now}`);
  }
  for (const [path, types] of Object.entries(today)) {
    // An optional object that is new may have whatever it wants in it.
    if (path in known || types.endsWith('?') || parentOf(path, known) === 'missing') continue;
    changes.push(`field ${path} (${types}) is new and not optional`);
  }
  return changes;
}

/** What today's class needs and an event read from the past does not have; in words. */
export function missingFields(found: EventFields, today: EventFields): string[] {
  return Object.entries(today)
    .filter(([path, types]) => !types.endsWith('?') && !path.includes('[]') && isRequired(path, today))
    .filter(([path, types]) => !accepts(types, found[path] ?? 'nothing'))
    .map(([path, types]) => `field ${path} is ${found[path] ?? 'missing'} and should be ${types}`);
}

function accepts(now: string, before: string): boolean {
  if (before.endsWith('?') && !now.endsWith('?')) return false;
  const allowed = new Set(typesIn(now));
  return typesIn(before).every((type) => allowed.has(type));
}

function typesIn(types: string): string[] {
  return types.replace(/\?$/, '').split('|');
}

/** Whether the object or list that a field is in is there as well; a field of the event itself is in nothing. */
function parentOf(path: string, fields: EventFields): 'there' | 'missing' | 'none' {
  const parent = parentPath(path);
  if (parent === undefined) return 'none';
  return parent in fields ? 'there' : 'missing';
}

function parentPath(path: string): string | undefined {
  if (path.endsWith('[]')) return path.slice(0, -2);
  const dot = path.lastIndexOf('.');
  return dot === -1 ? undefined : path.slice(0, dot);
}

function isRequired(path: string, fields: EventFields): boolean {
  for (let at = parentPath(path); at !== undefined; at = parentPath(at)) if (fields[at]?.endsWith('?')) return false;
  return true;
}
