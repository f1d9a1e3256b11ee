import type { LockAnswer, LockRequest } from './lock-backend.js';

/** What is known of one lock. Times are of the clock of the place where it is kept. */
export interface LockState {
  /** The last one given. */
  readonly token: number;
  readonly owner?: string;
  /** Milliseconds since 1970: while it has an owner, the end of the lease; without one, since when it is free. */
  readonly until: number;
  /** Owners that wait, first come first. */
  readonly queue: readonly string[];
}

/** What a change makes of the state; no `next`: it stays as it is. */
export interface LockChange<T> {
  readonly next?: LockState;
  readonly answer: T;
}

/**
 * Milliseconds in which only the first in line may take a free lock; then the second may as well, and so on. So one that
 * has died waiting delays the others once, by this much, and those who wait need not prove that they live.
 */
export const LOCK_TURN = 500;

/** Gives the lock, or a place in the line. */
export function takeLock(state: LockState, now: number, request: LockRequest): LockChange<LockAnswer> {
  const { owner, ttl } = request;
  if (state.owner === owner && state.until > now) {
    return { next: { ...state, until: now + ttl }, answer: { isGranted: true, token: state.token } };
  }
  const found = state.queue.indexOf(owner);
  const place = found === -1 ? state.queue.length : found;
  const from = state.until + place * LOCK_TURN;
  const isHeld = state.owner !== undefined && state.until > now;
  if (!isHeld && from <= now) return grant(state, now, request, place);
  const isNew = found === -1 && request.queue;
  return {
    ...(isNew && { next: { ...state, queue: [...state.queue, owner] } }),
    answer: { isGranted: false, retryIn: Math.max(1, from - now) },
  };
}

/** Undefined when the owner has it no longer. */
export function renewLock(state: LockState, now: number, owner: string, ttl: number): LockChange<boolean> {
  if (state.owner !== owner) return { answer: false };
  return { next: { ...state, until: Math.max(state.until, now + ttl) }, answer: true };
}

/** Frees the lock or the place in the line; true when others may now have it. */
export function releaseLock(state: LockState, now: number, owner: string): LockChange<boolean> {
  const queue = state.queue.filter((each) => each !== owner);
  const { token } = state;
  if (state.owner === owner) return { next: { token, until: now, queue }, answer: true };
  // Those behind it may be next now, and think that they are not.
  if (queue.length < state.queue.length) return { next: { ...state, queue }, answer: true };
  return { answer: false };
}

/** Those before it have missed their turn. */
function grant(
  { token, queue }: LockState,
  now: number,
  { owner, ttl }: LockRequest,
  place: number,
): LockChange<LockAnswer> {
  const next = { token: token + 1, owner, until: now + ttl, queue: queue.slice(place + 1) };
  return { next, answer: { isGranted: true, token: token + 1 } };
}
