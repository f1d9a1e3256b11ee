import type { ProcessStatus } from '../api/process.types.js';
import type { Run } from './run.js';
import type { RecordChange, RunRecord } from './run-record.js';

/** The line of a run in the index, as it is with this status. Only what is executed has an owner. */
export function lineOf(
  { env, identity, process, startedAt }: Run,
  status: ProcessStatus,
  change: RecordChange,
): RunRecord {
  return {
    name: process.blueprint.name,
    status,
    run: identity.run,
    startedAt,
    finishedAt: change.finishedAt,
    waitingUntil: change.waitingUntil,
    owner: status === 'running' || status === 'compensating' ? env.ownership.owner : undefined,
    tags: identity.tags,
    error: change.error,
  };
}
