import { randomUUID } from 'node:crypto';
import type { CacheBackend, CacheFlight, CacheFlights, CacheHit, CachePayload, CacheWrite } from '@catga/core';
import { toPayload, toValue } from '../store/index.js';
import type { Channel } from './channel.js';
import type { ScriptLink } from './script-link.js';
import {
  ABANDON_FLIGHT,
  BEGIN_FLIGHT,
  LAND_FLIGHT,
  READ_CACHE,
  REMOVE_CACHE,
  REMOVE_TAG,
  WRITE_CACHE,
} from './scripts/cache.lua.js';

/** Says that there is nothing; no payload is empty. */
const NOTHING = '';

/** A cache as keys of Redis, which removes them when they expire. One node at a time makes a value. */
export class RedisCache implements CacheBackend {
  readonly name = 'redis';
  readonly flights: CacheFlights;

  constructor(
    private readonly link: ScriptLink,
    landed: Channel,
  ) {
    this.flights = {
      begin: (...args) => this.begin(...args),
      land: (...args) => this.land(...args),
      abandon: async (key, owner) => {
        await link.run(ABANDON_FLIGHT, [key, owner]);
      },
      onEnd: (key, listener) => landed.on(key, listener),
    };
  }

  async read(key: string): Promise<CacheHit | undefined> {
    const found = (await this.link.runBuffer(READ_CACHE, [key])) as [number, Buffer] | null;
    return found === null ? undefined : hitOf(found[1], found[0] === 0);
  }

  async write(key: string, { payload, ttl, staleFor, tags }: CacheWrite): Promise<void> {
    const args = [key, valueOf(payload), Math.ceil(ttl), Math.ceil(staleFor), JSON.stringify(tags), randomUUID()];
    await this.link.run(WRITE_CACHE, args);
  }

  async remove(key: string): Promise<boolean> {
    return (await this.link.run(REMOVE_CACHE, [key])) === 1;
  }

  async removeTag(tag: string): Promise<void> {
    await this.link.run(REMOVE_TAG, [tag]);
  }

  private async begin(key: string, owner: string, lease: number, tags: readonly string[]): Promise<CacheFlight> {
    const args = [key, owner, lease, JSON.stringify(tags)];
    const [kind, rest] = (await this.link.runBuffer(BEGIN_FLIGHT, args)) as [number, Buffer | number | undefined];
    if (kind === 1) return { hit: hitOf(rest as Buffer, false) };
    return kind === 2 ? { isMine: true } : { retryIn: Number(rest) };
  }

  private async land(key: string, owner: string, { payload, ttl, staleFor }: CacheWrite): Promise<void> {
    await this.link.run(LAND_FLIGHT, [key, owner, valueOf(payload), Math.ceil(ttl), Math.ceil(staleFor)]);
  }
}

function valueOf(payload: CachePayload | undefined): string | Buffer {
  return payload === undefined ? NOTHING : toValue(payload);
}

function hitOf(value: Buffer, isStale: boolean): CacheHit {
  return value.length === 0 ? { isStale } : { isStale, payload: toPayload(value, 0, value.length) as CachePayload };
}
