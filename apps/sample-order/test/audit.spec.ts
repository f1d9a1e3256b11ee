import type { LedgerRow } from '../src/ledger/ledger-row.js';
import type { OrderView } from '../src/orders/order.view.js';
import type { PaymentRow } from '../src/payment/payment.ledger.js';
import { audit } from '../src/tools/crash/audit.js';
import type { Evidence } from '../src/tools/crash/evidence.js';
import type { Outcome } from '../src/tools/load/load-report.js';

const frame = (key: string) => ({ idempotencyKey: key, calls: 1, at: '2026-01-01T00:00:00.000Z' });
const result = { orderId: '1', amount: 10, inventoryId: 'R1', paymentId: 'T1', shipmentId: 'P1' };

function order(orderId: string, status: OrderView['status'], more: Partial<OrderView> = {}) {
  const final = status === 'completed' ? 'ProcessCompleted' : 'ProcessFailed';
  const view: OrderView = {
    orderId,
    processId: `OrderProcess:${orderId}`,
    status,
    customerId: 'c',
    amount: 10,
    undone: [],
    explanation: '',
    ...more,
  };
  return { view, events: ['ProcessStarted', final] };
}

/** Order 1 completed, order 2 declined after a reservation that was released. */
function allIsWell() {
  const evidence = {
    orders: new Map<string, ReturnType<typeof order> | undefined>([
      ['1', order('1', 'completed', { result })],
      ['2', order('2', 'failed', { error: { code: 'CARD_DECLINED', message: '' } })],
    ]),
    processIds: ['OrderProcess:1', 'OrderProcess:2'],
    inventory: [
      { ...frame('a'), kind: 'reservation', status: 'reserved', orderId: '1', reservationId: 'R1', items: { 7: 3 } },
      { ...frame('b'), kind: 'reservation', status: 'released', orderId: '2', reservationId: 'R2', items: { 7: 2 } },
      { ...frame('c'), kind: 'release', status: 'done', orderId: '2', reservationId: 'R2', items: { 7: 2 } },
    ],
    payment: [
      { ...frame('d'), kind: 'charge', status: 'charged', orderId: '1', amount: 10, transactionId: 'T1' },
      { ...frame('e'), kind: 'charge', status: 'declined', orderId: '2', amount: 10 },
    ] as LedgerRow<PaymentRow>[],
    notification: [],
    shipment: [{ ...frame('f'), kind: 'shipment', status: 'created', orderId: '1', trackingNumber: 'P1' }],
    stock: [{ ...frame('g'), kind: 'count', status: 'done', productId: 7, change: 10, quantity: 10 }],
    levels: [{ productId: 7, quantity: 7 }],
  } satisfies Evidence;
  const outcomes: Outcome[] = [
    { orderId: '1', kind: 'completed', milliseconds: 1, answer: result },
    { orderId: '2', kind: 'compensated', code: 'CARD_DECLINED', milliseconds: 1, answer: {} },
  ];
  return { evidence, outcomes };
}

describe('the audit', () => {
  it('finds nothing where all is well', () => {
    const { evidence, outcomes } = allIsWell();
    expect(audit(evidence, outcomes)).toEqual([]);
  });

  type Case = [what: string, spoil: (well: ReturnType<typeof allIsWell>) => void, found: RegExp];
  it.each<Case>([
    ['an order that is lost', ({ evidence }) => evidence.orders.set('1', undefined), /Order 1 is lost/],
    ['an order that has not ended', ({ evidence }) => evidence.orders.set('2', order('2', 'running')), /has not ended/],
    ['an order that is parked', ({ evidence }) => evidence.orders.set('2', order('2', 'diverged')), /it is diverged/],
    ['two outcomes', ({ evidence }) => evidence.orders.get('1')!.events.push('ProcessFailed'), /has 2 final events/],
    ['no reservation', ({ evidence }) => evidence.inventory.shift(), /0 reservation rows/],
    [
      'a second charge',
      ({ evidence }) => evidence.payment.push({ ...evidence.payment[0]!, idempotencyKey: 'x' }),
      /2 charge rows, 2 standing/,
    ],
    [
      'a second charge that was refunded',
      ({ evidence }) => evidence.payment.push({ ...evidence.payment[0]!, idempotencyKey: 'x', status: 'refunded' }),
      /2 charge rows, 1 standing/,
    ],
    ['no shipment', ({ evidence }) => evidence.shipment.pop(), /0 shipment rows/],
    [
      'a shipment other than the one in the result',
      ({ evidence }) => Object.assign(evidence.shipment[0]!, { trackingNumber: 'P9' }),
      /shipment P1, but the ledger has P9/,
    ],
    [
      'a charge left behind',
      ({ evidence }) => Object.assign(evidence.payment[1]!, { status: 'charged' }),
      /Order 2 is failed, but 1 charge stands/,
    ],
    [
      'a reservation left behind',
      ({ evidence }) => Object.assign(evidence.inventory[1]!, { status: 'reserved' }),
      /Order 2 is failed, but 1 reservation stands/,
    ],
    ['an answer that is no longer true', ({ outcomes }) => outcomes.reverse().pop(), /Order 1 was never answered/],
    [
      'another outcome than the client was told',
      ({ outcomes }) => Object.assign(outcomes[1]!, { code: 'OUT_OF_STOCK' }),
      /told OUT_OF_STOCK, now it is CARD_DECLINED/,
    ],
    ['a run that nobody started', ({ evidence }) => evidence.processIds.push('OrderProcess:3'), /3 runs for 2 orders/],
    [
      'a row of an order that nobody sent',
      ({ evidence }) => evidence.payment.push({ ...evidence.payment[1]!, orderId: '3' }),
      /order 3, which nobody sent/,
    ],
    ['pieces that are missing', ({ evidence }) => Object.assign(evidence.levels[0]!, { quantity: 6 }), /Product 7: 6/],
    [
      'a release that put nothing back',
      ({ evidence }) => Object.assign(evidence.levels[0]!, { quantity: 5 }),
      /Product 7: 5 in stock, but the ledgers say 7/,
    ],
    ['a product that is gone', ({ evidence }) => evidence.levels.pop(), /Product 7: undefined in stock/],
  ])('finds %s', (_, spoil, found) => {
    const well = allIsWell();
    spoil(well);
    expect(audit(well.evidence, well.outcomes).join('\n')).toMatch(found);
  });
});
