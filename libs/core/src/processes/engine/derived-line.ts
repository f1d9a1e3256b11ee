import type { DerivedRecord, EventShape } from '../../store/index.js';
import type { ProcessStatus } from '../api/process.types.js';
import { lineTags, PROCESSES, STREAM_PREFIX, type RunRecord } from './run-record.js';
import type { RunStarted } from './run-started.js';

/**
 * The line of a run that simply runs, or has completed: it follows from the first event and the last, so on a store in
 * memory nothing is written for it. Every other status is written, by {@link recordWrite}.
 */
export const derivedLine: DerivedRecord = {
  collection: PROCESSES,
  streamPrefix: STREAM_PREFIX,
  value(first, startedAt, last, lastAt): RunRecord {
    const { blueprint, run, tags, owner } = first as RunStarted;
    const status = statusBy(last);
    const line = { name: blueprint.name, status, run, startedAt, tags };
    return status === 'completed' ? { ...line, finishedAt: lastAt } : { ...line, owner };
  },
  tags(first, last) {
    const { blueprint, tags, owner } = first as RunStarted;
    return lineTags(blueprint.name, statusBy(last), owner, tags);
  },
  version: (last) => (statusBy(last) === 'completed' ? 2 : 1),
};

function statusBy(last: EventShape): ProcessStatus & ('running' | 'completed') {
  return last.type === 'ProcessCompleted' ? 'completed' : 'running';
}
