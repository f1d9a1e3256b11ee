import type { ProcessDetails, ProcessProgress, ProcessStatus, ProcessStepView } from '../api/process.types.js';
import { describeError } from '../engine/failure.js';
import { toSummary, type RunRecord } from '../engine/run-record.js';
import type { History, StepRecord } from '../journal/history.js';
import type { ShownValues } from './redact.js';

/** Everything about a run, from its line in the index and its journal. */
export function toDetails(id: string, record: RunRecord, history: History, values: ShownValues): ProcessDetails {
  const completed = history.terminal?.type === 'ProcessCompleted';
  const details = {
    ...toSummary(id, record),
    input: values.decode(history.input),
    steps: [...history.steps.values()].map((step) => toStepView(step, values, record.status)),
    events: history.version,
    explanation: explain(record, history),
  };
  return completed ? { ...details, result: values.decode(history.terminal?.data) } : details;
}

/** How far a run is. `total` counts the steps of the definition. */
export function toProgress(id: string, record: RunRecord, history: History, total: number): ProcessProgress {
  const steps = [...history.steps.values()];
  const keys = (test: (step: StepRecord) => boolean): string[] => steps.filter(test).map((step) => step.key);
  const completedSteps = keys((step) => step.status === 'completed');
  const done =
    record.status === 'completed'
      ? 1
      : Math.min(0.99, completedSteps.length / Math.max(total, completedSteps.length + 1, 1));
  return {
    id,
    name: record.name,
    status: record.status,
    currentSteps:
      history.terminal || history.compensating
        ? []
        : keys((step) => step.status === 'started' || step.status === 'retrying'),
    completedSteps,
    failedSteps: keys((step) => step.status === 'failed'),
    compensatedSteps: keys((step) => step.undo === 'compensated'),
    progress: done,
    explanation: explain(record, history),
  };
}

function toStepView(step: StepRecord, values: ShownValues, status: ProcessStatus): ProcessStepView {
  const view = {
    key: step.key,
    name: step.name,
    status: stepStatus(step, status),
    attempts: step.attempts,
    startedAt: step.startedAt,
    input: values.decode(step.input),
    ...(step.finishedAt === undefined ? {} : { finishedAt: step.finishedAt }),
    ...(step.retryAt === undefined ? {} : { retryAt: step.retryAt }),
  };
  const withResult = step.status === 'completed' ? { ...view, result: values.decode(step.result) } : view;
  return step.error === undefined || step.error === null
    ? withResult
    : { ...withResult, error: describeError(values.decode(step.error)) };
}

function stepStatus(step: StepRecord, status: ProcessStatus): ProcessStepView['status'] {
  if (step.undo === 'compensated') return 'compensated';
  if (step.undo === 'skipped') return 'compensation-skipped';
  if (step.undo === 'failing' || step.undo === 'stuck') return 'compensation-failed';
  if (step.status === 'started') return status === 'running' ? 'running' : 'unknown';
  return step.status;
}

/** Why a run is where it is, in one sentence. */
export function explain(record: RunRecord, history: History): string {
  const running = [...history.steps.values()]
    .filter((step) => step.status === 'started')
    .map((step) => `"${step.key}"`);
  const retrying = [...history.steps.values()].find((step) => step.status === 'retrying');
  switch (record.status) {
    case 'running':
      if (running.length > 0) return `Runs ${running.join(', ')}.`;
      if (retrying)
        return `Waits until ${time(retrying.retryAt)} to try "${retrying.key}" again (attempt ${retrying.attempts + 1}).`;
      return 'Runs.';
    case 'waiting':
      return retrying
        ? `Waits until ${time(record.waitingUntil)} to try "${retrying.key}" again (attempt ${retrying.attempts + 1}).`
        : `Waits until ${time(record.waitingUntil)}.`;
    case 'compensating':
      return `Undoes completed steps${record.error ? ` because of: ${record.error.message}` : ''}.`;
    case 'completed':
      return `Completed after ${count(history.steps.size, 'step')}.`;
    case 'failed':
      return `Failed: ${sentence(record.error?.message ?? 'unknown error')} ${undoneText(history)}`;
    case 'cancelled':
      return `${sentence(`Cancelled${history.terminal?.meta.reason ? `: ${history.terminal.meta.reason}` : ''}`)} ${undoneText(history)}`;
    default:
      return history.suspended?.meta.explanation ?? `Parked as ${record.status}.`;
  }
}

function undoneText(history: History): string {
  const undone = [...history.steps.values()].filter((step) => step.undo === 'compensated').length;
  return undone === 0
    ? 'Nothing had to be undone.'
    : `${count(undone, 'step')} ${undone === 1 ? 'was' : 'were'} undone.`;
}

/** Messages of users may end with a full stop or not. */
function sentence(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}

function count(number: number, what: string): string {
  return `${number} ${what}${number === 1 ? '' : 's'}`;
}

function time(at: number | undefined): string {
  return at === undefined ? 'later' : new Date(at).toISOString();
}
