import type { Payload, Store } from '../../store/index.js';
import type { EventMeta, RecordedEvent } from './journal-event.js';
import { toRecorded } from './journal-event.js';

/** What the journal says about one step instance. */
export interface StepRecord {
  readonly key: string;
  readonly name: string;
  method: string | undefined;
  input: Payload;
  hash: string | undefined;
  /** Attempts begun. */
  attempts: number;
  /** Attempts that ended with an error. */
  failures: number;
  status: 'started' | 'retrying' | 'completed' | 'failed';
  undo: 'none' | 'compensated' | 'skipped' | 'failing' | 'stuck';
  /** Errors of the compensation since an operator last decided. */
  undoFailures: number;
  undoRetryAt: number | undefined;
  result: Payload;
  error: Payload;
  startedAt: number;
  finishedAt: number | undefined;
  retryAt: number | undefined;
  /** Version of the event that ended it: the order of completion. */
  endedBy: number;
  /** Some attempt ended in neither a result nor a plain no: its effect may have happened. */
  inDoubt: boolean;
  /** It failed with a plain no: nothing has happened. */
  refused: boolean;
}

/**
 * One run, folded from its journal. Everything the engine knows of a run that it has not executed itself comes from
 * here; status is what the last deciding event says, it is never counted together.
 */
export class History {
  version = 0;
  started: EventMeta = {};
  startedAt = 0;
  input: Payload = null;
  epoch = 0;
  owner: string | undefined;
  readonly steps = new Map<string, StepRecord>();
  /** Ended steps in the order in which their ends were recorded. */
  readonly ended: StepRecord[] = [];
  readonly patches = new Set<string>();
  cancel: EventMeta | undefined;
  compensating: { readonly meta: EventMeta; readonly error: Payload } | undefined;
  suspended: { readonly meta: EventMeta; readonly at: number } | undefined;
  terminal:
    | { readonly type: RecordedEvent['type']; readonly meta: EventMeta; readonly data: Payload; readonly at: number }
    | undefined;
  /** Claims after a crash since the run last got on. */
  claimsWithoutProgress = 0;
  /** Version of the last claim by an operator; limits count from there. */
  operatorAt = 0;
  lastAt = 0;
  private renames: ReadonlyMap<string, string>;

  /** @param renames former step name → today's name */
  constructor(renames: ReadonlyMap<string, string> = new Map()) {
    this.renames = renames;
  }

  static async load(store: Store, stream: string, renames?: ReadonlyMap<string, string>): Promise<History> {
    const history = new History(renames);
    for (const event of await store.readStream(stream)) history.apply(toRecorded(event));
    return history;
  }

  apply(event: RecordedEvent): void {
    this.version = event.version;
    this.lastAt = event.at;
    const { meta } = event;
    switch (event.type) {
      case 'ProcessStarted':
        this.started = meta;
        this.startedAt = event.at;
        this.input = event.data;
        this.epoch = meta.epoch ?? 1;
        this.owner = meta.owner;
        return;
      case 'ProcessClaimed':
        return this.claimed(meta, event.version);
      case 'ProcessStepStarted':
        return this.stepStarted(event);
      case 'ProcessStepCompleted':
      case 'ProcessStepFailed':
        return this.stepEnded(event);
      case 'ProcessPatched':
        this.patches.add(meta.patch as string);
        return;
      case 'ProcessSuspended':
        this.suspended = { meta, at: event.at };
        return;
      case 'ProcessCancelRequested':
        this.cancel = meta;
        return;
      case 'ProcessCompensationStarted':
        this.compensating = { meta, error: event.data };
        return this.progress();
      case 'ProcessStepCompensated':
      case 'ProcessStepCompensationFailed':
        return this.undone(event);
      case 'ProcessCompleted':
      case 'ProcessFailed':
      case 'ProcessCancelled':
      case 'ProcessContinuedAsNew':
        this.terminal = { type: event.type, meta, data: event.data, at: event.at };
        return;
    }
  }

  private claimed(meta: EventMeta, version: number): void {
    this.epoch = meta.epoch as number;
    this.owner = meta.owner;
    this.suspended = undefined;
    if (meta.reason === 'expired') this.claimsWithoutProgress++;
    if (meta.reason !== 'operator') return;
    this.claimsWithoutProgress = 0;
    this.operatorAt = version;
    for (const step of this.steps.values()) {
      step.undoFailures = 0;
      if (step.undo === 'stuck') step.undo = 'failing';
    }
  }

  private progress(): void {
    this.claimsWithoutProgress = 0;
  }

  private stepStarted(event: RecordedEvent): void {
    const key = this.rename(event.meta.step as string);
    const step = this.steps.get(key);
    if (step) {
      // Begun again without an answer in between: the earlier attempt was cut off.
      if (step.status === 'started') step.inDoubt = true;
      step.attempts++;
      step.status = 'started';
      step.retryAt = undefined;
      return;
    }
    this.steps.set(key, {
      key,
      name: key.slice(0, key.search(/[:[]/)),
      method: event.meta.method,
      input: event.data,
      hash: event.meta.hash,
      attempts: 1,
      failures: 0,
      status: 'started',
      undo: 'none',
      undoFailures: 0,
      undoRetryAt: undefined,
      result: undefined,
      error: undefined,
      startedAt: event.at,
      finishedAt: undefined,
      retryAt: undefined,
      endedBy: 0,
      inDoubt: false,
      refused: false,
    });
  }

  private stepEnded(event: RecordedEvent): void {
    const step = this.steps.get(this.rename(event.meta.step as string));
    if (!step) return;
    this.progress();
    if (event.type === 'ProcessStepCompleted') {
      step.status = 'completed';
      step.result = event.data;
    } else {
      step.failures++;
      step.error = event.data;
      if (event.meta.outcome !== 'refused') step.inDoubt = true;
      if (event.meta.retryAt !== undefined) {
        step.status = 'retrying';
        step.retryAt = event.meta.retryAt;
        return;
      }
      step.status = 'failed';
      step.refused = event.meta.outcome === 'refused' && !step.inDoubt;
    }
    step.finishedAt = event.at;
    step.endedBy = event.version;
    this.ended.push(step);
  }

  private undone(event: RecordedEvent): void {
    const step = this.steps.get(this.rename(event.meta.step as string));
    if (!step) return;
    this.progress();
    if (event.type === 'ProcessStepCompensated') {
      step.undo = event.meta.decision === 'skip' ? 'skipped' : 'compensated';
      return;
    }
    step.undoFailures++;
    step.error = event.data;
    step.undoRetryAt = event.meta.retryAt;
    step.undo = event.meta.retryAt === undefined ? 'stuck' : 'failing';
  }

  private rename(key: string): string {
    if (this.renames.size === 0) return key;
    const end = key.search(/[:[]/);
    const now = this.renames.get(key.slice(0, end));
    return now === undefined ? key : now + key.slice(end);
  }
}
