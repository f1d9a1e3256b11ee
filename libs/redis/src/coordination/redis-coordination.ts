import { assertKnownOptions, toMilliseconds, type CoordinationPlace } from '@catga/core';
import { optionName, RedisClosedError, RedisConnections, type RedisConnection } from '../connection/index.js';
import { Channel } from './channel.js';
import { COORDINATION_OPTIONS, type RedisCoordinationOptions } from './redis-coordination.options.js';
import { RedisCache } from './redis-cache.js';
import { RedisIdempotency } from './redis-idempotency.js';
import { RedisLimits } from './redis-limits.js';
import { RedisLocks } from './redis-locks.js';
import { ScriptLink } from './script-link.js';

/**
 * Locks, cache, rate limits and first answers by idempotency key on a Redis server or in a Redis Cluster: one call each, by the server's clock. Has two connections
 * of its own.
 *
 * @example
 * ```ts
 * const coordination = new RedisCoordination({ url: 'redis://localhost:6379', name: 'shop' });
 * await coordination.open();
 * const locks = new DistributedLock(coordination.locks);
 * ```
 */
export class RedisCoordination implements CoordinationPlace {
  readonly locks: RedisLocks;
  readonly cache: RedisCache;
  readonly rateLimits: RedisLimits;
  readonly idempotency: RedisIdempotency;
  private readonly connections: RedisConnections;
  private readonly timeout: number;
  private readonly channels = { released: new Channel(), landed: new Channel(), settled: new Channel() };
  private commands: RedisConnection | undefined;

  /**
   * @param where whose options they are, for messages
   * @throws {UnknownOptionError} @throws {InvalidOptionError} @throws {InvalidDurationError}
   */
  constructor(options: RedisCoordinationOptions = {}, where = 'new RedisCoordination') {
    assertKnownOptions(where, options, COORDINATION_OPTIONS);
    this.connections = new RedisConnections(options, where);
    this.timeout = toMilliseconds(options.commandTimeout ?? '10s', optionName(where, 'commandTimeout'));
    const link = new ScriptLink(() => this.opened(), this.base, this.timeout);
    const { released, landed, settled } = this.channels;
    this.locks = new RedisLocks(link, released);
    this.cache = new RedisCache(link, landed);
    this.rateLimits = new RedisLimits(link);
    this.idempotency = new RedisIdempotency(link, settled);
  }

  /** Begins every key, in braces. */
  get name(): string {
    return this.connections.settings.name;
  }

  /** @throws {RedisAuthError} {@link RedisUnavailableError} the server is not there within `commandTimeout` */
  async open(): Promise<void> {
    const commands = this.connections.open('coordination');
    const listener = this.connections.openSubscriber('coordination-listener');
    try {
      await Promise.all([commands, listener].map((each) => each.ready(this.timeout)));
      for (const [name, channel] of Object.entries(this.channels)) await channel.open(listener, `${this.base}:${name}`);
      this.commands = commands;
    } catch (error) {
      this.connections.close();
      throw error;
    }
  }

  /** What is under way fails. */
  async close(): Promise<void> {
    this.commands = undefined;
    this.connections.close();
  }

  private get base(): string {
    return this.connections.key('coordination');
  }

  private opened(): RedisConnection {
    if (this.commands === undefined) throw new RedisClosedError('coordination');
    return this.commands;
  }
}
