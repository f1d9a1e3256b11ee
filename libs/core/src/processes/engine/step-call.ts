import { coarseNow } from '../../foundation/index.js';
import type { Mediator } from '../../mediator/index.js';
import type { Payload } from '../../store/index.js';
import { ProcessStepOutcomeUnknownError, ProcessStepTimeoutError, ProcessValueError } from '../api/process.errors.js';
import type { ProcessContext } from '../api/process-context.js';
import { JournalEvent, StepCompleted, StepStarted } from '../journal/journal-event.js';
import type { StepRecord } from '../journal/history.js';
import { CallIdentity } from './call-identity.js';
import type { CallScope } from './compiled-process.js';
import type { CompiledAlternative, CompiledStep } from './compiled-step.js';
import { classify, encodeError, retryDelay, type FailureKind } from './failure.js';
import { encodeResult } from './result-encoding.js';
import type { OpenCall, Run, StepEnd } from './run.js';

/** Waits between attempts at infrastructure that is away: 100 ms doubling to 5 s. */
const INFRASTRUCTURE = { attempts: Number.POSITIVE_INFINITY, backoff: 100, maxBackoff: 5_000 };

/**
 * One call of a step by the flow: its attempts, its deadline and its end.
 *
 * Invariants: the body never begins before its `ProcessStepStarted` is durable; only the answer of the attempt under
 * way counts; an end is journaled before, or together with, anything that follows from it.
 */
export class StepCall implements CallScope, OpenCall {
  /** Wall-clock time at which the attempt under way is given up; Infinity between attempts. */
  deadline = Number.POSITIVE_INFINITY;
  attempt = 0;
  private failures = 0;
  private inDoubt = false;
  private input: Payload;
  private hash: string | undefined;
  private alternative: CompiledAlternative | undefined;
  private identity: CallIdentity | undefined;
  private timer: NodeJS.Timeout | undefined;
  private infrastructureFailures = 0;
  private settle: { resolve(value: unknown): void; reject(error: unknown): void } | undefined;
  private promised: Promise<unknown> | undefined;

  constructor(
    readonly run: Run,
    readonly step: CompiledStep,
    readonly key: string,
    readonly args: unknown[],
  ) {}

  /** What the flow awaits. */
  get promise(): Promise<unknown> {
    return (this.promised ??= new Promise((resolve, reject) => {
      this.settle = { resolve, reject };
    }));
  }

  get context(): ProcessContext {
    return this.identify();
  }

  get mediator(): Mediator {
    return this.identify().mediator;
  }

  boundMediator(original: Mediator): Mediator {
    return this.identify().boundMediator(original);
  }

  /** The arguments as the journal keeps them. @throws {ProcessValueError} */
  encodeInput(): Payload {
    if (this.input === undefined) {
      try {
        this.input = this.run.values.encode(this.args);
      } catch (error) {
        throw new ProcessValueError(this.key, 'input', messageOf(error), { cause: error });
      }
      this.hash = this.run.values.hash(this.input);
    }
    return this.input;
  }

  /** Goes on after a failed first attempt of a {@link FastCall}. `began`: its start is journaled. */
  takeOver(error: unknown, began: boolean): Promise<unknown> {
    this.run.callBegun(this);
    this.input = this.args;
    this.attempt = began ? 1 : 0;
    const { promise } = this;
    this.failed(error, classify(error));
    return promise;
  }

  /** Starts, or goes on from what the journal knows of an earlier life. */
  begin(prior?: StepRecord): void {
    this.run.callBegun(this);
    if (prior) {
      this.attempt = prior.attempts;
      this.failures = prior.failures;
      this.inDoubt = prior.inDoubt || prior.status === 'started';
      if (prior.status === 'retrying') return this.waitUntil(prior.retryAt as number);
      if (this.step.onUnknown === 'fail')
        return this.endFailed(new ProcessStepOutcomeUnknownError(this.key), 'unknown');
    }
    this.startAttempt();
  }

  /** Waits for its next attempt until this time; undefined while an attempt is under way. */
  wakesAt: number | undefined;

  /** Called when the deadline has passed. */
  expire(): void {
    const error = new ProcessStepTimeoutError(this.step.name, this.step.timeout);
    this.identity?.abort(error);
    this.failed(error, 'unknown');
  }

  /** No attempt follows any more; an attempt under way may still give its answer. */
  noMoreAttempts(): void {
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.run.callEnded(this);
  }

  /** Asks the body to stop; what it answers still counts. */
  abort(reason: unknown): void {
    this.identity?.abort(reason);
  }

  /** The run is over for this node: nothing this call does counts any more. */
  stop(reason: unknown): void {
    this.deadline = Number.POSITIVE_INFINITY;
    clearTimeout(this.timer);
    this.identity?.abort(reason);
  }

  /** Lets the flow go on with the end of this step. */
  deliver(end: StepEnd): void {
    const { promise } = this;
    const { values } = this.run;
    if (end.ok) return this.settle?.resolve(values.decode(end.value));
    // The flow may look at it later, or never: a rejection that nobody has awaited yet must not end the process.
    promise.catch(() => {});
    this.settle?.reject(values.decode(end.error));
  }

  private identify(): CallIdentity {
    return (this.identity ??= new CallIdentity(this.run, this.key));
  }

  private startAttempt(): void {
    const { run } = this;
    // Written down as begun and then not begun, it would be in doubt for whoever goes on.
    if (run.env.isStopping()) return;
    let input: Payload;
    try {
      input = this.encodeInput();
    } catch (error) {
      return this.endFailed(error, 'refused');
    }
    // After the arguments are known: a refusal by a condition is journaled with them.
    const method = this.chooseMethod();
    if (method === null) return;
    this.attempt++;
    const number = this.attempt;
    run.journal.append(new StepStarted(coarseNow(), this.key, input, number, this.hash, method), () =>
      run.env.ownership.whenValid(() => this.runAttempt(number)),
    );
  }

  /** The alternative is chosen before the start is journaled, so that the journal can say which one ran. */
  private chooseMethod(): string | undefined | null {
    try {
      this.alternative ??= this.run.process.choose(
        this.step,
        this.run.process.stepView(this, this.run.view),
        this.args,
      );
      return this.step.alternatives.length > 1 ? this.alternative.method : undefined;
    } catch (error) {
      this.endFailed(error, 'refused');
      return null;
    }
  }

  private runAttempt(number: number): void {
    const { run } = this;
    if (!run.mayBegin) return run.callEnded(this);
    this.identity = undefined;
    this.deadline = run.env.clock.now() + this.step.timeout;
    run.env.deadlines.arm(this.deadline);
    let answer: unknown;
    try {
      answer = (this.alternative as CompiledAlternative).run.apply(run.process.stepView(this, run.view), this.args);
    } catch (error) {
      answer = Promise.reject(error);
    }
    Promise.resolve(answer).then(
      (value) => number === this.attempt && this.deadline !== Number.POSITIVE_INFINITY && this.completed(value),
      (error: unknown) =>
        number === this.attempt && this.deadline !== Number.POSITIVE_INFINITY && this.failed(error, classify(error)),
    );
  }

  private completed(value: unknown): void {
    this.deadline = Number.POSITIVE_INFINITY;
    const { run } = this;
    if (run.isOver) return;
    let payload: Payload;
    try {
      payload = encodeResult(run, this.key, value);
    } catch (error) {
      // The effect has happened: it must not happen again, and it has to be undone with the rest.
      return this.endFailed(error, 'unknown');
    }
    run.journal.append(new StepCompleted(coarseNow(), this.key, payload));
    run.callEnded(this, { ok: true, value: payload });
  }

  private failed(error: unknown, kind: FailureKind): void {
    this.deadline = Number.POSITIVE_INFINITY;
    const { run } = this;
    if (run.isOver) return;
    if (kind === 'infrastructure') return this.waitForInfrastructure(error);
    this.failures++;
    // The user's rule says that no other attempt would help: as good as a refusal.
    if (kind === 'failed' && this.step.retry.retryIf?.(error) === false) kind = 'refused';
    const delay = run.mayBegin ? retryDelay(error, kind, this.failures, this.step.retry) : undefined;
    if (delay === undefined) return this.endFailed(error, kind);
    if (kind !== 'refused') this.inDoubt = true;
    const retryAt = run.env.clock.now() + delay;
    run.journal.append(
      new JournalEvent(
        'ProcessStepFailed',
        coarseNow(),
        { step: this.key, attempt: this.attempt, outcome: kind, retryAt },
        encodeError(error, run.values),
      ),
    );
    this.waitUntil(retryAt);
  }

  private endFailed(error: unknown, kind: 'refused' | 'unknown' | 'failed'): void {
    const { run } = this;
    // The last word may be a plain no: it says nothing about the attempts before it, whose effect may have happened.
    const outcome = kind === 'refused' && this.inDoubt ? 'unknown' : kind;
    const payload = encodeError(error, run.values);
    if (this.attempt === 0)
      run.journal.append(new StepStarted(coarseNow(), this.key, this.storableInput(), 1, this.hash, undefined));
    run.journal.append(
      new JournalEvent('ProcessStepFailed', coarseNow(), { step: this.key, attempt: this.attempt, outcome }, payload),
    );
    run.callEnded(this, { ok: false, error: payload });
  }

  private storableInput(): Payload {
    return this.input ?? this.run.values.encode([]);
  }

  /** The wait is journaled as an absolute time: a restart waits for the rest of it, not for all of it again. */
  private waitUntil(time: number): void {
    const delay = Math.max(0, time - this.run.env.clock.now());
    this.wakesAt = time;
    this.timer = setTimeout(
      () => {
        this.timer = undefined;
        this.wakesAt = undefined;
        if (this.run.mayBegin) this.startAttempt();
        else this.run.callEnded(this);
      },
      Math.min(delay, 2 ** 31 - 1),
    );
    this.run.callWaits();
  }

  /** Store or transport are away: that says nothing about the step, so no attempt is counted and nothing is undone. */
  private waitForInfrastructure(error: unknown): void {
    const { run } = this;
    this.infrastructureFailures++;
    // What the body did before it met the failure may have happened; after a crash the journal would say so, too.
    this.inDoubt = true;
    run.env.reportInfrastructure(run.id, this.key, error);
    const delay = retryDelay(error, 'infrastructure', this.infrastructureFailures, INFRASTRUCTURE) as number;
    const number = this.attempt;
    this.timer = setTimeout(() => {
      this.timer = undefined;
      run.env.ownership.whenValid(() => this.runAttempt(number));
    }, delay);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
