import type { Payload } from '../../store/index.js';
import { ProcessDivergedError } from '../api/process.errors.js';
import type { History, StepRecord } from '../journal/history.js';
import { describeError } from './failure.js';
import { never, type Run, type StepEnd } from './run.js';
import type { StepCall } from './step-call.js';

/** Ends handed out in one turn of the event loop, where order cannot be ambiguous. */
const BURST = 64;

/**
 * Hands the recorded past to the flow again.
 *
 * Invariants: recorded ends are handed out in the order in which they were recorded; where branches run side by side,
 * one per turn of the event loop, so that they meet as they did the first time. Nothing new begins before the whole past
 * has been consumed: a program that does not fit its history is found out before it has had any effect.
 */
export class Replay {
  private next = 0;
  private readonly requested = new Map<string, StepCall>();
  private readonly held: StepCall[] = [];

  constructor(
    private readonly run: Run,
    private readonly history: History,
    /** Somebody has looked at the run and let it go on. */
    private readonly byOperator: boolean,
  ) {}

  /** Is there anything recorded that the flow has not come to yet? */
  get hasMore(): boolean {
    return this.next < this.history.ended.length || this.requested.size < this.history.steps.size;
  }

  /** The flow calls a step. When the record says otherwise the run is parked, and the flow goes no further. */
  request(call: StepCall): Promise<unknown> {
    try {
      this.accept(call);
      return call.promise;
    } catch (error) {
      diverged(this.run, error);
      return never();
    }
  }

  /** One turn: hands out the next recorded end, or begins what has not been recorded. */
  turn(): 'more' | 'finished' {
    try {
      if (this.handOut()) return 'more';
      this.assertConsumed();
    } catch (error) {
      diverged(this.run, error);
      return 'finished';
    }
    this.goLive();
    return 'finished';
  }

  /** The flow has come to its end: has it asked for everything that is recorded? Parks the run when not. */
  consumed(): boolean {
    try {
      this.assertConsumed();
      return true;
    } catch (error) {
      diverged(this.run, error);
      return false;
    }
  }

  private accept(call: StepCall): void {
    const record = this.history.steps.get(call.key);
    if (!record) {
      this.held.push(call);
      return;
    }
    this.compare(call, record);
    this.requested.set(call.key, call);
    if (record.endedBy === 0) this.held.push(call);
    // One step at a time: nothing else could be overtaken, so the end need not wait for the next turn. Now and then it
    // does all the same, so that a long past does not keep the event loop from everybody else.
    const isNext = this.history.ended[this.next] === record;
    if (isNext && this.run.process.blueprint.sequential && this.next % BURST !== BURST - 1) this.handOut();
  }

  private handOut(): boolean {
    const record = this.history.ended[this.next];
    if (!record) return false;
    const call = this.requested.get(record.key);
    if (!call) throw this.misfit(`the end of step "${record.key}"`, this.whatTheCodeDid());
    this.next++;
    this.run.flowTime = record.finishedAt ?? this.run.flowTime;
    call.deliver(endOf(record));
    return true;
  }

  /** The past is used up: everything recorded must have been asked for. */
  private assertConsumed(): void {
    for (const key of this.history.steps.keys()) {
      if (!this.requested.has(key)) throw this.misfit(`a start of step "${key}"`, this.whatTheCodeDid());
    }
  }

  /** Begins the calls that have no end yet, in the order in which the flow made them. */
  private goLive(): void {
    const held = this.held.map((call) => ({ call, record: this.history.steps.get(call.key) }));
    const asking = held.find(({ call, record }) => record?.status === 'started' && call.step.onUnknown === 'ask');
    if (asking && !this.byOperator) {
      return this.run.park(
        'outcome-unknown',
        `Step "${asking.call.key}" was started and never finished, and asks: retry runs it again with the same idempotency key.`,
      );
    }
    for (const { call, record } of held) call.begin(record);
  }

  private compare(call: StepCall, record: StepRecord): void {
    let input: Payload;
    try {
      input = call.encodeInput();
    } catch (error) {
      // Arguments that could not be kept then cannot be kept now either: that is why the step has failed.
      if (record.status === 'failed' && record.hash === undefined) return;
      throw error;
    }
    if (this.run.values.same(record.input, record.hash, input)) return;
    throw this.misfit(
      `step "${call.key}" with ${preview(this.run.values.decode(record.input))}`,
      `it with ${preview(call.args)}`,
    );
  }

  private whatTheCodeDid(): string {
    const extra = this.held.find((call) => !this.history.steps.has(call.key));
    if (extra) return `step "${extra.key}" instead`;
    return this.run.flowEnded ? 'end instead' : 'not call it (does execute await something that is no step?)';
  }

  private misfit(expected: string, actual: string): ProcessDivergedError {
    return new ProcessDivergedError(this.run.id, expected, actual);
  }
}

/** Parks a run whose code, or codec, no longer fits what it has recorded. */
export function diverged(run: Run, error: unknown): void {
  run.park('diverged', error instanceof ProcessDivergedError ? error.message : describeError(error).message);
}

/** What the flow is to see of an ended step. */
function endOf(record: StepRecord): StepEnd {
  return record.status === 'completed' ? { ok: true, value: record.result } : { ok: false, error: record.error };
}

function preview(args: unknown): string {
  let text: string;
  try {
    text =
      JSON.stringify(args, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value)) ?? 'undefined';
  } catch {
    text = '(arguments that cannot be shown)';
  }
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
