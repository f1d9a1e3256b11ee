import { coarseNow, isPromise } from '../../foundation/index.js';
import type { Mediator } from '../../mediator/index.js';
import { ProcessStepTimeoutError } from '../api/process.errors.js';
import type { ProcessContext } from '../api/process-context.js';
import { JournalEvent, StepCompleted, StepStarted } from '../journal/journal-event.js';
import { CallIdentity } from './call-identity.js';
import type { CallScope, CompiledStep } from './compiled-process.js';
import { encodeError, retryDelay } from './failure.js';
import { never, type Run } from './run.js';
import { StepCall } from './step-call.js';

/**
 * The first attempt of a step on a store in memory, in a flow with one step at a time: nothing is waited for, so no
 * deferred is made and the body's own promise goes on to the flow.
 *
 * Whatever is out of the ordinary leaves this path: a failure goes on as a {@link StepCall}; a time-out, which the
 * body's promise cannot be told, as a replay of the run.
 */
export class FastCall implements CallScope {
  deadline = Number.POSITIVE_INFINITY;
  private identity: CallIdentity | undefined;

  constructor(
    private readonly run: Run,
    private readonly step: CompiledStep,
    private readonly key: string,
    private readonly args: unknown[],
  ) {}

  get context(): ProcessContext {
    return this.identify();
  }

  get mediator(): Mediator {
    return this.identify().mediator;
  }

  boundMediator(original: Mediator): Mediator {
    return this.identify().boundMediator(original);
  }

  start(): Promise<unknown> {
    const { run, step, args } = this;
    let answer: unknown;
    try {
      const view = run.process.stepView(this, run.view);
      const alternative = run.process.choose(step, view, args);
      const at = coarseNow();
      run.journal.append(
        new StepStarted(
          at,
          this.key,
          args,
          1,
          undefined,
          step.alternatives.length > 1 ? alternative.method : undefined,
        ),
      );
      this.deadline = at + step.timeout;
      run.env.deadlines.arm(this.deadline);
      run.current = this;
      answer = alternative.run.apply(view, args);
    } catch (error) {
      return this.failed(error);
    }
    if (!isPromise(answer)) answer = Promise.resolve(answer);
    return (answer as Promise<unknown>).then(
      (value) => this.completed(value),
      (error: unknown) => this.failed(error),
    );
  }

  /** Journals the time-out; a replay of the run makes the next attempt, if there is one. */
  expire(): void {
    const { run, step } = this;
    const error = new ProcessStepTimeoutError(step.name, step.timeout);
    this.deadline = Number.POSITIVE_INFINITY;
    this.abort(error);
    const delay = retryDelay(error, 'unknown', 1, step.retry);
    const meta = { step: this.key, attempt: 1, outcome: 'unknown' as const };
    const retry = delay === undefined ? {} : { retryAt: run.env.clock.now() + delay };
    run.journal.append(
      new JournalEvent('ProcessStepFailed', coarseNow(), { ...meta, ...retry }, encodeError(error, run.values)),
    );
  }

  /** Asks the body to stop; what it answers still counts. */
  abort(reason: unknown): void {
    this.identity?.abort(reason);
  }

  private identify(): CallIdentity {
    return (this.identity ??= new CallIdentity(this.run, this.key));
  }

  private completed(value: unknown): unknown {
    const { run } = this;
    if (run.isOver || this.deadline === Number.POSITIVE_INFINITY) return never();
    run.current = undefined;
    run.flowTime = coarseNow();
    run.journal.append(new StepCompleted(run.flowTime, this.key, value));
    if (run.mayBegin) return value;
    run.callSettled();
    return never();
  }

  private failed(error: unknown): Promise<unknown> {
    const { run } = this;
    // Expired: the replay has taken over. Not yet begun: there was no alternative to run.
    if (run.isOver || (run.current === this && this.deadline === Number.POSITIVE_INFINITY)) return never();
    const began = run.current === this;
    run.current = undefined;
    return new StepCall(run, this.step, this.key, this.args).takeOver(error, began);
  }
}
