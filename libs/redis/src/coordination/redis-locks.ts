import { LOCK_TURN, type LockAnswer, type LockBackend, type LockRequest } from '@catga/core';
import type { Channel } from './channel.js';
import type { ScriptLink } from './script-link.js';
import { RELEASE_LOCK, RENEW_LOCK, TAKE_LOCK } from './scripts/locks.lua.js';

/** Locks as keys of Redis, by the server's clock. */
export class RedisLocks implements LockBackend {
  readonly name = 'redis';

  constructor(
    private readonly link: ScriptLink,
    private readonly released: Channel,
  ) {}

  async take({ name, owner, ttl, queue }: LockRequest): Promise<LockAnswer> {
    const args = [name, owner, Math.ceil(ttl), queue ? 1 : 0, LOCK_TURN];
    const [granted, value] = (await this.link.run(TAKE_LOCK, args)) as [number, string | number];
    return granted === 1 ? { isGranted: true, token: Number(value) } : { isGranted: false, retryIn: Number(value) };
  }

  async renew(name: string, owner: string, ttl: number): Promise<boolean> {
    return (await this.link.run(RENEW_LOCK, [name, owner, Math.ceil(ttl)])) === 1;
  }

  async release(name: string, owner: string): Promise<void> {
    await this.link.run(RELEASE_LOCK, [name, owner]);
  }

  onRelease(name: string, listener: () => void): () => void {
    return this.released.on(name, listener);
  }
}
