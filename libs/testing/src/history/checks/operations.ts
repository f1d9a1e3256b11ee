import type {
  AppendAnswer,
  AppendCall,
  CallEntry,
  HistoryEntry,
  LogEvent,
  LogReadCall,
  OutcomeEntry,
  ReadAnswer,
  Refusal,
  StreamReadCall,
} from '../history.js';
import type { FinalLog } from './final-log.js';

/** A commit: one call, or all the calls with one idempotency id. */
export interface Commit {
  readonly operation: string;
  readonly client: string;
  readonly call: AppendCall;
  readonly ids: readonly string[];
  /** When its first call began. */
  readonly start: number;
  /** When it was acknowledged first; infinite when it never was. */
  end: number;
  readonly answers: AppendAnswer[];
  readonly refusals: { readonly refusal: Refusal; readonly start: number; readonly end: number }[];
  /** Calls that ended without a yes or a no. */
  unknown: number;
  /** Those of its events that are in the log, in the order in which they were asked for. */
  readonly kept: readonly LogEvent[];
}

/** A read that was answered. */
export interface Read {
  readonly operation: string;
  readonly client: string;
  readonly call: StreamReadCall | LogReadCall;
  readonly start: number;
  readonly end: number;
  readonly answer: ReadAnswer;
}

/** What clients asked for and heard, call and answer put together. */
export interface Operations {
  readonly commits: readonly Commit[];
  readonly reads: readonly Read[];
}

/** Puts calls and answers together, and the calls of one commit. */
export function operationsOf(history: readonly HistoryEntry[], log: FinalLog): Operations {
  const outcomes = new Map<string, OutcomeEntry>();
  for (const entry of history) if (entry.entry === 'outcome') outcomes.set(entry.operation, entry);
  const commits = new Map<string, Commit>();
  const reads: Read[] = [];
  const calls = history.filter((entry): entry is CallEntry => entry.entry === 'call').sort((a, b) => a.at - b.at);
  for (const { operation, client, at: start, call } of calls) {
    const outcome = outcomes.get(operation);
    if (call.kind !== 'append') {
      if (outcome?.outcome === 'ok')
        reads.push({ operation, client, call, start, end: outcome.at, answer: outcome.answer as ReadAnswer });
      continue;
    }
    const key = call.commitId ?? operation;
    const commit = commits.get(key) ?? newCommit(operation, client, call, start, log);
    commits.set(key, commit);
    addOutcome(commit, start, outcome);
  }
  return { commits: [...commits.values()], reads };
}

function newCommit(operation: string, client: string, call: AppendCall, start: number, log: FinalLog): Commit {
  const ids = call.appends.flatMap(({ events }) => events);
  const kept = ids.map((id) => log.byId.get(id)).filter((event) => event !== undefined);
  const end = Number.POSITIVE_INFINITY;
  return { operation, client, call, ids, start, end, answers: [], refusals: [], unknown: 0, kept };
}

function addOutcome(commit: Commit, start: number, outcome: OutcomeEntry | undefined): void {
  if (outcome === undefined || outcome.outcome === 'unknown') {
    commit.unknown++;
  } else if (outcome.outcome === 'ok') {
    commit.answers.push(outcome.answer as AppendAnswer);
    commit.end = Math.min(commit.end, outcome.at);
  } else {
    commit.refusals.push({ refusal: outcome.refusal, start, end: outcome.at });
  }
}
