import { randomUUID } from 'node:crypto';
import { InvalidOptionError } from '../../foundation/index.js';
import { Turns } from '../turns.js';
import { WakeUp } from '../wake-up.js';
import { HeldLock } from './held-lock.js';
import type { LockBackend, LockRequest } from './lock-backend.js';
import { LockTimeoutError } from './lock.errors.js';
import type { Lock } from './lock.js';
import { resolveLockOptions, type LockDefaults, type LockOptions, type LockSettings } from './lock.options.js';

/**
 * One holder at a time for each name, over all nodes. Held locks are renewed by themselves; one whose holder dies is free
 * again after its `ttl`. Those who wait are woken by the release, and served roughly in the order in which they came.
 * Not re-entrant: who asks again while holding it waits for itself.
 *
 * No lock can keep a holder that stood still from writing late. {@link Lock.token} can: see the guide.
 *
 * @example
 * ```ts
 * await locks.withLock(`invoice:${id}`, { ttl: '30s', wait: '5s' }, async (lock) => {
 *   await invoices.settle(id, { signal: lock.signal, fence: lock.token });
 * });
 * ```
 * @example
 * ```ts
 * await using lock = await locks.acquire('nightly-report', { wait: 0 });
 * ```
 */
export class DistributedLock {
  private readonly turns = new Turns();
  private readonly held = new Set<HeldLock>();
  private readonly defaults: LockSettings;

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError} */
  constructor(
    private readonly backend: LockBackend,
    defaults: LockDefaults = {},
  ) {
    this.defaults = resolveLockOptions('lock', defaults);
  }

  /**
   * Waits for the lock and takes it.
   *
   * @throws {LockTimeoutError} it was not free within `wait`
   * @throws the reason of `signal`
   * @throws {StoreUnavailableError} and other errors of kind `infrastructure`
   */
  async acquire(name: string, options: LockOptions = {}): Promise<Lock> {
    if (typeof name !== 'string' || name === '') throw new InvalidOptionError('name of a lock', name, 'some text');
    const { ttl, wait } = resolveLockOptions(`lock "${name}"`, options, this.defaults);
    const { signal } = options;
    signal?.throwIfAborted();
    const deadline = performance.now() + wait;
    const leave = await this.turns.enter(name, { within: wait, signal });
    if (leave === undefined) throw new LockTimeoutError(name, wait);
    const request: LockRequest = { name, owner: randomUUID(), ttl, queue: wait > 0 };
    try {
      const lock = await this.compete(request, deadline, leave, signal);
      if (lock === undefined) throw new LockTimeoutError(name, wait);
      return lock;
    } catch (error) {
      // Whatever came of the last request: we are not interested any more. If this fails, the lease or the turn ends.
      await this.backend.release(name, request.owner).catch(() => undefined);
      leave();
      throw error;
    }
  }

  /**
   * Runs the function under the lock and releases it.
   *
   * @returns what the function returns
   * @throws what the function throws
   * @throws {LockLostError} the function has ended well, but the lock was lost meanwhile; the function heard of it by
   * `lock.signal`
   * @throws as {@link DistributedLock.acquire}
   */
  async withLock<T>(name: string, options: LockOptions, run: (lock: Lock) => T | Promise<T>): Promise<T> {
    const lock = await this.acquire(name, options);
    try {
      const result = await run(lock);
      lock.assertHeld();
      return result;
    } finally {
      await lock[Symbol.asyncDispose]();
    }
  }

  /** Releases every lock that is held here. Catga calls it at shutdown, after handlers have ended. */
  async releaseAll(): Promise<void> {
    await Promise.all([...this.held].map((lock) => lock[Symbol.asyncDispose]()));
  }

  /** Undefined when the time was over first. */
  private async compete(
    request: LockRequest,
    deadline: number,
    leave: () => void,
    signal: AbortSignal | undefined,
  ): Promise<Lock | undefined> {
    const { backend } = this;
    const released = new WakeUp();
    // Whoever listens first and asks then misses nothing.
    const stop = request.queue ? backend.onRelease(request.name, released.call) : () => undefined;
    try {
      for (;;) {
        const asked = performance.now();
        const answer = await backend.take(request);
        signal?.throwIfAborted();
        if (answer.isGranted) return this.hold(request, answer.token, asked, leave);
        const left = deadline - performance.now();
        if (left <= 0) return undefined;
        await released.wait(Math.min(left, answer.retryIn), signal);
      }
    } finally {
      stop();
    }
  }

  private hold({ name, owner, ttl }: LockRequest, token: number, asked: number, leave: () => void): Lock {
    const { backend, held } = this;
    const ended = (): void => {
      held.delete(lock);
      leave();
    };
    const lock = new HeldLock({ backend, name, owner, token, ttl, asked, ended });
    held.add(lock);
    return lock;
  }
}
