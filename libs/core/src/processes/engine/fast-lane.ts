import { coarseNow } from '../../foundation/index.js';
import type { DirectStream } from '../../store/index.js';
import { ProcessStepTimeoutError } from '../api/process.errors.js';
import { JournalEvent, StepStarted } from '../journal/journal-event.js';
import { scopeOf } from './compiled-process.js';
import type { CompiledStep } from './compiled-step.js';
import { encodeError, retryDelay } from './failure.js';
import { never, type Run } from './run.js';
import { StepCall } from './step-call.js';
import type { StepLane } from './step-entry.js';
import type { StepKeys } from './step-keys.js';
import type { StepSlot } from './step-slot.js';

/**
 * The steps of a run on a store in memory whose flow has one step under way at a time: nothing is waited for, so no
 * deferred is made and the body's own promise goes on to the flow. One lane serves all steps of its run.
 *
 * Whatever is out of the ordinary leaves the lane: a failure goes on as a {@link StepCall}; a time-out, which the
 * body's promise cannot be told, as a replay of the run.
 */
export class FastLane implements StepLane {
  /** Wall-clock time at which the step under way is given up; Infinity when there is none. */
  deadline = Number.POSITIVE_INFINITY;
  /** The `this` of the step under way. */
  view!: object;
  private step!: CompiledStep;
  private slot!: StepSlot;
  /** Of the step under way; undefined: its one argument is {@link argument}. */
  private args: unknown[] | undefined;
  private argument: unknown;
  // Made once for all steps: two closures a step cost more than the step.
  readonly onValue = (value: unknown): unknown => this.completed(value);
  readonly onError = (error: unknown): Promise<unknown> => this.failed(error);

  /** @param longest events from which on the run is asked before each step whether it may go on */
  constructor(
    private readonly run: Run,
    private readonly stream: DirectStream,
    private readonly keys: StepKeys,
    private readonly longest: number,
  ) {}

  /** Can the next step take this lane? */
  get isOpen(): boolean {
    return this.run.mayBegin && this.run.current === undefined;
  }

  /** Runs the first attempt of a step. Only while the lane {@link isOpen}. */
  call(step: CompiledStep, slot: StepSlot, args: unknown[]): Promise<unknown> {
    const { run } = this;
    let answer: unknown;
    try {
      const view = (this.view = run.process.laneView(run, slot.key));
      if (step.only !== undefined) {
        this.begin(step, slot, args);
        answer = step.only.run.apply(view, args);
      } else {
        [this.step, this.slot, this.args] = [step, slot, args];
        const { method, run: body } = run.process.choose(step, view, args);
        this.stream.push(new StepStarted(coarseNow(), slot.key, args, 1, undefined, method));
        this.underWay(coarseNow());
        answer = body.apply(view, args);
      }
    } catch (error) {
      return this.failed(error);
    }
    const promise = answer instanceof Promise ? answer : Promise.resolve(answer);
    return promise.then(this.onValue, this.onError);
  }

  /**
   * The same up to the call of the body, which is left to whoever calls, for a step without anything to choose. Answers
   * with the key of the step; undefined when it cannot take this lane.
   */
  enter(step: CompiledStep, args: unknown[]): string | undefined {
    if (!this.isOpen || this.stream.version >= this.longest) return undefined;
    const slot = this.keys.next(step, args);
    this.begin(step, slot, args);
    return slot.key;
  }

  /** The same for a step with one argument, of which no list is made. Not for one with a key of the user's. */
  enterWith(step: CompiledStep, argument: unknown): string | undefined {
    if (!this.isOpen || this.stream.version >= this.longest) return undefined;
    const slot = this.keys.numbered(step);
    this.step = step;
    this.slot = slot;
    this.args = undefined;
    this.argument = argument;
    const at = coarseNow();
    this.stream.addOne(slot.started, at, argument);
    this.underWay(at);
    return slot.key;
  }

  private begin(step: CompiledStep, slot: StepSlot, args: unknown[]): void {
    this.step = step;
    this.slot = slot;
    this.args = args;
    const at = coarseNow();
    this.stream.addList(slot.started, at, args);
    this.underWay(at);
  }

  private underWay(at: number): void {
    const { run } = this;
    this.deadline = at + this.step.timeout;
    run.env.deadlines.arm(this.deadline);
    run.current = this;
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
    this.stream.add(this.slot.completed, run.flowTime, value);
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
    return new StepCall(run, this.step, this.slot.key, this.args ?? [this.argument]).takeOver(error, began);
  }
}
