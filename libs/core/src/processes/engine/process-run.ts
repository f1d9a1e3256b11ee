import { coarseNow, isCatgaError } from '../../foundation/index.js';
import type { NewEvent, StoredEvent } from '../../store/index.js';
import { ContinueAsNew, type ProcessContext } from '../api/process-context.js';
import { ProcessCancelledError, ProcessDivergedError, ProcessValueError } from '../api/process.errors.js';
import type { CancelOptions, ProcessStatus } from '../api/process.types.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import type { History } from '../journal/history.js';
import { JournalEvent, type EventMeta, type JournalEventType } from '../journal/journal-event.js';
import { CommitJournal, DirectJournal, type Journal, type JournalHost } from '../journal/journal.js';
import type { Values } from '../journal/values.js';
import { Compensation } from './compensation.js';
import type { CompiledProcess, CompiledStep, RunScope } from './compiled-process.js';
import type { Expirable } from './deadlines.js';
import { describeError, encodeError } from './failure.js';
import { Replay } from './replay.js';
import type { RunEnvironment, RunOutcome } from './run-environment.js';
import { recordWrite, runIdOf, streamOf, type RecordChange, type RunRecord } from './run-record.js';
import { FastCall } from './fast-call.js';
import { RunContext } from './run-context.js';
import { never, StepCall, type StepEnd } from './step-call.js';
import type { TurnTask } from './turn-loop.js';

const NO_CALLS: ReadonlySet<StepCall> = new Set();
const NONE: { call: StepCall; end: StepEnd; at: number }[] = [];

/** Version of the rules by which a journal is replayed. Anything that moves a yield point makes a new one. */
export const ENGINE_VERSION = 1;

/** Which run this is. */
export interface RunIdentity {
  readonly id: string;
  /** Counts the runs of the id, from 1. */
  readonly run: number;
  readonly correlationId: string;
  readonly causationId: string | undefined;
  readonly tenant: string | undefined;
  readonly tags: readonly string[];
}

/**
 * `flowing`: the flow is executed. `settling`: it has ended; its steps under way are waited for. `undoing`: completed
 * steps are compensated. `ending`: the last event is being written. `over`: this object has no say any more.
 */
type Phase = 'flowing' | 'settling' | 'undoing' | 'ending' | 'over';

/** Why completed steps are undone. */
export interface Cause {
  readonly as: 'failed' | 'cancelled';
  readonly error: unknown;
  readonly compensate: boolean;
  readonly reason?: string;
}

/**
 * One run of a process in the memory of the node that owns it: the flow, its calls, its journal.
 *
 * Invariant: everything the flow sees goes through `callEnded` and `turn`, in the order in which the journal has it.
 */
export class ProcessRun implements RunScope, TurnTask, JournalHost, Expirable {
  inTurn = false;
  /** The step under way on the fast path. */
  current: FastCall | undefined;
  journal!: Journal;
  flowEnded = false;
  /** The caller awaits {@link outcome} itself: the shortest way, for runs in memory. */
  awaited = false;
  outcome: Promise<unknown> | undefined;
  /** Time of the last thing the flow has seen. */
  flowTime: number;
  startedAt: number;
  epoch = 1;
  private phase: Phase = 'flowing';
  private cause: Cause | undefined;
  private readonly fast: boolean;
  private occurrences: Map<string, number> | undefined;
  private seen = 0;
  /** The `this` of `execute`. */
  view: object | undefined;
  private replaying: Replay | undefined;
  private resumedByOperator = false;
  private warned = false;
  private limitFrom = 0;
  /** Made when needed, like the two below: most runs in memory need none of them, and memory keeps many runs. */
  private open: Set<StepCall> | undefined;
  private ends: { call: StepCall; end: StepEnd; at: number }[] = NONE;
  private patches: Map<string, boolean> | undefined;
  private controller: AbortController | undefined;
  private scope: RunContext | undefined;

  constructor(
    readonly env: RunEnvironment,
    readonly process: CompiledProcess,
    readonly values: Values,
    readonly identity: RunIdentity,
    direct: boolean,
  ) {
    this.fast = direct && process.blueprint.sequential;
    this.startedAt = this.flowTime = coarseNow();
  }

  /** Calls of steps that have not ended. */
  get calls(): ReadonlySet<StepCall> {
    return this.open ?? NO_CALLS;
  }
  get id(): string {
    return this.identity.id;
  }
  /** Stands in idempotency keys. */
  get runId(): string {
    return runIdOf(this.identity.id, this.identity.run);
  }
  get stream(): string {
    return streamOf(this.identity.id, this.identity.run);
  }
  get correlationId(): string {
    return this.identity.correlationId;
  }
  get tenant(): string | undefined {
    return this.identity.tenant;
  }
  /** May new attempts begin? */
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

  // --- life ---------------------------------------------------------------------------------------------------------

  /** The first life: nothing is recorded yet. `expectedRecord` is the version of the id's line in the index. */
  start(command: object, expectedRecord: number, durable?: () => void): void {
    this.openJournal(0);
    const input = this.values.encode(this.values.encoded ? { ...command } : command);
    this.journal.append(new RunStarted(this, input), durable);
    this.index('running', {}, expectedRecord);
    this.flow(this.values.encoded ? this.toCommand(this.values.decode(input)) : command);
  }

  /** A later life: this node has just claimed the run, and goes on where the journal ends. */
  resume(history: History, byOperator: boolean): void {
    this.startedAt = this.flowTime = history.startedAt;
    this.epoch = history.epoch;
    this.resumedByOperator = byOperator;
    this.limitFrom = history.operatorAt;
    this.journal ??= new CommitJournal(this.env.store, this.stream, history.version, this);
    this.patches = new Map([...history.patches].map((patch) => [patch, true]));
    if (history.compensating) {
      this.flowEnded = true;
      this.phase = 'undoing';
      return new Compensation(this).resume(history);
    }
    if (history.cancel) return this.end(cancellation(this.id, history.cancel));
    this.replaying = new Replay(this, history);
    this.env.turns.schedule(this);
    this.flow(this.toCommand(this.values.decode(history.input)));
  }

  /** Is a body under way that may still give its answer? */
  get busy(): boolean {
    if (this.current) return true;
    for (const call of this.calls) if (call.deadline !== Number.POSITIVE_INFINITY) return true;
    return this.phase === 'undoing';
  }

  /** Stops silently: nothing more is written, begun or undone. */
  abandon(): void {
    if (this.phase === 'over') return;
    this.phase = 'over';
    this.journal.stop();
    const reason = new ProcessCancelledError(this.id, 'this node no longer runs the process');
    this.controller?.abort(reason);
    this.current?.abort(reason);
    for (const call of this.calls) call.stop(reason);
    this.open?.clear();
  }

  /** Ends the flow and undoes what it has done. Returns false when it is too late for that. */
  cancel(options: CancelOptions): boolean {
    if (this.phase !== 'flowing') return false;
    const meta: EventMeta = {
      compensate: options.compensate ?? true,
      ...(options.by === undefined ? {} : { by: options.by }),
      ...(options.reason === undefined ? {} : { reason: options.reason }),
    };
    this.journal.append(new JournalEvent('ProcessCancelRequested', coarseNow(), meta));
    this.end(cancellation(this.id, meta));
    return true;
  }

  // --- what the flow asks for ---------------------------------------------------------------------------------------

  callStep(step: CompiledStep, args: unknown[]): Promise<unknown> {
    if (this.phase !== 'flowing') return never();
    const key = this.keyOf(step, args);
    if (this.replaying) return this.requestRecorded(this.replaying, new StepCall(this, step, key, args));
    if (this.journal.length >= this.env.limits.historyWarning && this.tooLong()) return never();
    if (this.fast) return new FastCall(this, step, key, args).start();
    const call = new StepCall(this, step, key, args);
    call.begin();
    return call.promise;
  }

  patched(id: string): boolean {
    const patches = (this.patches ??= new Map<string, boolean>());
    let value = patches.get(id);
    if (value === undefined) {
      value = !this.replaying?.hasMore;
      patches.set(id, value);
      if (value) this.journal.append(new JournalEvent('ProcessPatched', coarseNow(), { patch: id }));
    }
    return value;
  }

  /** @throws {ProcessValueError} */
  encodeResult(step: string, value: unknown): unknown {
    const { maxPayload, warnPayload } = this.env.limits;
    try {
      const payload = this.values.encode(value);
      const size = this.values.size(payload);
      if (size > maxPayload)
        throw new RangeError(`it has ${size} bytes, the limit is ${maxPayload} (processes.maxPayload)`);
      if (size > warnPayload)
        this.env.warn(
          `The result of step "${step}" of ${this.id} has ${size} bytes: keep large values elsewhere and return a reference.`,
        );
      return payload;
    } catch (error) {
      throw new ProcessValueError(step, 'result', error instanceof Error ? error.message : String(error), {
        cause: error,
      });
    }
  }

  // --- what the calls tell ------------------------------------------------------------------------------------------

  callBegun(call: StepCall): void {
    (this.open ??= new Set()).add(call);
  }

  /** A call has ended, or never will: then without `end`. */
  callEnded(call: StepCall, end?: StepEnd): void {
    this.open?.delete(call);
    if (this.phase === 'settling') return this.settled();
    if (this.phase !== 'flowing' || !end) return;
    // The time of the journal's event, written in this very turn: a replay reads it from there.
    const at = coarseNow();
    if (this.process.blueprint.sequential) {
      // Nothing else is under way that this end could overtake.
      this.flowTime = at;
      call.deliver(end);
    } else {
      if (this.ends === NONE) this.ends = [];
      this.ends.push({ call, end, at });
    }
    this.env.turns.schedule(this);
  }

  /** The step of the fast path has ended after the flow had. */
  callSettled(): void {
    if (this.phase === 'settling') this.settled();
  }

  /** A call waits for its next attempt: when all do, and for long, the run leaves memory. */
  callWaits(): void {
    let earliest = Number.POSITIVE_INFINITY;
    for (const call of this.calls) {
      if (call.wakesAt === undefined) return;
      earliest = Math.min(earliest, call.wakesAt);
    }
    if (this.phase !== 'flowing' || this.ends.length > 0) return;
    if (earliest - this.env.clock.now() > this.env.limits.suspendAfter) this.suspend(earliest);
  }

  wantsFlush(): void {
    this.env.turns.schedule(this);
  }

  turn(): void {
    if (this.phase === 'over') return;
    if (this.replaying && this.phase === 'flowing') return this.replayTurn(this.replaying);
    const next = this.ends.shift();
    if (next && this.phase === 'flowing') {
      this.flowTime = next.at;
      next.call.deliver(next.end);
      return this.env.turns.schedule(this);
    }
    this.journal.flush();
  }

  expire(now: number): number {
    let earliest = Number.POSITIVE_INFINITY;
    const { current } = this;
    if (current && current.deadline <= now && this.phase !== 'over') {
      current.expire();
      this.phase = 'over';
      this.env.replay(this);
      return earliest;
    }
    if (current) earliest = current.deadline;
    for (const call of this.calls) {
      if (call.deadline <= now) call.expire();
      else earliest = Math.min(earliest, call.deadline);
    }
    return earliest;
  }

  // --- ends ---------------------------------------------------------------------------------------------------------

  /** Writes the last event of a phase together with the run's line in the index. */
  finish(
    type: JournalEventType,
    meta: EventMeta,
    data: unknown,
    record: RecordChange & { status: ProcessStatus },
    outcome: RunOutcome,
  ): void {
    this.phase = 'ending';
    this.controller?.abort(new ProcessCancelledError(this.id, 'the process has ended'));
    for (const call of this.calls) call.stop(new ProcessCancelledError(this.id, 'the process has ended'));
    this.index(record.status, record);
    this.journal.append(new JournalEvent(type, coarseNow(), meta, data), () => {
      this.phase = 'over';
      this.env.over(this, outcome);
    });
    this.journal.flush();
  }

  /** Leaves the run to somebody's decision. */
  park(status: ProcessStatus, explanation: string): void {
    if (this.phase === 'over' || this.phase === 'ending') return;
    this.finish(
      'ProcessSuspended',
      { reason: status, explanation },
      null,
      { status },
      { kind: 'parked', status, explanation },
    );
  }

  index(status: ProcessStatus, more: RecordChange = {}, ifVersion?: number): void {
    const { id, run, tags } = this.identity;
    const record: RunRecord = {
      name: this.process.blueprint.name,
      status,
      run,
      startedAt: this.startedAt,
      finishedAt: more.finishedAt,
      waitingUntil: more.waitingUntil,
      owner: status === 'running' || status === 'compensating' ? this.env.ownership.owner : undefined,
      tags,
      error: more.error,
    };
    this.journal.index(recordWrite(this.env.store, id, record, ifVersion, this.env.removeAt(record)));
  }

  /** Ends a cancelled or failed run, after its compensation. */
  ended(cause: Cause, undone: boolean): void {
    const error = encodeError(cause.error, this.values);
    const described = describeError(cause.error);
    const record = { finishedAt: coarseNow(), error: described };
    const meta: EventMeta = { compensate: undone, ...(cause.reason === undefined ? {} : { reason: cause.reason }) };
    if (cause.as === 'failed') {
      this.finish(
        'ProcessFailed',
        meta,
        error,
        { status: 'failed', ...record },
        { kind: 'failed', error: this.values.decode(error) },
      );
    } else {
      const reason = cause.reason === undefined ? {} : { reason: cause.reason };
      this.finish(
        'ProcessCancelled',
        meta,
        error,
        { status: 'cancelled', ...record },
        { kind: 'cancelled', ...reason },
      );
    }
  }

  // --- the journal asks ---------------------------------------------------------------------------------------------

  async commitFailed(
    error: unknown,
    expected: number,
    events: readonly NewEvent[],
    attempt: number,
  ): Promise<number | 'written' | 'stop'> {
    try {
      if (isCatgaError(error, 'CATGA_RECORD_CONFLICT') || isCatgaError(error, 'CATGA_VERSION_CONFLICT')) {
        const tail = await this.env.store.readStream(this.stream, { from: expected + 1 });
        return this.afterConflict(tail, expected, events);
      }
    } catch (readError) {
      error = readError;
    }
    this.env.reportInfrastructure(this.id, undefined, error);
    if (expected === 0) {
      this.abandon();
      this.env.startFailed(this, error);
      return 'stop';
    }
    await new Promise((resolve) => setTimeout(resolve, Math.min(100 * 2 ** (attempt - 1), 5_000)));
    return this.phase === 'over' ? 'stop' : expected;
  }

  /**
   * Somebody has written to our stream. Our own commit whose answer was lost counts as written; a request to cancel is
   * taken in; anything else means that another node owns the run now.
   */
  private afterConflict(
    tail: readonly StoredEvent[],
    expected: number,
    events: readonly NewEvent[],
  ): number | 'written' | 'stop' {
    if (tail.length >= events.length && events.every((event, i) => sameEvent(event, tail[i] as StoredEvent)))
      return 'written';
    if (expected === 0) {
      this.abandon();
      this.env.idTaken(this);
      return 'stop';
    }
    const foreign = tail.find((event) => event.type !== 'ProcessCancelRequested');
    if (foreign || tail.length === 0) {
      this.abandon();
      this.env.over(this, { kind: 'abandoned' });
      return 'stop';
    }
    const request = tail[0] as StoredEvent;
    const meta = (typeof request.metadata === 'string' ? JSON.parse(request.metadata) : request.metadata) as EventMeta;
    queueMicrotask(() => this.phase === 'flowing' && this.end(cancellation(this.id, meta)));
    return expected + tail.length;
  }

  // --- inside -------------------------------------------------------------------------------------------------------

  private openJournal(version: number): void {
    const { store } = this.env;
    this.journal = store.openDirect
      ? new DirectJournal(store.openDirect(this.stream), store)
      : new CommitJournal(store, this.stream, version, this);
  }

  private flow(command: unknown): void {
    let flow: Promise<unknown>;
    try {
      this.view = this.process.createRunView(this);
      flow = (this.view as { execute(command: unknown): Promise<unknown> }).execute(command);
    } catch (error) {
      flow = Promise.reject(error as Error);
    }
    this.outcome = flow.then(
      (value) => this.flowReturned(value),
      (error: unknown) => this.flowThrew(error),
    );
  }

  /** Where a run that its caller awaits goes on when its flow has not simply come to its end. */
  private elsewhere(): unknown {
    return this.awaited ? this.env.resultOf(this.id) : undefined;
  }

  private flowReturned(value: unknown): unknown {
    if (this.phase !== 'flowing') return this.elsewhere();
    this.flowEnded = true;
    if (!this.pastConsumed()) return this.elsewhere();
    let result: unknown;
    try {
      result = this.encodeResult('execute', value);
    } catch (error) {
      this.end({ as: 'failed', error, compensate: true });
      return this.elsewhere();
    }
    const record = { status: 'completed' as const, finishedAt: coarseNow() };
    this.finish('ProcessCompleted', {}, result, record, { kind: 'completed', result: this.values.decode(result) });
    return this.isOver ? value : this.elsewhere();
  }

  private flowThrew(error: unknown): unknown {
    if (this.phase === 'flowing') this.flowFailed(error);
    return this.elsewhere();
  }

  private flowFailed(error: unknown): void {
    this.flowEnded = true;
    if (!this.pastConsumed()) return;
    if (error instanceof ContinueAsNew) {
      const input = this.values.encode(this.values.encoded ? { ...error.command } : error.command);
      // Still running, as far as the index knows: whoever finds it after a crash starts the next run.
      return this.finish(
        'ProcessContinuedAsNew',
        {},
        input,
        { status: 'running' },
        { kind: 'continued', command: error.command },
      );
    }
    this.end({ as: 'failed', error, compensate: true });
  }

  private end(cause: Cause): void {
    this.flowEnded = true;
    this.cause = cause;
    this.phase = 'settling';
    this.replaying = undefined;
    if (cause.as === 'cancelled') this.controller?.abort(cause.error);
    for (const call of this.calls) {
      if (cause.as === 'cancelled') call.abort(cause.error);
      call.noMoreAttempts();
    }
    if (cause.as === 'cancelled') this.current?.abort(cause.error);
    this.settled();
  }

  /** The compensation could not read the journal: it is begun once more. */
  restartEnd(): void {
    if (this.phase === 'undoing' && this.cause) new Compensation(this).start(this.cause);
  }

  /** Siblings that are still at it are waited for: what they do has to be undone too. */
  private settled(): void {
    if (this.phase !== 'settling' || this.calls.size > 0 || this.current || !this.cause) return;
    this.phase = 'undoing';
    new Compensation(this).start(this.cause);
  }

  private suspend(until: number): void {
    this.finish(
      'ProcessSuspended',
      { reason: 'retry', until },
      null,
      { status: 'waiting', waitingUntil: until },
      { kind: 'suspended', until },
    );
  }

  private requestRecorded(replay: Replay, call: StepCall): Promise<unknown> {
    try {
      replay.request(call);
    } catch (error) {
      this.diverge(error);
      return never();
    }
    return call.promise;
  }

  private replayTurn(replay: Replay): void {
    try {
      if (replay.turn() === 'more') return this.env.turns.schedule(this);
    } catch (error) {
      return this.diverge(error);
    }
    this.replaying = undefined;
    const held = replay.heldCalls();
    const asking = held.find(({ call, record }) => record?.status === 'started' && call.step.onUnknown === 'ask');
    if (asking && !this.resumedByOperator) {
      return this.park(
        'outcome-unknown',
        `Step "${asking.call.key}" was started and never finished, and asks: retry runs it again with the same idempotency key.`,
      );
    }
    for (const { call, record } of held) call.begin(record);
    this.env.turns.schedule(this);
  }

  private diverge(error: unknown): void {
    if (error instanceof ProcessDivergedError) return this.park('diverged', error.message);
    this.park('diverged', describeError(error).message);
  }

  private pastConsumed(): boolean {
    try {
      this.replaying?.assertConsumed();
      return true;
    } catch (error) {
      this.diverge(error);
      return false;
    }
  }

  private keyOf(step: CompiledStep, args: unknown[]): string {
    if (step.key === undefined && step.index >= 0 && step.index < 31) {
      // The first call of each step needs no map: most processes have no loop.
      const bit = 1 << step.index;
      if ((this.seen & bit) === 0) {
        this.seen |= bit;
        return step.firstKey;
      }
    }
    const base =
      step.key === undefined ? step.name : `${step.name}[${(step.key as (...args: unknown[]) => unknown)(...args)}]`;
    const occurrences = (this.occurrences ??= new Map<string, number>());
    const number =
      (occurrences.get(base) ?? (step.key === undefined && step.index >= 0 && step.index < 31 ? 1 : 0)) + 1;
    occurrences.set(base, number);
    return `${base}:${number}`;
  }

  private tooLong(): boolean {
    const { historyWarning, historyLimit } = this.env.limits;
    const length = this.journal.length - this.limitFrom;
    if (!this.warned && length >= historyWarning) {
      this.warned = true;
      this.env.warn(
        `${this.id} has ${this.journal.length} journal events; at ${historyLimit} it is parked. Use continueAsNew in long loops.`,
      );
    }
    if (length < historyLimit) return false;
    this.park(
      'history-limit',
      `Its journal has ${this.journal.length} events, the limit is ${historyLimit}. Use continueAsNew; retry gives it as many again.`,
    );
    return true;
  }

  private toCommand(fields: unknown): object {
    if (!this.values.encoded) return fields as object;
    return Object.assign(Object.create(this.process.blueprint.command.prototype as object) as object, fields);
  }
}

/** First event of a run; what it says is read off the run's identity when somebody asks. */
class RunStarted implements NewEvent {
  readonly at: number;
  private readonly identity: RunIdentity;
  private readonly blueprint: ProcessBlueprint;
  private readonly owner: string;

  constructor(
    run: ProcessRun,
    readonly data: unknown,
  ) {
    this.at = run.startedAt;
    this.identity = run.identity;
    this.blueprint = run.process.blueprint;
    this.owner = run.env.ownership.owner;
  }
  get type(): JournalEventType {
    return 'ProcessStarted';
  }
  get metadata(): EventMeta {
    const { id, run, correlationId, causationId, tenant, tags } = this.identity;
    const { name, version } = this.blueprint;
    return {
      name,
      id,
      run,
      version,
      engine: ENGINE_VERSION,
      epoch: 1,
      owner: this.owner,
      correlationId,
      ...(causationId === undefined ? {} : { causationId }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(tags.length === 0 ? {} : { tags }),
    };
  }
}

function cancellation(id: string, meta: EventMeta): Cause {
  const error = new ProcessCancelledError(id, meta.reason);
  return {
    as: 'cancelled',
    error,
    compensate: meta.compensate ?? true,
    ...(meta.reason === undefined ? {} : { reason: meta.reason }),
  };
}

function sameEvent(event: NewEvent, stored: StoredEvent): boolean {
  return event.type === stored.type && event.metadata === stored.metadata && event.at === stored.at;
}
