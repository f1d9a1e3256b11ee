import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { generateOrders } from '../src/tools/load/generated-orders.js';
import { load } from '../src/tools/load/load.js';
import { firstOrders } from '../src/tools/load/order-book.js';
import { SampleClient } from '../src/tools/sample-client.js';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly key: string | undefined;
  readonly body: { orderId?: string; quantity?: number };
}
type Reply = { status: number; body: object } | 'drop';

/** Stands for the sample: keeps what it was asked and answers as a test says. */
class FakeSample {
  readonly seen: Seen[] = [];
  ordersUnderWay = 0;
  mostOrdersUnderWay = 0;
  reply: (request: Seen) => Reply = ({ url, body }) =>
    url === '/orders' ? { status: 201, body: { orderId: body.orderId } } : { status: 200, body: {} };
  private readonly server: Server = createServer((request, response) => void this.handle(request, response));

  async listen(): Promise<string> {
    await new Promise<void>((listening) => this.server.listen(0, '127.0.0.1', listening));
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): Promise<void> {
    this.server.closeAllConnections();
    return new Promise((closed) => this.server.close(() => closed()));
  }

  of(method: string, pattern: RegExp): Seen[] {
    return this.seen.filter((request) => request.method === method && pattern.test(request.url));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const isOrder = request.url === '/orders';
    if (isOrder) this.mostOrdersUnderWay = Math.max(this.mostOrdersUnderWay, ++this.ordersUnderWay);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = Buffer.concat(chunks).toString();
    const { method = '', url = '' } = request;
    const key = request.headers['idempotency-key'] as string | undefined;
    const seen: Seen = { method, url, key, body: text === '' ? {} : (JSON.parse(text) as Seen['body']) };
    this.seen.push(seen);
    await new Promise((later) => setTimeout(later, 2));
    const reply = this.reply(seen);
    if (isOrder) this.ordersUnderWay--;
    if (reply === 'drop') return void request.socket.destroy();
    response.writeHead(reply.status, { 'content-type': 'application/json' }).end(JSON.stringify(reply.body));
  }
}

describe('the load generator', () => {
  const book = firstOrders(generateOrders(5), 60);
  const options = { concurrency: 4, restock: true };
  let sample: FakeSample;
  let url: string;

  beforeEach(async () => {
    sample = new FakeSample();
    url = await sample.listen();
  });
  afterEach(() => sample.close());

  it('puts every product in stock, then sends every order once, never more orders at a time than it may', async () => {
    const report = await load(book, new SampleClient(url), options);
    expect(sample.of('PUT', /^\/inventory\/\d+$/)).toHaveLength(77);
    const sent = sample.of('POST', /^\/orders$/).map((request) => request.body.orderId);
    expect(sent).toHaveLength(60);
    expect(new Set(sent)).toEqual(new Set(book.orders.map((order) => order.orderId)));
    expect(sample.mostOrdersUnderWay).toBeGreaterThan(1);
    expect(sample.mostOrdersUnderWay).toBeLessThanOrEqual(4);
    expect(report.complete).toBe(true);
    expect(report.count('completed')).toBe(60);
  });

  it('delivers before it sends the order that needs the delivery', async () => {
    await load(book, new SampleClient(url), options);
    const restocks = sample.of('POST', /restock$/);
    expect(restocks.length).toBeGreaterThan(0);
    for (const restock of restocks) {
      const order = sample.seen.findIndex(
        ({ url: to, body }) => to === '/orders' && restock.key?.endsWith(`-${body.orderId}`),
      );
      expect(order).toBeGreaterThan(sample.seen.indexOf(restock));
    }
  });

  it('asks for the same under the same keys when it is run again', async () => {
    const asked = async () => {
      sample.seen.length = 0;
      await load(book, new SampleClient(url), options);
      return sample.seen.map(({ method, url: to, key, body }) => JSON.stringify([method, to, key, body])).sort();
    };
    expect(await asked()).toEqual(await asked());
  });

  it('orders nothing when restocking is switched off', async () => {
    await load(book, new SampleClient(url), { ...options, restock: false });
    expect(sample.of('POST', /restock$/)).toEqual([]);
  });

  it('tells what was undone, what was refused and what is an error apart, and counts the reasons', async () => {
    const failures: Record<string, Reply> = {
      'G5-1': { status: 402, body: { code: 'CARD_DECLINED', processId: 'OrderProcess:G5-1' } },
      'G5-2': { status: 409, body: { code: 'OUT_OF_STOCK', processId: 'OrderProcess:G5-2' } },
      'G5-3': { status: 422, body: { code: 'CATGA_INVALID_BODY' } },
      'G5-4': { status: 500, body: { code: 'INTERNAL_SERVER_ERROR' } },
    };
    const usual = sample.reply;
    sample.reply = (request) => {
      if (request.url === '/orders') return failures[request.body.orderId ?? ''] ?? usual(request);
      if (request.url === '/orders/G5-1') return { status: 200, body: { undone: ['reserveInventory'] } };
      if (request.url === '/orders/G5-2') return { status: 200, body: { undone: [] } };
      return usual(request);
    };
    const report = await load(book, new SampleClient(url), options);
    const counts = (['completed', 'compensated', 'refused', 'error'] as const).map((kind) => report.count(kind));
    expect(counts).toEqual([56, 1, 1, 2]);
    expect(report.complete).toBe(false);
    expect(Object.fromEntries(report.reasons())).toEqual({
      CARD_DECLINED: 1,
      OUT_OF_STOCK: 1,
      CATGA_INVALID_BODY: 1,
      INTERNAL_SERVER_ERROR: 1,
    });
  });

  it('goes on through dropped connections and 503 when asked to keep trying', async () => {
    const usual = sample.reply;
    let count = 0;
    sample.reply = (request) => {
      const turn = ++count % 15;
      return turn === 0 ? 'drop' : turn === 1 ? { status: 503, body: {} } : usual(request);
    };
    const report = await load(book, new SampleClient(url, { keepTrying: true }), options);
    expect(report.count('completed')).toBe(60);
  });

  it('says what to do when nobody answers', async () => {
    await sample.close();
    await expect(load(book, new SampleClient(url), options)).rejects.toThrow(/No sample answers at .*npm start/);
  });

  it('ends when the whole thing is over, although it would keep trying', async () => {
    const over = new AbortController();
    sample.reply = () => 'drop';
    const running = load(book, new SampleClient(url, { keepTrying: true, signal: over.signal }), options);
    setTimeout(() => over.abort(), 50);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });
});
