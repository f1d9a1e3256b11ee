import { CatgaError, StoreUnavailableError, type StoreUnavailableReason } from '@catga/core';
import {
  isAuthFailure,
  isConnectionFailure,
  messageOf,
  RedisUnavailableError,
  withoutDot,
} from '../connection/index.js';

/** A commit that is larger than the store was told to take. Nothing was sent, and nothing waits for it. */
export class CommitTooLargeError extends CatgaError {
  readonly code = 'CATGA_REDIS_COMMIT_TOO_LARGE';
  readonly kind = 'request';
  constructor(store: string, size: number, limit: number) {
    super(
      `A commit to the Redis store "${store}" takes about ${size} bytes; it takes ${limit} (maxCommitSize), in a million texts at most. Nothing was written. Make several commits of it, keep large data elsewhere and store where it is, or raise maxCommitSize.`,
      { details: { store, size, limit } },
    );
  }
}

const ADVICE: Partial<Record<StoreUnavailableReason, string>> = {
  'disk-full':
    'There is no room left, or the server could not write its files: see maxmemory, the disk, and the log of the server. Nothing of this was written; it works again when there is room.',
  'read-only': 'The server is a replica: give the address of the primary. Nothing of this was written.',
  connection: 'It is tried again with the next call; check that the server runs and that the address is right.',
  unknown: 'See the message of Redis.',
};

/** What the answers of the server mean. */
const ANSWERS: readonly (readonly [RegExp, StoreUnavailableReason])[] = [
  [/\bOOM\b/, 'disk-full'],
  [/\bMISCONF\b/, 'disk-full'],
  [/\bREADONLY\b/, 'read-only'],
  [/\b(LOADING|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b/, 'connection'],
];

/** Told by every script when the store behind the connection is not the one that this client knew. */
export function isLoss(error: unknown): boolean {
  return messageOf(error).includes('CATGA_LOST');
}

/** The error of a failed call: what happened, to which store, and what to do. */
export function toStoreError(store: string, error: unknown): StoreUnavailableError {
  const message = messageOf(error);
  const known = ANSWERS.find(([pattern]) => pattern.test(message))?.[1];
  const isConnection = isConnectionFailure(error) || isAuthFailure(error);
  const reason = known ?? (isConnection ? 'connection' : 'unknown');
  const what = error instanceof RedisUnavailableError ? error.summary : withoutDot(message);
  return storeError(reason, store, `${what}. ${ADVICE[reason] ?? ''}`.trimEnd(), error);
}

/** A read that got no answer in time. */
export function unanswered(store: string, what: string, cause: unknown): StoreUnavailableError {
  return storeError('connection', store, `${withoutDot(what)}. ${ADVICE.connection}`, cause);
}

/** An error of the store of that name. */
export function storeError(
  reason: StoreUnavailableReason,
  store: string,
  text: string,
  cause?: unknown,
): StoreUnavailableError {
  return new StoreUnavailableError(reason, `The Redis store "${store}" cannot be used: ${text}`, {
    ...(cause !== undefined && { cause }),
    details: { store, reason },
  });
}

/** What the answer that something was lost means, in words. */
export function lossError(store: string, error: unknown, seen: number): StoreUnavailableError {
  const message = messageOf(error);
  const [, position] = /CATGA_LOST position (\d+)/.exec(message) ?? [];
  const cause =
    'Redis crashed without appendfsync always, a replica that was behind has taken over, or a backup was restored';
  let what =
    'it is another store than the one that was opened, or empty: its data was deleted, or another took its place';
  if (position !== undefined) what = `it ends at position ${position}, but ${seen} was acknowledged: ${cause}`;
  if (message.includes('CATGA_LOST commits')) what = `commits that were acknowledged are gone: ${cause}`;
  const advice =
    'What was acknowledged since then is lost. Stop all nodes, restore the data or accept the loss, and start them again; until then nothing is read or written.';
  return storeError('data-loss', store, `${what}. ${advice}`, error);
}
