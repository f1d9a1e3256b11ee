import type { SampleClient } from '../sample-client.js';
import { LoadReport, type Outcome } from './load-report.js';
import { fingerprint, type BookOrder, type OrderBook } from './order-book.js';
import { RestockPlan } from './restock-plan.js';

/** How a book is sent. */
export interface LoadOptions {
  /** Orders under way at once. */
  readonly concurrency: number;
  /** Put more in stock when a product would fall below its reorder level. */
  readonly restock: boolean;
  /** Told after each order. */
  readonly onOutcome?: (report: LoadReport) => void;
}

/**
 * Puts the products in stock, then sends every order of the book. Everything sent is recognised by the sample when it
 * comes again (order ids, idempotency keys), so a load may be repeated at any time.
 */
export async function load(book: OrderBook, client: SampleClient, options: LoadOptions): Promise<LoadReport> {
  await client.get('/health/live');
  // By the products, not the orders: a part of the book and then all of it are one load that goes on.
  const key = `load-${fingerprint(book.products)}`;
  for (const { productId, unitsInStock } of book.products) {
    await expectOk(client, 'PUT', `/inventory/${productId}`, unitsInStock, key);
  }

  const report = new LoadReport(book.orders.length);
  const orders = stockedOrders(book, client, options.restock, key);
  const worker = async (): Promise<void> => {
    // Many workers take from one generator; it answers them one after another.
    for await (const order of orders) {
      report.add(await send(order, client));
      options.onOutcome?.(report);
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  report.finish();
  return report;
}

/** The orders, each one when what it needs has been delivered. */
async function* stockedOrders(book: OrderBook, client: SampleClient, restock: boolean, key: string) {
  const plan = new RestockPlan(book.products);
  for (const order of book.orders) {
    const deliveries = restock ? plan.before(order) : [];
    await Promise.all(
      deliveries.map(({ productId, quantity }) =>
        expectOk(client, 'POST', `/inventory/${productId}/restock`, quantity, `${key}-${order.orderId}`),
      ),
    );
    yield order;
  }
}

async function expectOk(client: SampleClient, method: string, path: string, quantity: number, key: string) {
  const { status, body } = await client.request(method, path, {
    body: { quantity },
    headers: { 'idempotency-key': key },
  });
  if (status !== 200) throw new Error(`${method} ${path} answered ${status}: ${JSON.stringify(body)}`);
}

async function send(order: BookOrder, client: SampleClient): Promise<Outcome> {
  const begun = performance.now();
  const { status, body } = await client.request('POST', '/orders', { body: order });
  const { orderId } = order;
  const milliseconds = performance.now() - begun;
  if (status === 201) return { orderId, kind: 'completed', milliseconds, answer: body };

  const { code = `HTTP_${status}`, processId } = (body ?? {}) as { code?: string; processId?: string };
  // Without a run of its own the order was not even begun: an invalid body, a server in trouble.
  if (!processId || status === 500) return { orderId, kind: 'error', code, milliseconds, answer: body };
  const { undone } = await client.get<{ undone: string[] }>(`/orders/${encodeURIComponent(orderId)}`);
  // That the order itself was called off undoes nothing that anybody had done for it.
  return {
    orderId,
    kind: undone.some((step) => step !== 'placeOrder') ? 'compensated' : 'refused',
    code,
    milliseconds,
    answer: body,
  };
}
