import { HttpException, Injectable, Module } from '@nestjs/common';
import { Cache, CatgaModule, DistributedLock, IdempotencyStore, RateLimiters, Store } from '@catga/core';

/** What the examples protect. */
@Injectable()
export class Invoices {
  readonly settled: string[] = [];

  async settle(id: string, _options: { signal: AbortSignal }): Promise<void> {
    this.settled.push(id);
  }
}

@Injectable()
export class Settlement {
  constructor(
    private readonly locks: DistributedLock,
    private readonly invoices: Invoices,
  ) {}

  async settle(id: string): Promise<void> {
    await this.locks.withLock(`invoice:${id}`, { ttl: '30s', wait: '5s' }, async (lock) => {
      await this.invoices.settle(id, { signal: lock.signal });
    });
  }
}

@Injectable()
export class Reports {
  made = 0;

  constructor(private readonly locks: DistributedLock) {}

  async nightly(): Promise<void> {
    await using lock = await this.locks.acquire('nightly-report', { wait: 0 });
    await this.make(lock.signal);
  }

  private async make(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.made++;
  }
}

@Injectable()
export class Balances {
  constructor(private readonly store: Store) {}

  /** False when somebody with a higher token was here. */
  async write(account: string, amount: number, token: number): Promise<boolean> {
    const record = await this.store.getRecord('balances', account);
    const { fence = 0 } = record ? (JSON.parse(record.value as string) as { fence: number }) : {};
    if (fence > token) return false;
    const value = JSON.stringify({ amount, fence: token });
    await this.store.commit({
      records: [{ collection: 'balances', key: account, value, ifVersion: record?.version ?? 0 }],
    });
    return true;
  }
}

/** What is dear to ask. */
@Injectable()
export class Catalog {
  asked = 0;

  async priceOf(sku: string): Promise<number | undefined> {
    this.asked++;
    return sku === 'unknown' ? undefined : 42;
  }
}

@Injectable()
export class Prices {
  constructor(
    private readonly cache: Cache,
    private readonly catalog: Catalog,
  ) {}

  priceOf(sku: string): Promise<number | undefined> {
    const options = { ttl: '1m', staleWhileRevalidate: '10m', negativeTtl: '5s', tags: ['prices'] } as const;
    return this.cache.getOrSet(`price:${sku}`, options, () => this.catalog.priceOf(sku));
  }

  async changed(): Promise<void> {
    await this.cache.deleteTag('prices');
  }
}

@Injectable()
export class Mails {
  constructor(private readonly limiters: RateLimiters) {}

  async accept(customer: string): Promise<void> {
    const { allowed, retryAfter } = await this.limiters.get('mails').tryAcquire(customer);
    if (!allowed) throw new HttpException(`Try again in ${retryAfter} ms`, 429);
  }

  async send(mail: () => Promise<void>, signal: AbortSignal): Promise<void> {
    await this.limiters.get('smtp').acquire('all', { maxWait: '1m', signal });
    await mail();
  }
}

@Injectable()
export class Imports {
  constructor(private readonly idempotency: IdempotencyStore) {}

  /** The first answer, also for those who ask again. */
  async once(file: string, run: () => Promise<string>): Promise<string | undefined> {
    const id = `import|${file}`;
    const known = await this.idempotency.read(id);
    if (known?.status === 'done') return String(known.answer);
    const claim = await this.idempotency.claim(id, undefined, 30_000);
    if (claim === undefined) return undefined; // somebody is at it
    try {
      const answer = await run();
      await this.idempotency.complete(claim, { status: 'done', answer }, 86_400_000);
      return answer;
    } catch (error) {
      await this.idempotency.release(claim);
      throw error;
    }
  }
}

@Module({
  imports: [
    CatgaModule.forRoot({
      coordination: {
        lock: { ttl: '20s', wait: '5s' },
        cache: { ttl: '10m', place: 'memory', maxEntries: 50_000 },
        rateLimits: {
          mails: { limit: 3, per: '1h', algorithm: 'sliding-window' },
          smtp: { limit: 600, per: '1m', burst: 20 },
        },
      },
    }),
  ],
  providers: [Settlement, Invoices, Reports, Balances, Prices, Catalog, Mails, Imports],
})
export class AppModule {}
