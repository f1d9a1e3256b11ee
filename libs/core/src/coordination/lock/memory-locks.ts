import { systemClock, type Clock } from '../../foundation/index.js';
import type { LockAnswer, LockBackend, LockRequest } from './lock-backend.js';
import { releaseLock, renewLock, takeLock, type LockChange, type LockState } from './lock-state.js';

/** Locks of this OS process, for tests and applications on one node. Give one to several `DistributedLock`s to share it. */
export class MemoryLocks implements LockBackend {
  readonly name = 'memory';
  private readonly states = new Map<string, LockState>();
  private readonly listeners = new Map<string, Set<() => void>>();
  /** Above every token that a forgotten lock has given. */
  private highest = 0;

  constructor(private readonly clock: Clock = systemClock) {}

  async take(request: LockRequest): Promise<LockAnswer> {
    return this.change(request.name, (state, now) => takeLock(state, now, request));
  }

  async renew(name: string, owner: string, ttl: number): Promise<boolean> {
    return this.change(name, (state, now) => renewLock(state, now, owner, ttl));
  }

  async release(name: string, owner: string): Promise<void> {
    const isFreed = this.change(name, (state, now) => releaseLock(state, now, owner));
    const state = this.states.get(name);
    if (state !== undefined && state.owner === undefined && state.queue.length === 0) {
      this.highest = Math.max(this.highest, state.token);
      this.states.delete(name);
    }
    if (isFreed) for (const listener of this.listeners.get(name) ?? []) listener();
  }

  onRelease(name: string, listener: () => void): () => void {
    const own = (): void => listener();
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.listeners.get(name) === listeners) this.listeners.delete(name);
    };
  }

  private change<T>(name: string, decide: (state: LockState, now: number) => LockChange<T>): T {
    const now = this.clock.monotonic();
    const state = this.states.get(name) ?? { token: this.highest, until: Number.NEGATIVE_INFINITY, queue: [] };
    const { next, answer } = decide(state, now);
    if (next !== undefined) this.states.set(name, next);
    return answer;
  }
}
