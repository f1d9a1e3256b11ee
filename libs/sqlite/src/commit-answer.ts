import {
  AppendConditionError,
  RecordConflictError,
  StreamClosedError,
  VersionConflictError,
  type CommitBatch,
  type CommitResult,
} from '@catga/core';
import { STATES } from './worker/batch-extras.js';
import { OUTCOME } from './worker/protocol.js';

/** The result of {@link OUTCOME} `done`. `next` gives one number of the answer after the other. */
export function doneResult({ appends = [], records = [] }: CommitBatch, next: () => number): CommitResult {
  const position = next();
  return { position, versions: appends.map(next), recordVersions: records.map(next) };
}

/** The result of {@link OUTCOME} `repeated`. */
export function repeatedResult(next: () => number): CommitResult {
  const many = (): number[] => Array.from({ length: next() }, next);
  const position = next();
  return { position, versions: many(), recordVersions: many(), repeated: true };
}

/** The error of every other outcome but `failed`: what was in the way, and where it is in the batch. */
export function conflictError(outcome: number, batch: CommitBatch, index: number, actual: number): Error {
  switch (outcome) {
    case OUTCOME.recordConflict: {
      const record = batch.records?.[index];
      return new RecordConflictError(record?.collection ?? '', record?.key ?? '', record?.ifVersion ?? 0, actual);
    }
    case OUTCOME.condition:
      return new AppendConditionError(index, batch.conditions?.[index]?.after ?? 0, actual);
    case OUTCOME.closed:
      return new StreamClosedError(
        batch.appends?.[index]?.stream ?? '',
        STATES[actual] === 'archived' ? 'archived' : 'deleted',
      );
    default: {
      const step = outcome === OUTCOME.changeConflict ? batch.streams?.[index] : batch.appends?.[index];
      return new VersionConflictError(step?.stream ?? '', step?.expectedVersion ?? 'any', actual);
    }
  }
}
