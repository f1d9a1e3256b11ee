import { randomUUID } from 'node:crypto';
import { WakeUp } from '../wake-up.js';
import type { CacheBackend, CacheFlights, CachePayload, CacheWrite } from './cache-backend.js';

/** Milliseconds for which other nodes wait for a value that one makes. */
const LEASE = 30_000;

/** How to make a value. */
export interface CacheLoad {
  readonly key: string;
  readonly tags: readonly string[];
  /** Undefined: there is nothing. */
  readonly make: () => Promise<CachePayload | undefined>;
  /** What to keep of it, if anything. */
  readonly entry: (payload: CachePayload | undefined) => CacheWrite | undefined;
}

interface Running {
  readonly payload: Promise<CachePayload | undefined>;
  readonly tags: readonly string[];
  /** What it was made from has changed meanwhile: it must not be kept. */
  isOutdated: boolean;
}

/** Values that are being made: each by one caller at a time, however many want it. */
export class CacheLoads {
  private readonly running = new Map<string, Running>();

  constructor(
    private readonly backend: CacheBackend,
    /** Told what went wrong with the cache when the value could be made all the same. */
    private readonly report: (key: string, error: unknown) => void,
  ) {}

  isRunning(key: string): boolean {
    return this.running.has(key);
  }

  /** The value, from whoever makes it. */
  load(load: CacheLoad): Promise<CachePayload | undefined> {
    const { key, tags } = load;
    const known = this.running.get(key);
    if (known !== undefined) return known.payload;
    const running: Running = {
      tags,
      isOutdated: false,
      payload: Promise.resolve()
        .then(() => this.fly(load, running))
        .finally(() => {
          if (this.running.get(key) === running) this.running.delete(key);
        }),
    };
    this.running.set(key, running);
    return running.payload;
  }

  /** What is being made for that key came too late; whoever asks from now on gets a new one. */
  outdate(key: string): void {
    const running = this.running.get(key);
    if (running === undefined) return;
    running.isOutdated = true;
    this.running.delete(key);
  }

  /** As {@link CacheLoads.outdate}, for everything with that tag. */
  outdateTag(tag: string): void {
    for (const [key, { tags }] of this.running) if (tags.includes(tag)) this.outdate(key);
  }

  private async fly(load: CacheLoad, running: Running): Promise<CachePayload | undefined> {
    const { flights } = this.backend;
    if (flights !== undefined) return this.flyTogether(load, flights, running);
    const payload = await load.make();
    const entry = load.entry(payload);
    if (entry !== undefined && !running.isOutdated)
      await this.keep(load.key, () => this.backend.write(load.key, entry));
    return payload;
  }

  /** The value is there: it must not be lost because it cannot be kept. */
  private async keep(key: string, write: () => Promise<void>): Promise<void> {
    await write().catch((error: unknown) => this.report(key, error));
  }

  /** One node makes it, the others wait. */
  private async flyTogether(
    load: CacheLoad,
    flights: CacheFlights,
    running: Running,
  ): Promise<CachePayload | undefined> {
    const owner = randomUUID();
    const ended = new WakeUp();
    // Whoever listens first and asks then misses nothing.
    const stop = flights.onEnd(load.key, ended.call);
    try {
      for (;;) {
        const answer = await flights.begin(load.key, owner, LEASE, load.tags);
        if ('hit' in answer) return answer.hit.payload;
        if ('isMine' in answer) return await this.make(load, flights, owner, running);
        await ended.wait(answer.retryIn);
      }
    } finally {
      stop();
    }
  }

  private async make(
    load: CacheLoad,
    flights: CacheFlights,
    owner: string,
    running: Running,
  ): Promise<CachePayload | undefined> {
    let entry: CacheWrite | undefined;
    try {
      const payload = await load.make();
      entry = running.isOutdated ? undefined : load.entry(payload);
      const kept = entry;
      if (kept !== undefined) await this.keep(load.key, () => flights.land(load.key, owner, kept));
      return payload;
    } finally {
      if (entry === undefined) await flights.abandon(load.key, owner).catch(() => undefined);
    }
  }
}
