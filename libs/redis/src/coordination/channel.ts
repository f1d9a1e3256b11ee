import type { RedisConnection } from '../connection/index.js';

/** Messages of one channel, to those who wait for one of them. After a gap all are called: any may have been missed. */
export class Channel {
  private readonly listeners = new Map<string, Set<() => void>>();

  /** Keeps its promise when the server has agreed. */
  async open(connection: RedisConnection, channel: string): Promise<void> {
    const callAll = (): void => {
      for (const message of this.listeners.keys()) this.call(message);
    };
    await connection.subscribe(channel, (message) => this.call(message.toString()), callAll);
  }

  /** Calls the listener for each such message. Returns the way to stop it. */
  on(message: string, listener: () => void): () => void {
    const own = (): void => listener();
    const listeners = this.listeners.get(message) ?? new Set();
    this.listeners.set(message, listeners.add(own));
    return () => {
      listeners.delete(own);
      if (listeners.size === 0 && this.listeners.get(message) === listeners) this.listeners.delete(message);
    };
  }

  private call(message: string): void {
    for (const listener of [...(this.listeners.get(message) ?? [])]) listener();
  }
}
