import { jest } from '@jest/globals';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { SampleProcess } from '../../apps/sample-order/src/tools/crash/sample-process.js';
import { generateOrders } from '../../apps/sample-order/src/tools/load/generated-orders.js';
import { load } from '../../apps/sample-order/src/tools/load/load.js';
import { readNorthwind } from '../../apps/sample-order/src/tools/load/northwind.js';
import type { BookOrder } from '../../apps/sample-order/src/tools/load/order-book.js';
import { SampleClient } from '../../apps/sample-order/src/tools/sample-client.js';

// The sample is started as a program, and killed once.
jest.setTimeout(300_000);

const NORTHWIND = '../shared/data/northwind';
const DECLINE_RATE = '0.1';

interface OrderLine {
  readonly orderId: string;
  readonly country: string;
  readonly amount: number;
  readonly status: string;
}
interface CountryRevenue {
  readonly country: string;
  readonly orders: number;
  readonly revenue: number;
}

const book = existsSync(NORTHWIND) ? readNorthwind(NORTHWIND) : generateOrders(7);
let folder: string;
let sample: SampleProcess;
let client: SampleClient;
let completed: ReadonlySet<string>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catga-read-models-'));
  sample = await SampleProcess.prepare(folder);
  client = new SampleClient(sample.url, { keepTrying: true });
  await sample.start({ SAMPLE_DECLINE_RATE: DECLINE_RATE });
  const report = await load(book, client, { concurrency: 16, restock: true });
  expect(report.complete).toBe(true);
  completed = new Set(report.outcomes.filter(({ kind }) => kind === 'completed').map(({ orderId }) => orderId));
});
afterAll(async () => {
  await sample.dispose();
  rmSync(folder, { recursive: true });
});

/** What the lines of the file come to, worked out without anything of the sample. */
function amountOf({ items }: BookOrder): number {
  let sum = 0;
  for (const { unitPrice, quantity, discount = 0 } of items) sum += unitPrice * quantity * (1 - discount);
  return Math.round(sum * 100) / 100;
}

function revenueOfTheBook(): CountryRevenue[] {
  const sums = new Map<string, { orders: number; cents: number }>();
  for (const order of book.orders) {
    if (!completed.has(order.orderId)) continue;
    const sum = sums.get(order.country as string) ?? { orders: 0, cents: 0 };
    sums.set(order.country as string, { orders: sum.orders + 1, cents: sum.cents + Math.round(amountOf(order) * 100) });
  }
  const list = [...sums].map(([country, { orders, cents }]) => ({ country, orders, revenue: cents / 100 }));
  return list.sort((a, b) => b.revenue - a.revenue || (a.country < b.country ? -1 : 1));
}

function linesOfTheBook(): Map<string, OrderLine> {
  return new Map(
    book.orders.map((order) => [
      order.orderId,
      {
        orderId: order.orderId,
        customerId: order.customerId,
        country: order.country as string,
        amount: amountOf(order),
        status: completed.has(order.orderId) ? 'completed' : 'cancelled',
      },
    ]),
  );
}

async function allLines(filter = ''): Promise<OrderLine[]> {
  const lines: OrderLine[] = [];
  for (let cursor = ''; ;) {
    const page = await client.get<{ orders: OrderLine[]; cursor?: string }>(`/orders?limit=100${filter}${cursor}`);
    lines.push(...page.orders);
    if (page.cursor === undefined) return lines;
    cursor = `&cursor=${encodeURIComponent(page.cursor)}`;
  }
}

async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const limit = Date.now() + 60_000; ;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > limit) throw new Error(`Waited in vain; last seen: ${JSON.stringify(value)}`);
    await pause(50);
  }
}

const projection = (name: string) =>
  client.get<{ lag: { events: number }; generation: number }>(`/projections/${name}`);
const caughtUp = (name: string) =>
  until(
    () => projection(name),
    ({ lag }) => lag.events === 0,
  );

async function expectTheBook(): Promise<void> {
  await Promise.all(['order-list', 'revenue-by-country'].map(caughtUp));
  expect(await client.get<CountryRevenue[]>('/revenue')).toEqual(revenueOfTheBook());
  const lines = await allLines();
  expect(lines).toHaveLength(book.orders.length);
  expect(new Map(lines.map((line) => [line.orderId, line]))).toEqual(linesOfTheBook());
}

describe('the read models of the sample', () => {
  it('say what the files say', async () => {
    expect(completed.size).toBeGreaterThan(book.orders.length / 2);
    expect(completed.size).toBeLessThan(book.orders.length);
    await expectTheBook();
  });

  it('find orders by status and country', async () => {
    const country = (book.orders[0] as BookOrder).country as string;
    const expected = [...linesOfTheBook().values()].filter((line) => line.country === country);
    const found = await allLines(`&status=completed&country=${encodeURIComponent(country)}`);
    expect(new Set(found.map(({ orderId }) => orderId))).toEqual(
      new Set(expected.filter(({ status }) => status === 'completed').map(({ orderId }) => orderId)),
    );
  });

  it.each(['order-list', 'revenue-by-country'])('say the same when %s was rebuilt', async (name) => {
    const before = await projection(name);
    const { status } = await client.request('POST', `/projections/${name}/rebuild`);
    expect(status).toBeLessThan(300);
    await until(
      () => projection(name),
      ({ generation }) => generation > before.generation,
    );
    await expectTheBook();
  });

  it('say the same after kill -9', async () => {
    await sample.kill();
    await sample.start({ SAMPLE_DECLINE_RATE: DECLINE_RATE });
    await expectTheBook();
  });

  it('tell the history of an order: what happened, in which process, and what it changed', async () => {
    const [orderId] = completed;
    const history = await client.get<{ type: string; correlationId: string; changes: object[] }[]>(
      `/orders/${orderId}/history`,
    );
    expect(history.map(({ type }) => type)).toEqual(['order-placed', 'order-completed']);
    expect(new Set(history.map(({ correlationId }) => correlationId)).size).toBe(1);
    expect(history[1]?.changes).toEqual([{ path: 'status', kind: 'changed', before: 'placed', after: 'completed' }]);
    expect((await client.request('GET', '/orders/nobody/history')).status).toBe(404);
  });
});
