import type { AppendCondition, EventQuery, ExpectedVersion } from '@catga/core';

/** An event as a history knows it: where it is, and which one it is. */
export interface HistoryEvent {
  readonly stream: string;
  /** Place in its stream, from 1. */
  readonly version: number;
  /** Place in the whole log. */
  readonly position: number;
  /** What tells it from every other event; the data that {@link HistoryClient} gave it. */
  readonly id: string;
}

/** An event of the final log, with what a filter looks at. */
export interface LogEvent extends HistoryEvent {
  readonly type: string;
  readonly tags?: readonly string[];
}

/** Events that one commit was asked to append to one stream, by their ids. */
export interface AppendIntent {
  readonly stream: string;
  readonly expectedVersion: ExpectedVersion;
  readonly events: readonly string[];
}

/** A commit that was asked for. */
export interface AppendCall {
  readonly kind: 'append';
  /** The idempotency id of the commit; calls with the same one are the same commit, tried again. */
  readonly commitId?: string;
  readonly appends: readonly AppendIntent[];
  readonly conditions?: readonly AppendCondition[];
}

/** A read of one stream, forward and to its end, or to `limit` events. */
export interface StreamReadCall {
  readonly kind: 'read-stream';
  readonly stream: string;
  /** First version to read. */
  readonly from: number;
  readonly limit?: number;
}

/** A read of the whole log. */
export interface LogReadCall {
  readonly kind: 'read-all';
  readonly after: number;
  readonly limit: number;
  readonly query?: EventQuery;
}

/** What a client asked the store for. */
export type HistoryCall = AppendCall | StreamReadCall | LogReadCall;

/** A call began. Written before the store hears of it, so that a process that dies leaves a trace of what it tried. */
export interface CallEntry {
  readonly entry: 'call';
  readonly client: string;
  /** Unique in the whole history. */
  readonly operation: string;
  /** Microseconds of a clock that all processes of this machine share. */
  readonly at: number;
  readonly call: HistoryCall;
}

/** What the store answered to a commit. */
export interface AppendAnswer {
  readonly position: number;
  readonly versions: readonly number[];
}

/** What the store answered to a read. */
export interface ReadAnswer {
  readonly events: readonly HistoryEvent[];
  /** How far the read has looked, when the store says so. */
  readonly position?: number;
}

/** Why a commit was refused. */
export interface Refusal {
  readonly code: string;
  /** The version of a version conflict: the stream it names, and where that was. */
  readonly conflict?: { readonly stream: string; readonly actual: number };
}

/**
 * A call ended. `ok`: the store said yes. `refused`: it said no, and nothing may have changed. `unknown`: it said neither,
 * and either may be true. A call without an outcome is unknown too: its process died.
 */
export type OutcomeEntry = {
  readonly entry: 'outcome';
  readonly operation: string;
  readonly at: number;
} & (
  | { readonly outcome: 'ok'; readonly answer: AppendAnswer | ReadAnswer }
  | { readonly outcome: 'refused'; readonly refusal: Refusal }
  | { readonly outcome: 'unknown'; readonly error: string }
);

/** What a subscription did. Entries of one name, over all its restarts, are one subscription. */
export type SubscriptionEntry = {
  readonly entry: 'subscription';
  readonly subscription: string;
  readonly at: number;
} & (
  | { readonly did: 'start'; readonly after: number; readonly query?: EventQuery }
  | { readonly did: 'deliver'; readonly events: readonly HistoryEvent[]; readonly position: number }
  | { readonly did: 'checkpoint'; readonly position: number }
);

/** One line of a history. */
export type HistoryEntry = CallEntry | OutcomeEntry | SubscriptionEntry;
