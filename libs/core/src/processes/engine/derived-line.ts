import type { DerivedRecord, EventShape } from '../../store/index.js';
import type { ProcessStatus } from '../api/process.types.js';
import { lineTags, PROCESSES, STREAM_PREFIX, type RunRecord } from './run-record.js';
import { RunOrigin, type RunStarted } from './run-started.js';

/**
 * The line of a run that simply runs, or has completed: it follows from the first event and the last, so on a store in
 * memory nothing is written for it. Every other status is written, by {@link recordWrite}.
 */
export const derivedLine = (idPrefix: string): DerivedRecord => ({
  collection: PROCESSES,
  keyPrefix: idPrefix,
  streamPrefix: STREAM_PREFIX,
  common(first) {
    const started = first as RunStarted;
    return started.isOrdinary ? started.origin : started;
  },
  own(first) {
    const { isOrdinary, causationId } = first as RunStarted;
    return isOrdinary ? causationId : undefined;
  },
  first: (common, own, ownId) =>
    common instanceof RunOrigin ? common.started(ownId, own as string | undefined) : common,
  value(first, startedAt, last, lastAt): RunRecord {
    const { origin, run, tags } = first as RunStarted;
    const status = statusBy(last);
    const line = { name: origin.blueprint.name, status, run, startedAt, tags };
    return status === 'completed' ? { ...line, finishedAt: lastAt } : { ...line, owner: origin.owner };
  },
  tags(first, last) {
    const { origin, tags } = first as RunStarted;
    return lineTags(origin.blueprint.name, statusBy(last), origin.owner, tags);
  },
  version: (last) => (statusBy(last) === 'completed' ? 2 : 1),
});

function statusBy(last: EventShape): ProcessStatus & ('running' | 'completed') {
  return last.type === 'ProcessCompleted' ? 'completed' : 'running';
}
