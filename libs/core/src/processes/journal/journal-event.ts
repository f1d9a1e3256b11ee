import type { EventShape, NewEvent, Payload, StoredEvent } from '../../store/index.js';

/** The events of which a run's history is made. */
export type JournalEventType =
  | 'ProcessStarted'
  | 'ProcessClaimed'
  | 'ProcessStepStarted'
  | 'ProcessStepCompleted'
  | 'ProcessStepFailed'
  | 'ProcessPatched'
  | 'ProcessSuspended'
  | 'ProcessCancelRequested'
  | 'ProcessCompensationStarted'
  | 'ProcessStepCompensated'
  | 'ProcessStepCompensationFailed'
  | 'ProcessCompleted'
  | 'ProcessFailed'
  | 'ProcessCancelled'
  | 'ProcessContinuedAsNew';

/** What the engine itself notes with an event; always plain JSON, whatever codec the values use. */
export interface EventMeta {
  /** Key of the step: `name:occurrence`. */
  readonly step?: string;
  /** Method that ran, when a step has alternatives. */
  readonly method?: string;
  /** From 1. */
  readonly attempt?: number;
  /** Hash of the arguments of a step. */
  readonly hash?: string;
  /** `refused`: a plain no, nothing happened. `unknown`: the effect may have happened. */
  readonly outcome?: 'failed' | 'refused' | 'unknown';
  /** Another attempt follows at this time, milliseconds since 1970; left out: the failure is final. */
  readonly retryAt?: number;
  /** Which tenure of the run: grows with each claim. */
  readonly epoch?: number;
  /** Node that writes. */
  readonly owner?: string;
  /** Why a run was claimed or suspended. */
  readonly reason?: string;
  readonly explanation?: string;
  /** When a suspended run goes on, milliseconds since 1970. */
  readonly until?: number;
  readonly by?: string;
  /** Operator's decision about a compensation. */
  readonly decision?: 'skip' | 'done';
  /** Cancellation: undo completed steps first. */
  readonly compensate?: boolean;
  readonly patch?: string;
  readonly name?: string;
  readonly id?: string;
  readonly run?: number;
  /** Version of the definition. */
  readonly version?: string;
  /** Version of the engine's replay rules. */
  readonly engine?: number;
  readonly correlationId?: string;
  readonly causationId?: string;
  readonly tenant?: string;
  readonly tags?: readonly string[];
}

/** An event that the engine writes. `data` is already encoded where the store wants it encoded. */
export class JournalEvent implements NewEvent {
  constructor(
    readonly type: JournalEventType,
    readonly at: number,
    readonly metadata: EventMeta,
    readonly data: Payload = null,
  ) {}
}

/** The same as a {@link JournalEvent}, smaller: written once per step, and memory keeps every one of them. */
export class StepStarted implements NewEvent {
  constructor(
    readonly at: number,
    readonly step: string,
    readonly data: Payload,
    readonly attempt: number,
    readonly hash: string | undefined,
    readonly method: string | undefined,
  ) {}
  get type(): JournalEventType {
    return 'ProcessStepStarted';
  }
  get metadata(): EventMeta {
    return {
      step: this.step,
      attempt: this.attempt,
      ...(this.hash === undefined ? {} : { hash: this.hash }),
      ...(this.method === undefined ? {} : { method: this.method }),
    };
  }
  /** As {@link metadataText}, in a third of the time: no object is made, and three of four events are of steps. */
  get metadataText(): string {
    let text = `{"step":${JSON.stringify(this.step)},"attempt":${this.attempt}`;
    if (this.hash !== undefined) text += `,"hash":${JSON.stringify(this.hash)}`;
    if (this.method !== undefined) text += `,"method":${JSON.stringify(this.method)}`;
    return `${text}}`;
  }
}

/** See {@link StepStarted}. */
export class StepCompleted implements NewEvent {
  constructor(
    readonly at: number,
    readonly step: string,
    readonly data: Payload,
  ) {}
  get type(): JournalEventType {
    return 'ProcessStepCompleted';
  }
  get metadata(): EventMeta {
    return { step: this.step };
  }
  /** See {@link StepStarted}. */
  get metadataText(): string {
    return `{"step":${JSON.stringify(this.step)}}`;
  }
}

/** What a store of text keeps as the metadata of an event. */
export function metadataText(shape: EventShape): string {
  return shape instanceof StepStarted || shape instanceof StepCompleted
    ? shape.metadataText
    : JSON.stringify(shape.metadata);
}

/** An event as read back: its metadata is plain again, its data still encoded. */
export interface RecordedEvent {
  readonly type: JournalEventType;
  readonly version: number;
  readonly at: number;
  readonly meta: EventMeta;
  readonly data: Payload;
}

/** Reads the metadata back that {@link toNewEvent} wrote. */
export function toRecorded(event: StoredEvent): RecordedEvent {
  const { metadata } = event;
  return {
    type: event.type as JournalEventType,
    version: event.version,
    at: event.at,
    meta: (typeof metadata === 'string' ? JSON.parse(metadata) : (metadata ?? {})) as EventMeta,
    data: event.data,
  };
}

/** An event as a store of text takes it. */
export function toNewEvent(event: NewEvent): NewEvent {
  return { type: event.type, at: event.at as number, data: event.data ?? '', metadata: metadataText(event) };
}
