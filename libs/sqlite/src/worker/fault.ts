/** Why the file cannot be used; reasons of the store port's StoreUnavailableError. */
export type FaultReason =
  'damaged' | 'disk-full' | 'read-only' | 'newer-schema' | 'foreign-file' | 'locked' | 'connection' | 'unknown';

/** A failure as it goes from a worker to the main thread, where it becomes an error with advice. */
export interface Fault {
  readonly reason: FaultReason;
  /** What SQLite or the file system said. */
  readonly detail: string;
}

/** A failure whose reason is known where it is thrown. Stays inside the worker. */
export class StoreFault extends Error implements Fault {
  constructor(
    readonly reason: FaultReason,
    readonly detail: string,
  ) {
    super(detail);
  }
}

/** The disk failed while a transaction was ending. */
export class UncertainFault extends StoreFault {
  constructor(detail: string) {
    super('unknown', `${detail}, while committing: whether it was written is not known`);
  }
}

/** SQLite's primary result codes, https://sqlite.org/rescode.html */
const REASONS: Readonly<Record<number, FaultReason>> = {
  3: 'read-only', // PERM
  5: 'locked', // BUSY
  6: 'locked', // LOCKED
  8: 'read-only', // READONLY
  11: 'damaged', // CORRUPT
  13: 'disk-full', // FULL
  14: 'connection', // CANTOPEN
  26: 'damaged', // NOTADB
};

/** The reason of anything thrown by a driver. */
export function toFault(error: unknown): Fault {
  if (error instanceof StoreFault) return { reason: error.reason, detail: error.detail };
  const code = resultCode(error);
  const detail = error instanceof Error ? error.message : String(error);
  return {
    reason: REASONS[code & 0xff] ?? 'unknown',
    detail: code === 0 ? detail : `${detail} (SQLite result ${code})`,
  };
}

/** True when SQLite says that another connection has the lock; waiting helps. */
export function isBusy(error: unknown): boolean {
  return (resultCode(error) & 0xff) === 5;
}

/** True when a row was refused, e.g. because its name is taken. */
export function isConstraint(error: unknown): boolean {
  return (resultCode(error) & 0xff) === 19;
}

/** libsql puts the code into `rawCode`, node:sqlite into `errcode`; libsql's failure to open only into the text. */
function resultCode(error: unknown): number {
  const { rawCode, errcode, message } = error as { rawCode?: unknown; errcode?: unknown; message?: unknown };
  if (typeof rawCode === 'number') return rawCode;
  if (typeof errcode === 'number') return errcode;
  return Number(/Unable to open connection .*: (\d+)"\)$/s.exec(String(message))?.[1] ?? 0);
}
