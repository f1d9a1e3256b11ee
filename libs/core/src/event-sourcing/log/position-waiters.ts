import { SubscriptionEndedError, SubscriptionTimeoutError } from './log.errors.js';

interface Waiter {
  readonly position: number;
  readonly done: () => void;
  readonly failed: (error: Error) => void;
}

/** Who waits for a subscription to get somewhere. */
export class PositionWaiters {
  private waiters: Waiter[] = [];

  constructor(private readonly name: string) {}

  /** @param timeout milliseconds; undefined for none */
  add(position: number, reached: () => number, timeout: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer =
        timeout === undefined ? undefined : setTimeout(() => this.giveUp(waiter, reached(), timeout), timeout);
      const waiter: Waiter = {
        position,
        done: () => {
          clearTimeout(timer);
          resolve();
        },
        failed: (error) => {
          clearTimeout(timer);
          reject(error);
        },
      };
      this.waiters.push(waiter);
    });
  }

  reached(position: number): void {
    if (this.waiters.length === 0) return;
    const there = this.waiters.filter((waiter) => waiter.position <= position);
    if (there.length === 0) return;
    this.waiters = this.waiters.filter((waiter) => waiter.position > position);
    for (const waiter of there) waiter.done();
  }

  ended(position: number, cause: unknown): void {
    const options = cause === undefined ? undefined : { cause };
    for (const waiter of this.waiters.splice(0)) {
      waiter.failed(new SubscriptionEndedError(this.name, position, options));
    }
  }

  private giveUp(waiter: Waiter, reached: number, timeout: number): void {
    this.waiters = this.waiters.filter((one) => one !== waiter);
    waiter.failed(new SubscriptionTimeoutError(this.name, waiter.position, reached, timeout));
  }
}
