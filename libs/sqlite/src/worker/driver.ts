import { createRequire } from 'node:module';

/** What SQLite keeps in a cell. */
export type Cell = string | number | Uint8Array | null;

/** A prepared statement. */
export interface Statement {
  run(cells: readonly Cell[]): void;
  /** Rows as arrays, in the order of the selected columns. */
  all(cells: readonly Cell[]): Cell[][];
  /** The first row: a third of the cost of `all`. */
  first(cells: readonly Cell[]): Cell[] | undefined;
}

/** One connection to one file: all that the store needs of a SQLite library. */
export interface Connection {
  exec(sql: string): void;
  prepare(sql: string): Statement;
  close(): void;
}

/** A SQLite library. */
export type DriverName = 'node:sqlite' | 'libsql';

/** The best library this runtime has: the built-in one from Node 22.13 on, otherwise libsql, which needs no compiler. */
export function bestDriver(): DriverName {
  return builtIn() === undefined ? 'libsql' : 'node:sqlite';
}

/** Opens a file, creating it when it is not there. The folder must exist. */
export function openConnection(driver: DriverName, path: string): Connection {
  return driver === 'libsql' ? openLibsql(path) : openBuiltIn(path);
}

interface BuiltInStatement {
  run(...cells: readonly Cell[]): unknown;
  all(...cells: readonly Cell[]): Record<string, Cell>[];
  get(...cells: readonly Cell[]): Record<string, Cell> | undefined;
}

interface BuiltInModule {
  readonly DatabaseSync: new (path: string) => {
    exec(sql: string): void;
    prepare(sql: string): BuiltInStatement;
    close(): void;
  };
}

function builtIn(): BuiltInModule | undefined {
  // Not an import: on Node 20 the module does not exist. The types of Node 20 do not know `getBuiltinModule` either.
  const { getBuiltinModule } = process as { getBuiltinModule?: (name: string) => unknown };
  return getBuiltinModule?.('node:sqlite') as BuiltInModule | undefined;
}

function openBuiltIn(path: string): Connection {
  const module = builtIn();
  if (module === undefined) throw new Error('This Node.js has no node:sqlite. Use the driver "libsql".');
  const database = new module.DatabaseSync(path);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      return {
        run: (cells) => void statement.run(...cells),
        all: (cells) => statement.all(...cells).map((row) => Object.values(row)),
        first: (cells) => {
          const row = statement.get(...cells);
          return row === undefined ? undefined : Object.values(row);
        },
      };
    },
    close: () => database.close(),
  };
}

interface LibsqlStatement {
  run(cells: readonly Cell[]): unknown;
  raw(): LibsqlStatement;
  all(cells: readonly Cell[]): Cell[][];
  get(cells: readonly Cell[]): Cell[] | undefined;
  readonly reader: boolean;
}

type LibsqlModule = new (path: string) => {
  exec(sql: string): void;
  prepare(sql: string): LibsqlStatement;
  close(): void;
};

function openLibsql(path: string): Connection {
  // Required only when used: with node:sqlite its native part stays unloaded.
  const Database = createRequire(import.meta.url)('libsql') as LibsqlModule;
  const database = new Database(path);
  return {
    exec: (sql) => database.exec(sql),
    prepare: (sql) => {
      const statement = database.prepare(sql);
      if (statement.reader) statement.raw();
      return {
        run: (cells) => void statement.run(cells),
        all: (cells) => statement.all(cells),
        first: (cells) => statement.get(cells),
      };
    },
    close: () => database.close(),
  };
}
