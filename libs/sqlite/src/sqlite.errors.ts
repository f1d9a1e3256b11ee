import { CatgaError, StoreUnavailableError } from '@catga/core';
import type { Fault, FaultReason } from './worker/fault.js';

/** A name that SQLite cannot keep as text. */
export class InvalidNameError extends CatgaError {
  readonly code = 'CATGA_INVALID_NAME';
  readonly kind = 'request';
  constructor(what: string, name: string) {
    super(
      `${JSON.stringify(name)} cannot be the name of a ${what}: it holds a NUL character or half of a surrogate pair. Encode it first.`,
      { details: { what, name } },
    );
  }
}

const ADVICE: Readonly<Record<FaultReason, string>> = {
  damaged:
    'It is no SQLite database or it is damaged; nothing was written to it. Restore a backup, or salvage it with the sqlite3 command ".recover".',
  'disk-full': 'There is no room left: free some, or raise maxSize. Commits work again then, without a restart.',
  'read-only':
    'Give this user the right to write to the file and its folder. Commits work again then, without a restart.',
  'newer-schema': 'A newer release of @catga/sqlite wrote it: update this application. Nothing was changed.',
  'foreign-file': 'It belongs to another program; nothing was written to it. Choose another path.',
  locked: 'Another program holds its lock: end a long transaction or a stopped process, or raise lockTimeout.',
  connection:
    'Check that the path is right and that the folder can be created. Commits work again then, without a restart.',
  unknown: 'See the message of SQLite, and read before trying again.',
};

/** The error of a failure in a worker: what happened, to which file, and what to do. */
export function toError(path: string, { reason, detail }: Fault): StoreUnavailableError {
  return new StoreUnavailableError(reason, `The SQLite file "${path}" cannot be used: ${detail}. ${ADVICE[reason]}`, {
    details: { path, reason, detail },
  });
}
