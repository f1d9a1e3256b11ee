import {
  AppendConditionError,
  RecordConflictError,
  StreamClosedError,
  VersionConflictError,
  type CatgaError,
  type CommitBatch,
  type CommitResult,
} from '@catga/core';
import { stateOf } from './commit-arguments.js';

/** What became of one commit; `look`: its conditions reach too far back for one script. */
export type CommitAnswer = CommitResult | CatgaError | 'look';

/** Reads the line that the script wrote about a commit. */
export function readAnswer(line: string, batch: CommitBatch): CommitAnswer {
  const [kind, first = '', second = '', third = ''] = line.split(':');
  const result = { position: Number(first), versions: numbers(second), recordVersions: numbers(third) };
  if (kind === 'done') return result;
  if (kind === 'repeated') return { ...result, repeated: true };
  return kind === 'look' ? 'look' : refusal(kind as string, Number(first) - 1, Number(second), batch);
}

function refusal(kind: string, index: number, actual: number, batch: CommitBatch): CatgaError {
  switch (kind) {
    case 'condition':
      return new AppendConditionError(index, at(batch.conditions, index).after, actual);
    case 'change': {
      const { stream, expectedVersion = 'any' } = at(batch.streams, index);
      return new VersionConflictError(stream, expectedVersion, actual);
    }
    case 'version': {
      const { stream, expectedVersion } = at(batch.appends, index);
      return new VersionConflictError(stream, expectedVersion, actual);
    }
    case 'closed':
      return new StreamClosedError(at(batch.appends, index).stream, stateOf(actual) as 'archived' | 'deleted');
    default: {
      const { collection, key, ifVersion = 0 } = at(batch.records, index);
      return new RecordConflictError(collection, key, ifVersion, actual);
    }
  }
}

function at<T>(list: readonly T[] | undefined, index: number): T {
  return list?.[index] as T;
}

function numbers(text: string): number[] {
  return text === '' ? [] : text.split(',').map(Number);
}
