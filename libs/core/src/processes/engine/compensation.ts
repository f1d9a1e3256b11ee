import { coarseNow } from '../../foundation/index.js';
import { ProcessStepTimeoutError } from '../api/process.errors.js';
import { History, type StepRecord } from '../journal/history.js';
import { JournalEvent, type EventMeta, type JournalEventType } from '../journal/journal-event.js';
import { CallIdentity } from './call-identity.js';
import type { CompiledAlternative, CompiledStep } from './compiled-step.js';
import { classify, describeError, encodeError, retryDelay } from './failure.js';
import type { Cause, Run } from './run.js';

/** What a compensation is told about the step it undoes. */
export type StepOutcome = 'completed' | 'unknown' | 'failed';

interface Undo {
  readonly record: StepRecord;
  readonly step: CompiledStep;
  readonly alternative: CompiledAlternative;
  readonly outcome: StepOutcome;
}

/**
 * Undoes a run: every completed step instance, last one first.
 *
 * Invariants: works from the journal alone, so a crash at any write goes on at the right step; the next undo begins
 * only after the former one is durable; the flow is never run again.
 */
export class Compensation {
  constructor(private readonly run: Run) {}

  /** After the flow has ended and its last step has settled. */
  start(cause: Cause): void {
    this.run.journal.whenDurable(() => void this.begin(cause).catch((error: unknown) => this.interrupted(error)));
  }

  /** In a later life of the run. */
  resume(history: History): void {
    const { meta, error } = history.compensating as NonNullable<History['compensating']>;
    const cause: Cause = {
      as: meta.reason === 'cancelled' ? 'cancelled' : 'failed',
      error: this.run.values.decode(error),
      compensate: true,
      ...(history.cancel?.reason === undefined ? {} : { reason: history.cancel.reason }),
    };
    void this.undoAll(this.plan(history), cause).catch((error: unknown) => this.interrupted(error));
  }

  private async begin(cause: Cause): Promise<void> {
    const { run } = this;
    if (!cause.compensate) return run.ended(cause, false);
    const plan = this.plan(await this.load());
    if (run.isOver) return;
    if (plan.length === 0) return run.ended(cause, false);
    run.index('compensating', { error: describeError(cause.error) });
    await this.write('ProcessCompensationStarted', { reason: cause.as }, encodeError(cause.error, run.values));
    await this.undoAll(plan, cause);
  }

  private async undoAll(plan: readonly Undo[], cause: Cause): Promise<void> {
    for (const undo of plan) {
      if (this.run.isOver) return;
      if (!(await this.undo(undo))) return;
    }
    if (!this.run.isOver) this.run.ended(cause, true);
  }

  /** What is left to undo, last end first; a step that never ended comes before all that did. */
  private plan(history: History): Undo[] {
    const order = (record: StepRecord): number => (record.endedBy === 0 ? Number.MAX_SAFE_INTEGER : record.endedBy);
    const undos: Undo[] = [];
    // Last started first: the sort keeps that order among those that never ended.
    for (const record of [...history.steps.values()].reverse()) {
      const undo = record.undo === 'compensated' || record.undo === 'skipped' ? undefined : this.undoOf(record);
      if (undo) undos.push(undo);
    }
    return undos.sort((a, b) => order(b.record) - order(a.record));
  }

  private undoOf(record: StepRecord): Undo | undefined {
    const step = this.run.process.steps.get(record.name);
    const alternative = step?.alternatives.find((a) => record.method === undefined || a.method === record.method);
    if (!step || !alternative?.compensation) return undefined;
    const outcome = outcomeOf(record);
    const covered = {
      completed: ['completed'],
      'in-doubt': ['completed', 'unknown'],
      started: ['completed', 'unknown', 'failed'],
    };
    return covered[step.compensate].includes(outcome) ? { record, step, alternative, outcome } : undefined;
  }

  /** True when the step is undone; false when the run is parked or over. */
  private async undo(undo: Undo): Promise<boolean> {
    const { run } = this;
    const { record, step } = undo;
    if (record.undo === 'stuck') return this.park(undo);
    if (record.undoRetryAt !== undefined) await this.waitUntil(record.undoRetryAt);
    for (let failures = record.undoFailures, away = 0; !run.isOver;) {
      await this.owned();
      if (run.isOver) return false;
      try {
        await this.call(undo);
        await this.write('ProcessStepCompensated', { step: record.key });
        return true;
      } catch (error) {
        if (run.isOver) return false;
        const kind = classify(error);
        if (kind === 'infrastructure') {
          run.env.reportInfrastructure(run.id, record.key, error);
          await this.wait(Math.min(100 * 2 ** away++, 5_000));
          continue;
        }
        failures++;
        const delay = retryDelay(error, kind, failures, step.retry);
        const retry = delay === undefined ? {} : { retryAt: run.env.clock.now() + delay };
        const meta = { step: record.key, attempt: failures, ...retry };
        if (delay === undefined) return this.giveUp(undo, meta, error);
        await this.write('ProcessStepCompensationFailed', meta, encodeError(error, run.values));
        await this.wait(delay);
      }
    }
    return false;
  }

  private async giveUp(undo: Undo, meta: EventMeta, error: unknown): Promise<boolean> {
    await this.write('ProcessStepCompensationFailed', meta, encodeError(error, this.run.values));
    return this.park(undo, describeError(error).message);
  }

  private park({ record, alternative }: Undo, because?: string): boolean {
    this.run.park(
      'compensation-stuck',
      `Undoing step "${record.key}" (${alternative.method}) gave up${because ? `: ${because}` : ''}. Decide: retry, skip or done.`,
    );
    return false;
  }

  /** The arguments of the step, then its result, then how it ended. */
  private async call({ record, step, alternative, outcome }: Undo): Promise<void> {
    const { run } = this;
    const args = (run.values.decode(record.input) as unknown[] | undefined) ?? [];
    const padded =
      args.length < alternative.arity ? [...args, ...new Array<undefined>(alternative.arity - args.length)] : args;
    const result = record.status === 'completed' ? run.values.decode(record.result) : undefined;
    const scope = new CallIdentity(run, `${record.key}/compensation`);
    const view = run.process.stepView(scope, undefined);
    const undo = Promise.resolve(alternative.compensation?.apply(view, [...padded, result, outcome]));
    await withLimit(undo, step.timeout, () => {
      const error = new ProcessStepTimeoutError(`${step.name} (compensation)`, step.timeout);
      scope.abort(error);
      return error;
    });
  }

  private load(): Promise<History> {
    return History.load(this.run.env.store, this.run.stream, this.run.process.renames);
  }

  private write(type: JournalEventType, meta: EventMeta, data: unknown = null): Promise<void> {
    return new Promise((resolve) => {
      this.run.journal.append(new JournalEvent(type, coarseNow(), meta, data), resolve);
    });
  }

  private owned(): Promise<void> {
    return new Promise((resolve) => this.run.env.ownership.whenValid(resolve));
  }

  private waitUntil(time: number): Promise<void> {
    return this.wait(Math.max(0, time - this.run.env.clock.now()));
  }

  private wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      // A node that shuts down does not wait for the next attempt.
      setTimeout(resolve, Math.min(ms, 2 ** 31 - 1)).unref();
    });
  }

  /** Reading the journal failed: the store is away. The run stays as it is and is tried again. */
  private interrupted(error: unknown): void {
    const { run } = this;
    if (run.isOver) return;
    run.env.reportInfrastructure(run.id, undefined, error);
    const again = setTimeout(() => {
      if (run.isOver) return;
      this.load().then(
        (history) => (history.compensating ? this.resume(history) : run.restartEnd()),
        (again: unknown) => this.interrupted(again),
      );
    }, 1_000);
    again.unref();
  }
}

/**
 * How a step ended, for its compensation. Only a plain refusal says that nothing has happened: a gateway that answered
 * with an error, or not at all, may have done its work.
 */
function outcomeOf(record: StepRecord): StepOutcome {
  if (record.status === 'completed') return 'completed';
  return record.refused ? 'failed' : 'unknown';
}

async function withLimit(work: Promise<unknown>, ms: number, timedOut: () => Error): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(timedOut()), Math.min(ms, 2 ** 31 - 1));
  });
  try {
    await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
