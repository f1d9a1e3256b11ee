interface Waiter {
  readonly promise: Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/** Who waits for the result of which run. All who wait for one id share a promise. */
export class Waiters {
  private readonly waiting = new Map<string, Waiter>();

  get size(): number {
    return this.waiting.size;
  }

  wait(id: string): Promise<unknown> {
    const existing = this.waiting.get(id);
    if (existing) return existing.promise;
    let settle: Omit<Waiter, 'promise'> | undefined;
    const promise = new Promise<unknown>((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.waiting.set(id, { promise, ...(settle as unknown as Omit<Waiter, 'promise'>) });
    return promise;
  }

  has(id: string): boolean {
    return this.waiting.has(id);
  }

  ids(): Iterable<string> {
    return [...this.waiting.keys()];
  }

  resolve(id: string, value: unknown): void {
    this.take(id)?.resolve(value);
  }

  reject(id: string, error: unknown): void {
    this.take(id)?.reject(error);
  }

  rejectAll(error: (id: string) => unknown): void {
    for (const id of this.ids()) this.reject(id, error(id));
  }

  private take(id: string): Waiter | undefined {
    const waiter = this.waiting.get(id);
    this.waiting.delete(id);
    return waiter;
  }
}
