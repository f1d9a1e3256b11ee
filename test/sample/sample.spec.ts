import { jest } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { isDeclined } from '../../apps/sample-order/src/payment/card-check.js';
import { SampleProcess } from '../../apps/sample-order/src/tools/crash/sample-process.js';
import { SampleClient } from '../../apps/sample-order/src/tools/sample-client.js';

// Programs are started and killed here; on a machine that does other things as well, each start takes a while.
jest.setTimeout(300_000);

const DECLINE_RATE = 0.2;
/** An order id that starts with `name` and whose card is accepted, or declined, at {@link DECLINE_RATE}. */
function orderId(name: string, declined = false): string {
  for (let i = 0; ; i++) if (isDeclined(`${name}-${i}`, DECLINE_RATE) === declined) return `${name}-${i}`;
}
const orderOf = (id: string, more: object = {}) => ({
  orderId: id,
  customerId: 'c-1',
  address: '1 Main Street',
  items: [{ productId: 1, quantity: 2, unitPrice: 18, discount: 0.25 }],
  ...more,
});
interface Row {
  readonly kind: string;
  readonly status: string;
  readonly calls: number;
  readonly [detail: string]: unknown;
}

let folder: string;
let sample: SampleProcess;
let client: SampleClient;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'catga-sample-'));
  sample = await SampleProcess.prepare(folder);
  client = new SampleClient(sample.url);
});
afterAll(async () => {
  await sample.dispose();
  rmSync(folder, { recursive: true });
});

const post = (body: object, headers: Record<string, string> = {}) =>
  client.request('POST', '/orders', { body, headers });
const rowsOf = (ledger: string, id: string) => client.get<Row[]>(`/ledger/${ledger}?orderId=${encodeURIComponent(id)}`);
const stockOf = async (productId: number) => {
  const levels = await client.get<{ productId: number; quantity: number }[]>('/inventory');
  return levels.find((level) => level.productId === productId)?.quantity;
};
async function until<T>(read: () => Promise<T>, holds: (value: T) => boolean): Promise<T> {
  for (const limit = Date.now() + 120_000; ;) {
    const value = await read();
    if (holds(value)) return value;
    if (Date.now() > limit) throw new Error(`Waited in vain; last seen: ${JSON.stringify(value)}`);
    await pause(50);
  }
}
const orderStatus = (id: string) => client.get<{ status: string; result?: object }>(`/orders/${id}`);

describe('the running sample', () => {
  beforeAll(() => sample.start({ SAMPLE_DECLINE_RATE: String(DECLINE_RATE) }));
  afterAll(() => sample.stop());

  it('carries an order out and says what came of it', async () => {
    const id = orderId('happy');
    const { status, body } = await post(orderOf(id));
    expect(status).toBe(201);
    const result = body as Record<string, string>;
    expect(result).toEqual({
      orderId: id,
      amount: 27,
      inventoryId: expect.any(String),
      paymentId: expect.any(String),
      shipmentId: expect.any(String),
    });
    expect(await client.get(`/orders/${id}`)).toMatchObject({ orderId: id, status: 'completed', amount: 27, result });

    expect(await rowsOf('inventory', id)).toMatchObject([
      { kind: 'reservation', status: 'reserved', reservationId: result['inventoryId'], items: { 1: 2 }, calls: 1 },
    ]);
    expect(await rowsOf('payment', id)).toMatchObject([
      { kind: 'charge', status: 'charged', amount: 27, transactionId: result['paymentId'], calls: 1 },
    ]);
    // The receipt is mailed after the answer, by whoever gets the message.
    expect(
      await until(
        () => rowsOf('notification', id),
        (rows) => rows.length === 2,
      ),
    ).toMatchObject([
      { kind: 'notification', status: 'sent', customerId: 'c-1', subject: 'processing' },
      { kind: 'receipt', status: 'sent', subject: 'completed' },
    ]);
    expect(await rowsOf('shipment', id)).toMatchObject([
      { kind: 'shipment', status: 'created', speed: 'standard', trackingNumber: result['shipmentId'] },
    ]);
  });

  it('ships express above 1000 and standard at 1000', async () => {
    const ship = async (id: string, unitPrice: number) => {
      expect((await post(orderOf(id, { items: [{ productId: 2, quantity: 1, unitPrice }] }))).status).toBe(201);
      return (await rowsOf('shipment', id))[0]?.['speed'];
    };
    expect(await ship(orderId('dear'), 1000.01)).toBe('express');
    expect(await ship(orderId('fair'), 1000)).toBe('standard');
  });

  it('gives a repeated order the answer of the first time and charges once', async () => {
    const id = orderId('again');
    const together = await Promise.all([post(orderOf(id)), post(orderOf(id))]);
    const later = await post(orderOf(id));
    expect(together.map((answer) => answer.status)).toEqual([201, 201]);
    expect(later).toEqual(together[0]);
    expect(together[1]).toEqual(together[0]);
    expect(await rowsOf('payment', id)).toHaveLength(1);
    expect(await rowsOf('inventory', id)).toHaveLength(1);
  });

  it('answers at once when asked to, and says where to look', async () => {
    const id = orderId('async');
    const response = await fetch(`${sample.url}/orders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', prefer: 'respond-async' },
      body: JSON.stringify(orderOf(id)),
    });
    expect(response.status).toBe(202);
    expect(response.headers.get('location')).toBe(`/orders/${id}`);
    expect(await response.json()).toEqual({ processId: `OrderProcess:${id}` });
    const done = await until(
      () => orderStatus(id),
      (order) => order.status === 'completed',
    );
    expect(done.result).toMatchObject({ orderId: id });
  });

  it('refuses what is not in stock, takes nothing, and can deliver after a restock', async () => {
    await client.request('PUT', '/inventory/900', { body: { quantity: 3 } });
    const items = [
      { productId: 1, quantity: 1, unitPrice: 1 },
      { productId: 900, quantity: 2, unitPrice: 1 },
      { productId: 900, quantity: 2, unitPrice: 1 },
    ];
    const before = await stockOf(1);
    const short = orderId('short');
    const { status, body } = await post(orderOf(short, { items }));
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: 'OUT_OF_STOCK', status: 409, orderId: short });
    expect(await client.get(`/orders/${short}`)).toMatchObject({ status: 'failed', error: { code: 'OUT_OF_STOCK' } });
    expect([await stockOf(1), await stockOf(900)]).toEqual([before, 3]);
    expect(await rowsOf('payment', short)).toEqual([]);

    const restocked = await client.request('POST', '/inventory/900/restock', { body: { quantity: 1 } });
    expect(restocked).toMatchObject({ status: 200, body: { productId: 900, quantity: 4 } });
    expect((await post(orderOf(orderId('enough'), { items }))).status).toBe(201);
    expect(await stockOf(900)).toBe(0);
  });

  it('releases the reservation when the card is declined', async () => {
    await client.request('PUT', '/inventory/901', { body: { quantity: 5 } });
    const id = orderId('declined', true);
    const items = [{ productId: 901, quantity: 5, unitPrice: 10 }];
    const { status, body } = await post(orderOf(id, { items }));
    expect(status).toBe(402);
    expect(body).toMatchObject({ code: 'CARD_DECLINED', orderId: id, processId: `OrderProcess:${id}` });
    expect(await client.get(`/orders/${id}`)).toMatchObject({
      status: 'failed',
      undone: expect.arrayContaining(['reserveInventory']),
    });
    expect(await stockOf(901)).toBe(5);
    expect(await rowsOf('inventory', id)).toMatchObject([
      { kind: 'reservation', status: 'released' },
      { kind: 'release', status: 'done' },
    ]);
    // A plain no: nothing was charged, so nothing is refunded.
    expect(await rowsOf('payment', id)).toMatchObject([{ kind: 'charge', status: 'declined' }]);
    expect(await rowsOf('shipment', id)).toEqual([]);
    expect((await post(orderOf(id, { items }))).status).toBe(402);
  });

  it('refuses a product that does not exist', async () => {
    const { status, body } = await post(
      orderOf(orderId('unknown'), { items: [{ productId: 4711, quantity: 1, unitPrice: 1 }] }),
    );
    expect(status).toBe(422);
    expect(body).toMatchObject({ code: 'UNKNOWN_PRODUCT' });
  });

  it.each([
    ['no body', {}, ['orderId', 'customerId', 'address', 'items']],
    ['an empty order id', orderOf(''), ['orderId']],
    ['an order id that is no text', orderOf('x', { orderId: 42 }), ['orderId']],
    ['no items', orderOf('x', { items: [] }), ['items']],
    ['items that are no list', orderOf('x', { items: 'many' }), ['items']],
    [
      'a negative quantity',
      orderOf('x', { items: [{ productId: 1, quantity: -1, unitPrice: 1 }] }),
      ['items.0.quantity'],
    ],
    [
      'faults in the second item',
      orderOf('x', {
        items: [
          { productId: 1, quantity: 1, unitPrice: 1 },
          { productId: 1.5, quantity: '1', unitPrice: 1 },
        ],
      }),
      ['items.1.productId', 'items.1.quantity'],
    ],
    [
      'more discount than the price',
      orderOf('x', { items: [{ productId: 1, quantity: 1, unitPrice: 1, discount: 1.5 }] }),
      ['items.0.discount'],
    ],
  ])('refuses %s with the path of each fault', async (_, body, paths) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 422, body: { status: 422, code: 'CATGA_INVALID_BODY' } });
    const { errors } = answer.body as { errors: { path: string }[] };
    expect([...new Set(errors.map((error) => error.path))].sort()).toEqual([...paths].sort());
  });

  it('does not let the customer choose the amount', async () => {
    const id = orderId('cheap');
    expect((await post(orderOf(id, { amount: 0.01 }))).body).toMatchObject({ amount: 27 });
    expect(await rowsOf('payment', id)).toMatchObject([{ amount: 27 }]);
  });

  it('refuses parameters that it does not know: a mistyped filter would find everything', async () => {
    for (const path of ['/orders?stauts=placed', '/ledger/payment?order=1']) {
      expect(await client.request('GET', path)).toMatchObject({ status: 400, body: { code: 'CATGA_INVALID_QUERY' } });
    }
    expect((await client.request('GET', '/orders?status=placed&limit=1')).status).toBe(200);
  });

  it('answers what it does not know with 404 as problem+json', async () => {
    const paths = ['/orders/nobody', '/ledger/gold', '/processes/OrderProcess:nobody', '/nowhere'];
    for (const path of paths) {
      const response = await fetch(sample.url + path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toMatch(/^application\/problem\+json/);
      expect(await response.json()).toMatchObject({
        status: 404,
        code: expect.any(String),
        detail: expect.any(String),
      });
    }
  });

  it('pages a ledger by the links it gives', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) expect((await post(orderOf(orderId(name)))).status).toBe(201);
    const all = await client.get<Row[]>('/ledger/shipment');
    const seen: Row[] = [];
    for (let path: string | undefined = '/ledger/shipment?limit=2'; path;) {
      const response = await fetch(sample.url + path);
      seen.push(...((await response.json()) as Row[]));
      path = /<([^>]+)>; rel="next"/.exec(response.headers.get('link') ?? '')?.[1];
    }
    expect(seen.length).toBeGreaterThanOrEqual(3);
    expect(seen).toEqual(all);
  });

  it('is healthy, alive and ready, and documents itself', async () => {
    for (const path of ['/health', '/health/live', '/health/ready']) {
      expect(await client.get(path)).toMatchObject({ status: 'ok' });
    }
    const { paths } = await client.get<{ paths: object }>('/api-json');
    expect(Object.keys(paths)).toEqual(expect.arrayContaining(['/orders', '/ledger/{name}', '/processes/{id}']));
  });

  it('shows the steps of its process as they stand in the code', async () => {
    const definitions =
      await client.get<{ name: string; steps: { name: string; compensation?: string }[] }[]>('/processes/definitions');
    const steps = definitions.find((definition) => definition.name === 'OrderProcess')?.steps;
    expect(steps?.map(({ name, compensation }) => [name, compensation])).toEqual([
      ['placeOrder', 'compensatePlaceOrder'],
      ['reserveInventory', 'compensateReserveInventory'],
      ['processPayment', 'compensateProcessPayment'],
      ['sendNotification', undefined],
      ['createExpressShipment', 'compensateCreateExpressShipment'],
      ['createShipment', 'compensateCreateShipment'],
      ['completeOrder', undefined],
    ]);
  });
});

describe('trouble', () => {
  afterEach(() => sample.kill());

  it('goes on at the step that kill -9 cut off and charges once', async () => {
    const id = orderId('killed');
    await sample.start({ SAMPLE_GATEWAY_DELAY: '4s' });
    expect((await post(orderOf(id), { prefer: 'respond-async' })).status).toBe(202);
    // Half of the delay is over when the charge is on record; then only the answer is missing.
    await until(
      () => rowsOf('payment', id),
      (rows) => rows.length === 1,
    );
    expect(await orderStatus(id)).toMatchObject({ status: 'running' });
    await sample.kill();

    await sample.start({ SAMPLE_GATEWAY_DELAY: '0' });
    const order = await until(
      () => orderStatus(id),
      ({ status }) => status === 'completed',
    );
    const payment = await rowsOf('payment', id);
    expect(payment).toMatchObject([{ kind: 'charge', status: 'charged', calls: 2 }]);
    expect(order.result).toMatchObject({ paymentId: payment[0]?.['transactionId'] });
    expect(await rowsOf('inventory', id)).toMatchObject([{ status: 'reserved', calls: 1 }]);
    expect(await rowsOf('shipment', id)).toHaveLength(1);
    // The client that comes back with the same order hears how it ended.
    expect(await post(orderOf(id))).toEqual({ status: 201, body: order.result });
  });

  it('goes on after a shutdown in order, and tells who waited to come back', async () => {
    const id = orderId('deployed');
    await sample.start({ SAMPLE_GATEWAY_DELAY: '20s' });
    const waiting = post(orderOf(id)).catch(() => ({ status: 0 }));
    await until(
      () => rowsOf('inventory', id),
      (rows) => rows.length === 1,
    );
    await sample.stop();
    expect([0, 503]).toContain((await waiting).status);

    await sample.start();
    expect((await post(orderOf(id))).status).toBe(201);
    expect(await rowsOf('payment', id)).toMatchObject([{ kind: 'charge', status: 'charged' }]);
    expect(await rowsOf('inventory', id)).toMatchObject([{ status: 'reserved', calls: 1 }]);
  });

  it('parks an order that cannot even be undone, and undoes it when an operator says so', async () => {
    const id = orderId('failing');
    await sample.start({ SAMPLE_GATEWAY_FAILURE_RATE: '1' });
    const before = await stockOf(1);
    const parked = await post(orderOf(id));
    expect(parked).toMatchObject({ status: 409, body: { code: 'CATGA_PROCESS_PARKED' } });
    expect(await orderStatus(id)).toMatchObject({ status: 'compensation-stuck' });
    await sample.kill();

    await sample.start();
    expect(await orderStatus(id)).toMatchObject({ status: 'compensation-stuck' });
    const decide = `/processes/OrderProcess:${id}/compensations/processPayment/retry`;
    expect((await client.request('POST', decide, { body: {} })).status).toBeLessThan(300);
    await until(
      () => orderStatus(id),
      ({ status }) => status === 'failed',
    );
    expect((await rowsOf('payment', id)).filter((row) => row.status === 'charged')).toEqual([]);
    expect(await rowsOf('inventory', id)).toMatchObject([{ status: 'released' }, { status: 'done' }]);
    expect(await stockOf(1)).toBe(before);
    expect(await post(orderOf(id))).toMatchObject({ status: 502, body: { code: 'GATEWAY_UNAVAILABLE', orderId: id } });
  });
});

describe('the sample and its cluster, when they cannot start', () => {
  const DIST = resolve('apps/sample-order/dist');
  let places: string;
  beforeAll(() => {
    places = mkdtempSync(join(tmpdir(), 'catga-start-'));
  });
  afterAll(() => rmSync(places, { recursive: true }));

  function run(program: string, args: string[], env: NodeJS.ProcessEnv) {
    return new Promise<{ code: unknown; stderr: string }>((done) => {
      const options = { cwd: places, env: { ...process.env, CATGA_DATA: join(places, 'data'), ...env } };
      execFile(process.execPath, [join(DIST, program), ...args], options, (error, _out, stderr) =>
        done({ code: error?.code ?? 0, stderr }),
      );
    });
  }

  it.each([
    ['an unknown store', { CATGA_STORE: 'paper' }, 'CATGA_STORE: "paper" is not one of sqlite, redis, nats.'],
    [
      'Redis away',
      { CATGA_STORE: 'redis', REDIS_URL: 'redis://127.0.0.1:1' },
      'Redis at 127.0.0.1:1 cannot be reached',
    ],
    ['NATS away', { CATGA_STORE: 'nats', NATS_URL: 'nats://127.0.0.1:1' }, 'Nobody answers as NATS at 127.0.0.1:1'],
  ])('end with 1 and say it in one line: %s', async (_case, env, words) => {
    const { code, stderr } = await run('main.js', [], { PORT: '0', ...env });
    expect({ code, lines: stderr.trimEnd().split('\n').length }).toEqual({ code: 1, lines: 1 });
    expect(stderr).toMatch(/^The sample cannot start: /);
    expect(stderr).toContain(words);
  });

  it('end with 1 when the port is taken, name the log, and begin a new log each time', async () => {
    // It answers like a sample that is ready, which must not be taken for the node.
    const other = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok'));
    }).listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const { port } = other.address() as AddressInfo;
    const log = join(places, '.data/cluster/node-1/sample.log');
    try {
      for (const earlier of [false, true]) {
        expect(existsSync(log)).toBe(earlier);
        if (earlier) writeFileSync(log, 'of an earlier run\n');
        const args = ['--store', 'sqlite', '--nodes', '1', '--port', String(port)];
        const { code, stderr } = await run('tools/cluster/main.js', args, {});
        expect(code).toBe(1);
        expect(stderr).toBe(
          `The sample cannot start: port ${port} of 127.0.0.1 is in use, perhaps by another sample. ` +
            `End that one, or set PORT to another port. Its log: ${log}\n`,
        );
      }
      expect(readFileSync(log, 'utf8')).not.toContain('of an earlier run');
    } finally {
      other.close();
    }
  });
});
