import { Logger } from '@nestjs/common';
import { InvalidOptionError, toMilliseconds, type Duration } from '../../foundation/index.js';
import { JsonCodec, type Codec } from '../../store/index.js';
import type { CacheBackend, CacheHit, CachePayload, CacheWrite } from './cache-backend.js';
import { CacheLoads, type CacheLoad } from './cache-loads.js';
import {
  resolveEntryOptions,
  type CacheEntrySettings,
  type CacheGetOrSetOptions,
  type CacheSetOptions,
} from './cache.options.js';

/** What a cache does unless told otherwise. */
export interface CacheDefaults {
  /** How long values are used. Default 5 min. */
  readonly ttl?: Duration | undefined;
  /** Writes the values: Date, Map, … survive. Default: a `JsonCodec`. */
  readonly codec?: Codec | undefined;
}

/** Counts since the start of this node. */
export interface CacheCounts {
  /** Reads that found a value, stale ones included. */
  readonly hits: number;
  readonly misses: number;
  /** Values given after their ttl, while a new one was made. */
  readonly stale: number;
  /** Factories that were run. */
  readonly loads: number;
  /** Factories that failed. */
  readonly failures: number;
}

const SET_OPTIONS = ['ttl', 'tags'];
const GET_OR_SET_OPTIONS = [...SET_OPTIONS, 'staleWhileRevalidate', 'negativeTtl'];

/**
 * Values that are dear to make, kept for a while. What `get` answers is always a copy. A value may be gone at any time;
 * nothing that matters may be kept here only.
 *
 * @example
 * ```ts
 * const price = await cache.getOrSet(`price:${sku}`, { ttl: '1m', tags: ['prices'] }, () => catalog.priceOf(sku));
 * await cache.deleteTag('prices');
 * ```
 */
export class Cache {
  private readonly logger = new Logger('Cache');
  private readonly loads: CacheLoads;
  private readonly ttl: number;
  private readonly codec: Codec;
  private readonly counted = { hits: 0, misses: 0, stale: 0, loads: 0, failures: 0 };

  /** @throws {InvalidDurationError} */
  constructor(
    private readonly backend: CacheBackend,
    { ttl = '5m', codec = new JsonCodec() }: CacheDefaults = {},
  ) {
    this.ttl = toMilliseconds(ttl, 'cache: ttl');
    this.codec = codec;
    this.loads = new CacheLoads(backend, (key, error) => {
      this.logger.warn(`"${key}" could not be kept in the cache on ${backend.name}. ${String(error)}`);
    });
  }

  /** The value; undefined when there is none, or when it is known that there is nothing. */
  async get<T>(key: string): Promise<T | undefined> {
    const hit = await this.backend.read(key);
    // One that is only kept for staleWhileRevalidate is none for whoever makes no new one.
    return this.count(hit !== undefined && !hit.isStale ? hit : undefined) ? this.decode<T>(hit?.payload) : undefined;
  }

  /**
   * Keeps a value. One that is being made for this key on any node is not kept afterwards.
   *
   * @throws {UnencodableValueError} the codec cannot write it
   * @throws {InvalidOptionError} it is undefined, which means that there is none
   */
  async set(key: string, value: unknown, options: CacheSetOptions = {}): Promise<void> {
    const where = `cache "${key}"`;
    const { ttl, tags } = resolveEntryOptions(where, SET_OPTIONS, options, this.ttl);
    if (value === undefined)
      throw new InvalidOptionError(`${where}: value`, value, 'null for an empty value, or delete');
    const payload = this.codec.encode(value);
    this.loads.outdate(key);
    await this.backend.write(key, { payload, ttl, staleFor: 0, tags });
  }

  /** Removes a value; false when there was none. What is being made for it is not kept. */
  async delete(key: string): Promise<boolean> {
    this.loads.outdate(key);
    return this.backend.remove(key);
  }

  /** Removes all values with that tag. What is being made for them is not kept. */
  async deleteTag(tag: string): Promise<void> {
    this.loads.outdateTag(tag);
    await this.backend.removeTag(tag);
  }

  /**
   * The value, or what the factory makes of it. However many ask at once, one factory runs on a node, and on all nodes
   * where the backend can tell them (Redis). Its error goes to all who wait, and nothing is kept. A factory that answers
   * undefined has found nothing; that is remembered for `negativeTtl`.
   *
   * While the cache cannot be reached, the factory is run, and a warning logged.
   *
   * @throws what the factory throws
   * @throws {UnencodableValueError} the codec cannot write what it made
   */
  async getOrSet<T>(key: string, options: CacheGetOrSetOptions, factory: (key: string) => T | Promise<T>): Promise<T> {
    const settings = resolveEntryOptions(`cache "${key}"`, GET_OR_SET_OPTIONS, options, this.ttl);
    const load = this.loadOf(key, settings, factory);
    const hit = await this.tryRead(key);
    if (hit === 'unreachable') return this.decode<T>(await load.make()) as T;
    if (!this.count(hit)) return this.decode<T>(await this.loads.load(load)) as T;
    if (hit?.isStale === true) this.refresh(load);
    return this.decode<T>(hit?.payload) as T;
  }

  /** What happened since the start. */
  get counts(): CacheCounts {
    return { ...this.counted };
  }

  private loadOf(key: string, settings: CacheEntrySettings, factory: (key: string) => unknown): CacheLoad {
    const { tags } = settings;
    const make = async (): Promise<CachePayload | undefined> => {
      this.counted.loads++;
      try {
        const value = await factory(key);
        return value === undefined ? undefined : this.codec.encode(value);
      } catch (error) {
        this.counted.failures++;
        throw error;
      }
    };
    return { key, tags, make, entry: (payload) => entryOf(payload, settings) };
  }

  private refresh(load: CacheLoad): void {
    this.counted.stale++;
    if (this.loads.isRunning(load.key)) return;
    this.loads.load(load).catch((error: unknown) => {
      this.logger.warn(`"${load.key}" could not be made anew; the old value is used while it lasts. ${String(error)}`);
    });
  }

  private async tryRead(key: string): Promise<CacheHit | undefined | 'unreachable'> {
    try {
      return await this.backend.read(key);
    } catch (error) {
      this.logger.warn(`The cache on ${this.backend.name} cannot be read: "${key}" is made anew. ${String(error)}`);
      return 'unreachable';
    }
  }

  private count(hit: CacheHit | undefined): boolean {
    if (hit === undefined) this.counted.misses++;
    else this.counted.hits++;
    return hit !== undefined;
  }

  private decode<T>(payload: CachePayload | undefined): T | undefined {
    return payload === undefined ? undefined : (this.codec.decode(payload) as T);
  }
}

/** What to keep of what a factory has made. */
function entryOf(
  payload: CachePayload | undefined,
  { ttl, staleFor, negativeTtl, tags }: CacheEntrySettings,
): CacheWrite | undefined {
  if (payload !== undefined) return { payload, ttl, staleFor, tags };
  return negativeTtl > 0 ? { ttl: negativeTtl, staleFor: 0, tags } : undefined;
}
