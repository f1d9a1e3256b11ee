import { MemoryStore, type Store } from '@catga/core';
import { InventoryLedger } from '../src/inventory/inventory.ledger.js';
import { Stock } from '../src/inventory/stock.js';
import { StockKeeper } from '../src/inventory/stock-keeper.js';
import { StockLedger } from '../src/inventory/stock.ledger.js';
import { isDeclined } from '../src/payment/card-check.js';
import { PaymentLedger, type PaymentRow } from '../src/payment/payment.ledger.js';

const charge = (orderId: string, transactionId: string): { row: PaymentRow } => ({
  row: { kind: 'charge', status: 'charged', orderId, amount: 10, transactionId },
});

describe('a ledger', () => {
  let store: Store;
  let ledger: PaymentLedger;

  beforeEach(async () => {
    store = new MemoryStore();
    await store.open();
    ledger = new PaymentLedger(store);
  });
  const rows = async (orderId?: string) => (await ledger.page({ limit: 100, ...(orderId && { orderId }) })).rows;

  it('answers a repetition with the row of the first time and counts it', async () => {
    const first = await ledger.once('key', () => charge('1', 'first'));
    const second = await ledger.once('key', () => charge('1', 'second'));
    expect(first).toMatchObject({ idempotencyKey: 'key', transactionId: 'first', calls: 1 });
    expect(second).toMatchObject({ transactionId: 'first', calls: 2 });
    expect(await rows()).toEqual([second]);
  });

  it('shows something done twice under two keys as two rows', async () => {
    await ledger.once('a', () => charge('1', 'one'));
    await ledger.once('b', () => charge('1', 'two'));
    expect(await rows('1')).toHaveLength(2);
    expect(await rows('2')).toHaveLength(0);
  });

  it('does it once and counts every call when the same call comes many times at the same moment', async () => {
    const answers = await Promise.all(
      Array.from({ length: 10 }, (_, index) => ledger.once('key', () => charge('1', `try ${index}`))),
    );
    expect(new Set(answers.map((answer) => answer.transactionId)).size).toBe(1);
    expect(await rows()).toMatchObject([{ calls: 10 }]);
  });

  it('writes neither row nor effect when the decision fails', async () => {
    const broken = ledger.once('key', () => Promise.reject(new Error('no line')));
    await expect(broken).rejects.toThrow('no line');
    expect(await rows()).toEqual([]);
  });

  it('refuses to amend a row that somebody else has changed', async () => {
    await ledger.once('key', () => charge('1', 'one'));
    const [entry] = await ledger.standing('1', 'charged');
    await ledger.once('key', () => charge('1', 'one'));
    const commit = async () => store.commit({ records: [ledger.amend(entry!, { status: 'refunded' })] });
    await expect(commit()).rejects.toMatchObject({ code: 'CATGA_RECORD_CONFLICT' });
  });

  it('pages without losing or repeating a row', async () => {
    for (let i = 0; i < 5; i++) await ledger.once(`key ${i}`, () => charge(`${i}`, `${i}`));
    const first = await ledger.page({ limit: 3 });
    const second = await ledger.page({ limit: 3, cursor: first.cursor! });
    expect([...first.rows, ...second.rows].map((row) => row.orderId)).toEqual(['0', '1', '2', '3', '4']);
    expect(second.cursor).toBeUndefined();
  });
});

describe('stock', () => {
  let keeper: StockKeeper;
  let stock: Stock;
  let store: Store;

  beforeEach(async () => {
    store = new MemoryStore();
    await store.open();
    stock = new Stock(store);
    keeper = new StockKeeper(stock, new StockLedger(store));
  });

  it('fills an empty warehouse with products 1 to 20 and leaves a used one alone', async () => {
    await keeper.onApplicationBootstrap();
    const levels = await stock.levels();
    expect(levels.map((level) => level.productId)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    await keeper.count(3, 7);
    await keeper.onApplicationBootstrap();
    expect((await stock.levels())[2]).toEqual({ productId: 3, quantity: 7 });
  });

  it('fills the rest after a crash in the middle of filling', async () => {
    await keeper.count(1, 1_000_000, 'first-catalogue');
    await keeper.onApplicationBootstrap();
    expect(await stock.levels()).toHaveLength(20);
    expect((await stock.levels())[0]?.quantity).toBe(1_000_000);
  });

  it('takes a delivery in once per key', async () => {
    await keeper.count(1, 5);
    await keeper.restock(1, 10, 'delivery');
    expect(await keeper.restock(1, 10, 'delivery')).toEqual({ productId: 1, quantity: 15 });
    await keeper.restock(1, 10, 'another');
    expect(await stock.levels()).toEqual([{ productId: 1, quantity: 25 }]);
  });

  it('never gives the same piece to two orders that ask at the same moment', async () => {
    await keeper.count(1, 5);
    const ledger = new InventoryLedger(store);
    const reserve = (orderId: string) =>
      ledger.once(orderId, async () => ({
        row: { kind: 'reservation', status: 'reserved', orderId, items: { 1: 2 } },
        effects: await stock.take({ 1: 2 }),
      }));
    const orders = await Promise.allSettled(['a', 'b', 'c', 'd'].map(reserve));
    expect(orders.filter((order) => order.status === 'fulfilled')).toHaveLength(2);
    expect(
      orders.flatMap((order) => (order.status === 'rejected' ? [(order.reason as { code: string }).code] : [])),
    ).toEqual(['OUT_OF_STOCK', 'OUT_OF_STOCK']);
    expect(await stock.levels()).toEqual([{ productId: 1, quantity: 1 }]);
  });
});

describe('the card check', () => {
  it('declines about the configured share, and the same orders each time', () => {
    const ids = Array.from({ length: 10_000 }, (_, index) => String(10_248 + index));
    const declined = ids.filter((id) => isDeclined(id, 0.08));
    expect(declined.length).toBeGreaterThan(600);
    expect(declined.length).toBeLessThan(1_000);
    expect(ids.filter((id) => isDeclined(id, 0.08))).toEqual(declined);
    expect(ids.filter((id) => isDeclined(id, 0))).toEqual([]);
    expect(ids.filter((id) => isDeclined(id, 1))).toEqual(ids);
  });
});
