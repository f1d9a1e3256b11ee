import { coarseNow } from '../../foundation/index.js';
import { ContinueAsNew, type ProcessContext } from '../api/process-context.js';
import { ProcessCancelledError } from '../api/process.errors.js';
import type { CancelOptions, ProcessStatus } from '../api/process.types.js';
import type { History } from '../journal/history.js';
import { JournalEvent, type EventMeta } from '../journal/journal-event.js';
import { DirectJournal, type Journal } from '../journal/journal.js';
import type { Values } from '../journal/values.js';
import { decodeCommand, encodeCommand } from './command-values.js';
import { CallIdentity } from './call-identity.js';
import { cancellation, cancelRequest } from './cancellation.js';
import { Compensation } from './compensation.js';
import type { CallScope, CompiledProcess, RunScope } from './compiled-process.js';
import type { CompiledStep } from './compiled-step.js';
import { completed, continued, ended, parked, type Ending } from './endings.js';
import { executeFlow } from './execute-flow.js';
import { FastLane } from './fast-lane.js';
import { HistoryLimit } from './history-limit.js';
import { idleEnding } from './idle-ending.js';
import { openJournal, resumeJournal } from './open-journal.js';
import { OpenCalls, type Delivery } from './open-calls.js';
import { Patches } from './patches.js';
import { diverged, Replay } from './replay.js';
import { encodeResult } from './result-encoding.js';
import { never, type Cause, type OpenCall, type Run, type RunEnvironment, type StepEnd } from './run.js';
import { openAnswer, type RunAnswer } from './run-answer.js';
import type { RunIdentity } from './run-identity.js';
import { RunContext } from './run-context.js';
import { lineOf } from './run-line.js';
import { recordWrite, runIdOf, streamOf, type RecordChange } from './run-record.js';
import type { RunStarted } from './run-started.js';
import { StepCall } from './step-call.js';
import { StepKeys } from './step-keys.js';

/**
 * `flowing`: the flow is executed. `settling`: it has ended; its steps under way are waited for. `undoing`: completed
 * steps are compensated. `ending`: the last event is being written. `over`: this object has no say any more.
 */
type Phase = 'flowing' | 'settling' | 'undoing' | 'ending' | 'over';

/**
 * One run of a process in the memory of the node that owns it: where it is, and what happens next.
 *
 * Invariant: whatever the flow sees goes through {@link callEnded} and {@link turn}, in the order of the journal, and
 * where branches run side by side one end in a turn of the event loop: a replay can do exactly the same.
 */
export class ProcessRun implements Run, RunScope, RunAnswer {
  inTurn = false;
  isListed = false;
  current: Run['current'];
  journal!: Journal;
  view: object | undefined;
  flowEnded = false;
  flowTime: number;
  startedAt: number;
  /** The caller awaits {@link outcome} itself: the shortest way, for runs in memory. */
  awaited = false;
  outcome: RunAnswer['outcome'];
  answer: RunAnswer['answer'];
  private phase: Phase = 'flowing';
  private cause: Cause | undefined;
  /** Only for flows with one step at a time, in the life in which a store in memory has taken their start. */
  lane: FastLane | undefined;
  private readonly keys = new StepKeys();
  // Made when needed: most runs in memory need none of these, and memory holds many runs.
  private calls: OpenCalls | undefined;
  private deliveries: Delivery[] | undefined;
  private patches: Patches | undefined;
  private controller: AbortController | undefined;
  private scope: RunContext | undefined;
  private limit: HistoryLimit | undefined;
  private replaying: Replay | undefined;

  constructor(
    readonly env: RunEnvironment,
    readonly process: CompiledProcess,
    readonly values: Values,
    readonly identity: RunIdentity,
  ) {
    this.startedAt = this.flowTime = coarseNow();
  }

  get id(): string {
    return this.identity.id;
  }
  get runId(): string {
    return runIdOf(this.identity.id, this.identity.run);
  }
  get stream(): string {
    return streamOf(this.identity.id, this.identity.run);
  }
  get mayBegin(): boolean {
    return this.phase === 'flowing';
  }
  get isOver(): boolean {
    return this.phase === 'over';
  }
  get context(): ProcessContext {
    return (this.scope ??= new RunContext(this));
  }
  get signal(): AbortSignal {
    return (this.controller ??= new AbortController()).signal;
  }
  /** Is a body under way that may still give its answer? */
  get busy(): boolean {
    return this.current !== undefined || this.calls?.busy === true || this.phase === 'undoing';
  }

  // --- how a run begins ---------------------------------------------------------------------------------------------

  /**
   * The first life: nothing is recorded yet.
   *
   * @param first the identity of the run, which is its first event
   * @param expectedRecord version of the id's line in the index; 0 when there is none
   * @param durable called when the start is safe
   */
  start(first: RunStarted, command: object, expectedRecord: number, durable?: () => void): void {
    const input = encodeCommand(this.values, command);
    // Read back before anything is written: what cannot be read must not be started.
    const given = decodeCommand(this.values, this.process, input);
    const journal = (this.journal = openJournal(this, first, expectedRecord));
    if (journal instanceof DirectJournal && this.process.blueprint.sequential) {
      this.lane = new FastLane(this, journal.stream, this.keys, this.env.limits.historyWarning);
    }
    journal.add(first, this.startedAt, input, durable);
    this.index('running', {}, expectedRecord);
    this.flow(given);
  }

  /** A later life: this node has just claimed the run, and goes on where the journal ends. */
  resume(history: History, byOperator: boolean): void {
    this.startedAt = this.flowTime = history.startedAt;
    this.limit = new HistoryLimit(history.operatorAt);
    this.journal ??= resumeJournal(this, history.version);
    this.patches = new Patches(history.patches);
    // What today's codec cannot read parks the run, like code that does not fit it.
    try {
      this.goOn(history, byOperator);
    } catch (error) {
      diverged(this, error);
    }
  }

  private goOn(history: History, byOperator: boolean): void {
    if (history.compensating) {
      this.flowEnded = true;
      this.phase = 'undoing';
      return new Compensation(this).resume(history);
    }
    if (history.cancel) return this.cancelRequested(history.cancel);
    const command = decodeCommand(this.values, this.process, history.input);
    this.replaying = new Replay(this, history, byOperator);
    this.env.turns.schedule(this);
    this.flow(command);
  }

  private flow(command: unknown): void {
    if (this.awaited) openAnswer(this);
    void executeFlow(this, command).then(
      (value) => this.flowReturned(value),
      (error: unknown) => this.flowThrew(error),
    );
  }

  // --- what the flow asks for ---------------------------------------------------------------------------------------

  callStep(step: CompiledStep, args: unknown[]): Promise<unknown> {
    if (this.phase !== 'flowing') return never();
    const slot = this.keys.next(step, args);
    if (this.replaying) return this.replaying.request(new StepCall(this, step, slot.key, args));
    const isLong = this.journal.length >= this.env.limits.historyWarning;
    if (isLong && (this.limit ??= new HistoryLimit(0)).reached(this)) return never();
    if (this.lane?.isOpen) return this.lane.call(step, slot, args);
    const call = new StepCall(this, step, slot.key, args);
    call.begin();
    return call.promise;
  }

  identify(key: string): CallScope {
    return new CallIdentity(this, key);
  }

  patched(id: string): boolean {
    // A flow that was given up may still ask, once what it waited for beside its steps is there: nothing is written for it.
    const inPast = this.phase !== 'flowing' || this.replaying?.hasMore === true;
    return (this.patches ??= new Patches()).isNew(id, this.journal, inPast);
  }

  // --- what its calls tell ------------------------------------------------------------------------------------------

  callBegun(call: OpenCall): void {
    (this.calls ??= new OpenCalls()).add(call);
  }

  callEnded(call: OpenCall, end?: StepEnd): void {
    this.calls?.delete(call);
    this.callSettled();
    if (this.phase !== 'flowing' || !end) return;
    // The time of the journal's event, written in this very turn: a replay reads it from there.
    const at = coarseNow();
    if (this.process.blueprint.sequential) {
      // Nothing else is under way that this end could overtake.
      this.deliver({ call, end, at });
    } else {
      (this.deliveries ??= []).push({ call, end, at });
    }
    this.env.turns.schedule(this);
  }

  callWaits(): void {
    this.env.turns.schedule(this);
  }

  /** When all calls wait for their next attempt, and for long, or when it is to be parked, the run leaves memory. */
  private leaveIfIdle(): void {
    if (this.phase !== 'flowing' || this.current) return;
    const ending = idleEnding(this.env, this.calls, this.limit);
    if (ending) this.finish(ending);
  }

  /** One thing in a turn of the event loop; what is to be written only when nothing is left that may add to it. */
  turn(): void {
    if (this.phase === 'over') return;
    if (this.replaying && this.phase === 'flowing') {
      if (this.replaying.turn() === 'finished') this.replaying = undefined;
      return this.env.turns.schedule(this);
    }
    const next = this.phase === 'flowing' ? this.deliveries?.shift() : undefined;
    if (!next) {
      this.leaveIfIdle();
      return this.journal.flush();
    }
    this.deliver(next);
    this.env.turns.schedule(this);
  }

  private deliver({ call, end, at }: Delivery): void {
    this.flowTime = at;
    try {
      call.deliver(end);
    } catch (error) {
      // The codec cannot read what it has written. The effect has happened: a mended codec goes on from here.
      diverged(this, error);
    }
  }

  expire(now: number): number {
    const { current } = this;
    if (!current) return this.calls?.expire(now) ?? Number.POSITIVE_INFINITY;
    if (current.deadline > now || this.phase === 'over') return current.deadline;
    current.expire();
    this.phase = 'over';
    this.answerLater();
    this.env.replay(this);
    return Number.POSITIVE_INFINITY;
  }

  // --- how a run ends -----------------------------------------------------------------------------------------------

  private flowReturned(value: unknown): void {
    this.flowEnded = true;
    if (this.phase !== 'flowing' || this.replaying?.consumed() === false) return this.answerLater();
    let ending: Ending;
    try {
      ending = completed(this.values, encodeResult(this, 'execute', value));
    } catch (error) {
      return this.flowThrew(error);
    }
    this.finish(ending);
    if (!this.isOver) return this.answerLater();
    this.answer?.(value);
  }

  private flowThrew(error: unknown): void {
    this.flowEnded = true;
    if (this.phase === 'flowing' && this.replaying?.consumed() !== false) {
      if (error instanceof ContinueAsNew) this.finish(continued(this.values, error.command));
      else this.end({ as: 'failed', error, compensate: true });
    }
    this.answerLater();
  }

  /** The caller gets the result of the run wherever it comes from, once the flow here does not simply come to its end. */
  private answerLater(): void {
    this.answer?.(this.env.resultOf(this.id));
    this.answer = undefined;
  }

  /** Ends the flow and undoes what it has done. Returns false when it is too late for that. */
  cancel(options: CancelOptions): boolean {
    if (this.phase !== 'flowing') return false;
    const request = cancelRequest(options);
    this.journal.append(new JournalEvent('ProcessCancelRequested', coarseNow(), request));
    this.cancelRequested(request);
    return true;
  }

  cancelRequested(request: EventMeta): void {
    if (this.phase === 'flowing') this.end(cancellation(this.id, request));
  }

  private end(cause: Cause): void {
    this.answerLater();
    this.flowEnded = true;
    this.cause = cause;
    this.phase = 'settling';
    this.replaying = undefined;
    if (cause.as === 'cancelled') {
      this.controller?.abort(cause.error);
      this.current?.abort(cause.error);
      this.calls?.abort(cause.error);
    }
    this.calls?.noMoreAttempts();
    this.callSettled();
  }

  /** Siblings that are still at it are waited for: what they do has to be undone too. */
  callSettled(): void {
    if (this.phase !== 'settling' || this.calls?.size || this.current || !this.cause) return;
    this.phase = 'undoing';
    this.restartEnd();
  }

  restartEnd(): void {
    if (this.phase === 'undoing' && this.cause) new Compensation(this).start(this.cause);
  }

  ended(cause: Cause, undone: boolean): void {
    this.finish(ended(this.values, cause, undone));
  }

  park(status: ProcessStatus, explanation: string): void {
    if (this.phase !== 'over' && this.phase !== 'ending') this.finish(parked(status, explanation));
  }

  abandon(): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.answerLater();
    this.journal.stop();
    this.stopCalls('this node no longer runs the process');
  }

  /** Writes the last event together with the run's line in the index; then the run leaves memory. */
  private finish({ shape, data, record, outcome }: Ending): void {
    this.phase = 'ending';
    if (!this.flowEnded) this.answerLater();
    this.stopCalls('the process has ended');
    this.index(record.status, record);
    this.process.room.ended(this.journal.length + 1);
    this.journal.add(shape, coarseNow(), data, () => {
      this.phase = 'over';
      this.env.over(this, outcome);
    });
    this.journal.flush();
  }

  private stopCalls(why: string): void {
    if (!this.controller && !this.current && !this.calls?.size) return;
    const reason = new ProcessCancelledError(this.id, why);
    this.controller?.abort(reason);
    this.current?.abort(reason);
    this.calls?.stop(reason);
  }

  index(status: ProcessStatus, change: RecordChange = {}, ifVersion?: number): void {
    if (this.journal.derived && (status === 'running' || status === 'completed')) return;
    const record = lineOf(this, status, change);
    this.journal.index(recordWrite(this.env.store, this.id, record, ifVersion, this.env.removeAt(record)));
  }
}
