import { coarseNow } from '../../foundation/index.js';
import { ProcessStepTimeoutError } from '../api/process.errors.js';
import { JournalEvent, StepStarted } from '../journal/journal-event.js';
import { scopeOf, type CompiledStep } from './compiled-process.js';
import { encodeError, retryDelay } from './failure.js';
import { never, type Run } from './run.js';
import { StepCall } from './step-call.js';
import type { StepSlot } from './step-slot.js';

/**
 * The steps of a run on a store in memory whose flow has one step under way at a time: nothing is waited for, so no
 * deferred is made and the body's own promise goes on to the flow. One lane serves all steps of its run.
 *
 * Whatever is out of the ordinary leaves the lane: a failure goes on as a {@link StepCall}; a time-out, which the
 * body's promise cannot be told, as a replay of the run.
 */
export class FastLane {
  /** Wall-clock time at which the step under way is given up; Infinity when there is none. */
  deadline = Number.POSITIVE_INFINITY;
  private step!: CompiledStep;
  private slot!: StepSlot;
  private args!: unknown[];
  private view!: object;
  // Made once for all steps: two closures a step cost more than the step.
  private readonly onValue = (value: unknown): unknown => this.completed(value);
  private readonly onError = (error: unknown): Promise<unknown> => this.failed(error);

  constructor(private readonly run: Run) {}

  /** Runs the first attempt of a step. Only while none is under way. */
  call(step: CompiledStep, slot: StepSlot, args: unknown[]): Promise<unknown> {
    const { run } = this;
    this.step = step;
    this.slot = slot;
    this.args = args;
    let answer: unknown;
    try {
      const view = (this.view = run.process.laneView(run, slot.key));
      const alternative = step.only ?? run.process.choose(step, view, args);
      const at = coarseNow();
      if (step.only !== undefined) run.journal.addList(slot.started, at, args);
      else run.journal.append(new StepStarted(at, slot.key, args, 1, undefined, alternative.method));
      this.deadline = at + step.timeout;
      run.env.deadlines.arm(this.deadline);
      run.current = this;
      answer = alternative.run.apply(view, args);
    } catch (error) {
      return this.failed(error);
    }
    const promise = answer instanceof Promise ? answer : Promise.resolve(answer);
    return promise.then(this.onValue, this.onError);
  }

  /** Journals the time-out; a replay of the run makes the next attempt, if there is one. */
  expire(): void {
    const { run, step, slot } = this;
    const error = new ProcessStepTimeoutError(step.name, step.timeout);
    this.deadline = Number.POSITIVE_INFINITY;
    this.abort(error);
    const delay = retryDelay(error, 'unknown', 1, step.retry);
    const meta = { step: slot.key, attempt: 1, outcome: 'unknown' as const };
    const retry = delay === undefined ? {} : { retryAt: run.env.clock.now() + delay };
    run.journal.append(
      new JournalEvent('ProcessStepFailed', coarseNow(), { ...meta, ...retry }, encodeError(error, run.values)),
    );
  }

  /** Asks the body to stop; what it answers still counts. */
  abort(reason: unknown): void {
    scopeOf(this.view)?.abort(reason);
  }

  private completed(value: unknown): unknown {
    const { run } = this;
    // Over: timed out, and the replay has taken over; or abandoned.
    if (run.isOver) return never();
    run.current = undefined;
    run.flowTime = coarseNow();
    run.journal.add(this.slot.completed, run.flowTime, value);
    if (run.mayBegin) return value;
    run.callSettled();
    return never();
  }

  private failed(error: unknown): Promise<unknown> {
    const { run } = this;
    if (run.isOver) return never();
    // Otherwise there was no alternative to run.
    const began = run.current === this;
    run.current = undefined;
    return new StepCall(run, this.step, this.slot.key, this.args).takeOver(error, began);
  }
}
