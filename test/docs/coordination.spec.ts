import type { INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DistributedLock } from '@catga/core';
import {
  AppModule,
  Balances,
  Catalog,
  Imports,
  Invoices,
  Mails,
  Prices,
  Reports,
  Settlement,
} from './coordination.example.js';

describe('the guide to coordination', () => {
  let app: INestApplicationContext;
  beforeAll(async () => {
    app = await NestFactory.createApplicationContext(AppModule, { logger: false });
  });
  afterAll(() => app.close());

  it('works under a lock, and ends it', async () => {
    await app.get(Settlement).settle('1');
    await app.get(Settlement).settle('1');
    expect(app.get(Invoices).settled).toEqual(['1', '1']);
    const held = await app.get(DistributedLock).acquire('nightly-report');
    await expect(app.get(Reports).nightly()).rejects.toMatchObject({ code: 'CATGA_LOCK_TIMEOUT' });
    await held.release();
    await app.get(Reports).nightly();
    await app.get(Reports).nightly();
    expect(app.get(Reports).made).toBe(2);
  });

  it('refuses a write with an old token', async () => {
    const balances = app.get(Balances);
    expect(await balances.write('a', 10, 7)).toBe(true);
    expect(await balances.write('a', 99, 6)).toBe(false);
    expect(await balances.write('a', 20, 7)).toBe(true);
    expect(await balances.write('a', 30, 8)).toBe(true);
  });

  it('caches prices, and that there is none', async () => {
    const [prices, catalog] = [app.get(Prices), app.get(Catalog)];
    expect(await Promise.all([prices.priceOf('a'), prices.priceOf('a')])).toEqual([42, 42]);
    expect(await prices.priceOf('unknown')).toBeUndefined();
    expect(await prices.priceOf('unknown')).toBeUndefined();
    expect(catalog.asked).toBe(2);
    await prices.changed();
    await prices.priceOf('a');
    expect(catalog.asked).toBe(3);
  });

  it('limits mails', async () => {
    const mails = app.get(Mails);
    for (let count = 0; count < 3; count++) await mails.accept('c');
    await expect(mails.accept('c')).rejects.toMatchObject({ status: 429 });
    await mails.accept('another');
    let sent = 0;
    await mails.send(async () => void sent++, new AbortController().signal);
    expect(sent).toBe(1);
  });

  it('imports a file once', async () => {
    const imports = app.get(Imports);
    await expect(imports.once('f', () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await imports.once('f', async () => 'imported')).toBe('imported');
    expect(await imports.once('f', () => Promise.reject(new Error('again')))).toBe('imported');
  });
});
