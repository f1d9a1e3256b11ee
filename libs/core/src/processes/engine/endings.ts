import { coarseNow } from '../../foundation/index.js';
import type { EventShape, Payload } from '../../store/index.js';
import type { ProcessStatus } from '../api/process.types.js';
import type { EventMeta, JournalEventType } from '../journal/journal-event.js';
import type { Values } from '../journal/values.js';
import { encodeCommand } from './command-values.js';
import { describeError, encodeError } from './failure.js';
import type { Cause, RunOutcome } from './run.js';
import type { RecordChange } from './run-record.js';

/** How a run leaves memory: its last event for now, its line in the index, and what whoever waits is told. */
export interface Ending {
  readonly shape: EventShape;
  readonly data: Payload;
  readonly record: RecordChange & { readonly status: ProcessStatus };
  readonly outcome: RunOutcome;
}

export function completed(values: Values, result: Payload): Ending {
  return {
    shape: COMPLETED,
    data: result,
    record: { status: 'completed', finishedAt: coarseNow() },
    outcome: { kind: 'completed', result: values.decode(result) },
  };
}

/** Failed or cancelled, after the compensation. */
export function ended(values: Values, cause: Cause, undone: boolean): Ending {
  const data = encodeError(cause.error, values);
  const reason = cause.reason === undefined ? {} : { reason: cause.reason };
  const isCancelled = cause.as === 'cancelled';
  return {
    shape: shapeOf(isCancelled ? 'ProcessCancelled' : 'ProcessFailed', { compensate: undone, ...reason }),
    data,
    record: { status: cause.as, finishedAt: coarseNow(), error: describeError(cause.error) },
    outcome: isCancelled ? { kind: 'cancelled', ...reason } : { kind: 'failed', error: values.decode(data) },
  };
}

/** Left to somebody's decision. */
export function parked(status: ProcessStatus, explanation: string): Ending {
  return {
    shape: shapeOf('ProcessSuspended', { reason: status, explanation }),
    data: null,
    record: { status },
    outcome: { kind: 'parked', status, explanation },
  };
}

/** Waits for its next attempt, longer than it is worth keeping in memory. */
export function suspended(until: number): Ending {
  return {
    shape: shapeOf('ProcessSuspended', { reason: 'retry', until }),
    data: null,
    record: { status: 'waiting', waitingUntil: until },
    outcome: { kind: 'suspended', until },
  };
}

/** Still running, as far as the index knows: whoever finds it after a crash starts the next run. */
export function continued(values: Values, command: object): Ending {
  return {
    shape: shapeOf('ProcessContinuedAsNew', {}),
    data: encodeCommand(values, command),
    record: { status: 'running' },
    outcome: { kind: 'continued', command },
  };
}

/** One for all runs: memory keeps the last event of many. */
const COMPLETED: EventShape = {
  type: 'ProcessCompleted' satisfies JournalEventType,
  get metadata(): EventMeta {
    return {};
  },
};

function shapeOf(type: JournalEventType, metadata: EventMeta): EventShape {
  return { type, metadata };
}
