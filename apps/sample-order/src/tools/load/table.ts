import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';

/** A row by column name, and how to name it in a message. */
export interface Row {
  readonly where: string;
  /** Text of a column; `NULL` is undefined. @throws {Error} for a column that the file does not have */
  text(column: string): string | undefined;
  /** @throws {Error} when there is none */
  required(column: string): string;
  /** @throws {Error} when it is none */
  number(column: string): number;
}

/** A file of comma-separated values. */
export interface Table {
  readonly rows: readonly Row[];
  readonly repaired: number;
  readonly unreadable: readonly string[];
}

/**
 * Reads a file whose first line names the columns.
 *
 * @param loose the one column that may hold commas without quotes. A row with too many fields is then read from both
 * ends: what is left over in the middle belongs to this column.
 * @throws {Error} naming the file, when it cannot be read or lacks the column
 */
export function readTable(folder: string, name: string, loose: string): Table {
  const [header = '', ...lines] = readText(join(folder, name)).split(/\r?\n/);
  const columns = fieldsOf(header);
  const place = columns.indexOf(loose);
  if (place < 0) throw new Error(`${name}: no column "${loose}" among: ${columns.join(', ')}.`);

  const rows: Row[] = [];
  const unreadable: string[] = [];
  let repaired = 0;
  for (const [index, line] of lines.entries()) {
    if (line === '') continue;
    const where = `${basename(name)}:${index + 2}`;
    const fields = fieldsOf(line);
    const extra = fields.length - columns.length;
    if (extra < 0) {
      unreadable.push(`${where}: ${fields.length} fields where there should be ${columns.length}`);
      continue;
    }
    if (extra > 0) {
      fields.splice(place, extra + 1, fields.slice(place, place + extra + 1).join(','));
      repaired++;
    }
    rows.push(new FieldRow(where, columns, fields));
  }
  return { rows, repaired, unreadable };
}

class FieldRow implements Row {
  constructor(
    readonly where: string,
    private readonly columns: readonly string[],
    private readonly fields: readonly string[],
  ) {}

  text(column: string): string | undefined {
    const place = this.columns.indexOf(column);
    if (place < 0) throw new Error(`${this.where}: no column "${column}" among: ${this.columns.join(', ')}`);
    const text = this.fields[place]?.trim();
    return text === '' || text === 'NULL' ? undefined : text;
  }

  required(column: string): string {
    const text = this.text(column);
    if (text !== undefined) return text;
    throw new Error(`${this.where}: ${column} is empty`);
  }

  number(column: string): number {
    const text = this.required(column);
    const value = Number(text);
    if (Number.isFinite(value)) return value;
    throw new Error(`${this.where}: ${column} "${text}" is not a number`);
  }
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8').replace(/^\uFEFF/, '');
  } catch (error) {
    throw new Error(`${path} cannot be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Fields of a line; quotes may surround a field and are doubled inside of one. */
function fieldsOf(line: string): string[] {
  // With a comma before it, every field looks the same.
  const found = `,${line}`.matchAll(/,(?:"((?:[^"]|"")*)"(?=,|$)|([^,]*))/g);
  return Array.from(found, ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '');
}
