import type { Type } from '../../messages/index.js';
import type {
  AppendCondition,
  EventQuery,
  ExpectedVersion,
  ReadAllOptions,
  ReadStreamOptions,
  RecordWrite,
  StreamChange,
} from '../../store/index.js';
import type {
  EventContext,
  EventList,
  EventMetadataInput,
  RecordedEvent,
  UnknownEventPolicy,
} from '../events/index.js';

/** What goes with all events of an append. */
export interface EventNotes {
  /** Who and why. What is left out comes from `context`. */
  readonly metadata?: EventMetadataInput | undefined;
  /** The context a handler got as its second argument: correlation, tenant, trace and headers come from it, and its message is the cause. */
  readonly context?: EventContext | undefined;
  /** Tags beside those that `@EventTags` gives. */
  readonly tags?: readonly string[] | undefined;
}

/** Options of {@link EventLog.append}. */
export interface AppendOptions extends EventNotes {
  /** What must hold for the stream; a number is its exact version. Default `any`. */
  readonly expectedVersion?: ExpectedVersion | undefined;
  /** Makes the append safe to repeat: with the id of a former commit nothing is written and its answer is given again. */
  readonly id?: string | undefined;
  /** Queries that must have no newer event: a dynamic consistency boundary. */
  readonly conditions?: readonly AppendCondition[] | undefined;
  /** Records written in the same commit. */
  readonly records?: readonly RecordWrite[] | undefined;
}

/** What an append did. */
export interface AppendResult {
  /** Version of the stream after it. */
  readonly version: number;
  /** Position of the last event of the log after it: give it to `waitFor` to read your own writes. */
  readonly position: number;
  /** True when the id was committed before: this is the first answer, nothing was written now. */
  readonly repeated: boolean;
}

/** Events for one stream, see {@link EventLog.commit}. */
export interface LogAppend extends EventNotes {
  readonly stream: string;
  readonly events: readonly object[];
  /** Default `any`. */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** What {@link EventLog.commit} takes: all of it happens, or none. */
export interface LogCommit {
  readonly appends?: readonly LogAppend[] | undefined;
  /** See {@link AppendOptions.conditions}. */
  readonly conditions?: readonly AppendCondition[] | undefined;
  readonly records?: readonly RecordWrite[] | undefined;
  /** Streams to truncate, archive, delete or reopen, before the appends. */
  readonly streams?: readonly StreamChange[] | undefined;
  /** See {@link AppendOptions.id}. */
  readonly id?: string | undefined;
}

/** What a commit did. */
export interface LogCommitResult {
  /** See {@link AppendResult.position}. */
  readonly position: number;
  /** Versions of the streams of `appends`, in the same order. */
  readonly versions: readonly number[];
  /** Versions of the records of `records`, in the same order; 0 for a deleted one. */
  readonly recordVersions: readonly number[];
  /** See {@link AppendResult.repeated}. */
  readonly repeated: boolean;
}

/** Options of {@link EventLog.read}. */
export interface ReadEventsOptions extends ReadStreamOptions {
  /** Default `throw`. */
  readonly unknown?: UnknownEventPolicy | undefined;
}

/** Which events of all streams are asked for. */
export interface EventSelection {
  /** Classes of events, under all names they ever had. */
  readonly events?: readonly Type<object>[] | undefined;
  /** Types, categories of streams, tags. With `events`, both must hold. */
  readonly query?: EventQuery | undefined;
}

/** Options of {@link EventLog.readAll}. */
export interface ReadLogOptions extends Omit<ReadAllOptions, 'query'>, EventSelection {
  /** Default `throw`. */
  readonly unknown?: UnknownEventPolicy | undefined;
}

/** A part of the log. */
export interface RecordedPage<E extends object = object> {
  readonly events: readonly RecordedEvent<E>[];
  /** How far was read: everything that was asked for up to this position is in the page. Read on from here. */
  readonly position: number;
}

/** What {@link EventLog.history} gives. */
export interface StreamHistory {
  /** The events, in order and without a gap. */
  readonly events: readonly object[];
  /** The same, where nothing is copied if the store has them as they are. */
  readonly list: EventList;
  /** What the store keeps of each, in the same order. */
  readonly payloads: readonly unknown[];
  /** The first of them; undefined when there are none. */
  readonly first: { readonly version: number; readonly position: number } | undefined;
  /** When one of them happened, by its place in `events`. Milliseconds since 1970. */
  readonly timeOf: (index: number) => number;
}

/** Options of {@link EventLog.replay}. */
export interface ReplayOptions {
  /** First version. Default 1. */
  readonly from?: number | undefined;
  /** Last version. Default: to the end. */
  readonly to?: number | undefined;
  /** Only events that happened at this time or earlier. Milliseconds since 1970. */
  readonly until?: number | undefined;
}

/** Options of what changes a stream as a whole. */
export interface StreamChangeOptions {
  /** What must hold for the stream. Default `any`. */
  readonly expectedVersion?: ExpectedVersion | undefined;
}
