import { Logger } from '@nestjs/common';
import type { LockBackend } from './lock-backend.js';
import { LockLostError } from './lock.errors.js';
import type { Lock } from './lock.js';
import { timer } from '../turns.js';

/** The part of a lease in which it is held: clocks of two machines do not run at the same speed. */
const SAFE = 0.95;

/** What a {@link HeldLock} stands on. */
export interface Grant {
  readonly backend: LockBackend;
  readonly name: string;
  readonly owner: string;
  readonly token: number;
  /** Milliseconds. */
  readonly ttl: number;
  /** When the lock was asked for, by `performance.now()`: the lease is measured from there. */
  readonly asked: number;
  /** Called once, when the lock is lost or released. */
  readonly ended: () => void;
}

/** A lock while it is held: renewed at a third of its lease, given up when that did not work. */
export class HeldLock implements Lock {
  private readonly logger = new Logger('Lock');
  private readonly controller = new AbortController();
  /** By `performance.now()`. */
  private leaseEnd: number;
  private state: 'held' | 'released' | 'lost' = 'held';
  private renewal: NodeJS.Timeout | undefined;
  private end: NodeJS.Timeout | undefined;
  /** Why the last renewal failed. */
  private problem: unknown;

  constructor(private readonly grant: Grant) {
    this.leaseEnd = grant.asked + grant.ttl * SAFE;
    this.schedule(grant.ttl / 3);
  }

  get name(): string {
    return this.grant.name;
  }

  get token(): number {
    return this.grant.token;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get isHeld(): boolean {
    return this.state === 'held' && performance.now() < this.leaseEnd;
  }

  assertHeld(): void {
    if (this.isHeld) return;
    if (this.state === 'released') throw this.lost('it was released');
    this.signal.throwIfAborted();
    throw this.lost('its lease is over');
  }

  async release(): Promise<void> {
    if (this.state !== 'held') return;
    this.stop('released');
    try {
      await this.grant.backend.release(this.name, this.grant.owner);
    } finally {
      this.grant.ended();
    }
  }

  /** As {@link Lock.release}; what goes wrong is logged, so that it does not hide an error of the block. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.release();
    } catch (error) {
      this.logger.warn(
        `The lock "${this.name}" could not be released; others get it within ${this.grant.ttl} ms. ${String(error)}`,
      );
    }
  }

  private schedule(renewIn: number): void {
    clearTimeout(this.end);
    this.end = timer(() => this.lose('its lease is over', this.problem), this.leaseEnd - performance.now()).unref();
    this.renewal = timer(() => void this.renew(), renewIn).unref();
  }

  private async renew(): Promise<void> {
    const { backend, owner, ttl } = this.grant;
    const asked = performance.now();
    try {
      if (!(await backend.renew(this.name, owner, ttl))) return this.lose('somebody else has it');
      this.problem = undefined;
      this.leaseEnd = Math.max(this.leaseEnd, asked + ttl * SAFE);
      if (this.state === 'held') this.schedule(ttl / 3);
    } catch (error) {
      this.problem = error;
      if (this.state === 'held') this.schedule(ttl / 10);
    }
  }

  private lose(why: string, cause?: unknown): void {
    if (this.state !== 'held') return;
    this.stop('lost');
    this.controller.abort(this.lost(why, cause));
    this.grant.ended();
  }

  private stop(state: 'released' | 'lost'): void {
    this.state = state;
    clearTimeout(this.renewal);
    clearTimeout(this.end);
  }

  private lost(why: string, cause?: unknown): LockLostError {
    return new LockLostError(this.name, this.token, why, cause === undefined ? {} : { cause });
  }
}
