import { assertKnownOptions, InvalidOptionError, systemClock, type Clock } from '../../foundation/index.js';
import type { CacheBackend, CacheHit, CachePayload, CacheWrite } from './cache-backend.js';

/** Options of {@link MemoryCache}. */
export interface MemoryCacheOptions {
  /** Most values. Default 10,000. */
  readonly maxEntries?: number | undefined;
  /** Most bytes of keys and encoded values, roughly. A value larger than that is not kept. Default 64 MiB. */
  readonly maxBytes?: number | undefined;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

interface Entry {
  readonly payload?: CachePayload;
  readonly freshUntil: number;
  readonly until: number;
  readonly tags: readonly string[];
  readonly bytes: number;
}

/** What an entry takes beside its key and value. */
const OVERHEAD = 200;

/** A cache of this OS process. When it is full, what was not used for the longest time goes. */
export class MemoryCache implements CacheBackend {
  readonly name = 'memory';
  /** The one that was used last comes last. */
  private readonly entries = new Map<string, Entry>();
  private readonly tagged = new Map<string, Set<string>>();
  private bytesUsed = 0;
  private readonly maxEntries: number;
  private readonly maxBytes: number;
  private readonly clock: Clock;

  /** @throws {UnknownOptionError} @throws {InvalidOptionError} */
  constructor(options: MemoryCacheOptions = {}) {
    assertKnownOptions('MemoryCache', options, ['maxEntries', 'maxBytes', 'clock']);
    this.maxEntries = atLeastOne('maxEntries', options.maxEntries ?? 10_000);
    this.maxBytes = atLeastOne('maxBytes', options.maxBytes ?? 67_108_864);
    this.clock = options.clock ?? systemClock;
  }

  /** How many values there are. */
  get size(): number {
    return this.entries.size;
  }

  /** Bytes of keys and values, roughly. */
  get bytes(): number {
    return this.bytesUsed;
  }

  async read(key: string): Promise<CacheHit | undefined> {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    const now = this.clock.monotonic();
    if (entry.until <= now) {
      this.drop(key, entry);
      return undefined;
    }
    this.entries.delete(key);
    this.entries.set(key, entry);
    return { isStale: entry.freshUntil <= now, ...(entry.payload !== undefined && { payload: entry.payload }) };
  }

  async write(key: string, { payload, ttl, staleFor, tags }: CacheWrite): Promise<void> {
    await this.remove(key);
    const bytes = OVERHEAD + key.length * 2 + sizeOf(payload);
    if (bytes > this.maxBytes) return;
    const freshUntil = this.clock.monotonic() + ttl;
    const entry = { freshUntil, until: freshUntil + staleFor, tags, bytes, ...(payload !== undefined && { payload }) };
    this.entries.set(key, entry);
    this.bytesUsed += bytes;
    for (const tag of tags) this.tagged.set(tag, (this.tagged.get(tag) ?? new Set()).add(key));
    this.makeRoom();
  }

  async remove(key: string): Promise<boolean> {
    const entry = this.entries.get(key);
    if (entry === undefined) return false;
    this.drop(key, entry);
    return entry.until > this.clock.monotonic();
  }

  async removeTag(tag: string): Promise<void> {
    for (const key of [...(this.tagged.get(tag) ?? [])]) await this.remove(key);
  }

  private makeRoom(): void {
    for (const [key, entry] of this.entries) {
      if (this.entries.size <= this.maxEntries && this.bytesUsed <= this.maxBytes) return;
      this.drop(key, entry);
    }
  }

  private drop(key: string, { tags, bytes }: Entry): void {
    this.entries.delete(key);
    this.bytesUsed -= bytes;
    for (const tag of tags) {
      const keys = this.tagged.get(tag);
      keys?.delete(key);
      if (keys?.size === 0) this.tagged.delete(tag);
    }
  }
}

function sizeOf(payload: CachePayload | undefined): number {
  if (payload === undefined) return 0;
  return typeof payload === 'string' ? payload.length * 2 : payload.byteLength;
}

function atLeastOne(name: string, count: number): number {
  if (Number.isSafeInteger(count) && count >= 1) return count;
  throw new InvalidOptionError(`MemoryCache: ${name}`, count, 'a whole number from 1');
}
