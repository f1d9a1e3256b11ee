import type { OrderView } from '../../orders/order.view.js';
import type { Outcome } from '../load/load-report.js';
import { auditStock } from './audit-stock.js';
import type { Evidence, OrderEvidence } from './evidence.js';

const FINAL_EVENTS = new Set(['ProcessCompleted', 'ProcessFailed', 'ProcessCancelled']);

/** What must hold of every order, whatever was killed when. Returns each violation in a sentence; none: all is well. */
export function audit(evidence: Evidence, outcomes: readonly Outcome[]): string[] {
  const answers = new Map(outcomes.map((outcome) => [outcome.orderId, outcome]));
  return [
    ...Array.from(evidence.orders).flatMap(([orderId, order]) =>
      order
        ? [
            ...auditOutcome(orderId, order),
            ...auditEffects(orderId, order, evidence),
            ...auditAnswer(orderId, order, answers.get(orderId)),
          ]
        : [`Order ${orderId} is lost: the sample does not know it.`],
    ),
    ...auditRuns(evidence),
    ...auditStock(evidence),
  ];
}

/** Every order has ended, once. */
function auditOutcome(orderId: string, { view, events }: OrderEvidence): string[] {
  const final = events.filter((type) => FINAL_EVENTS.has(type));
  return [
    ...(view.status === 'completed' || view.status === 'failed'
      ? []
      : [`Order ${orderId} has not ended: it is ${view.status}. ${view.explanation}`]),
    ...(final.length === 1 ? [] : [`Order ${orderId} has ${final.length} final events: ${final.join(', ')}.`]),
  ];
}

/** A completed order has one of each, and they are those of its result; of another one nothing is left standing. */
function auditEffects(orderId: string, { view }: OrderEvidence, ledgers: Evidence): string[] {
  const of = <R extends { orderId: string; kind: string }>(rows: readonly R[], kind: R['kind']): R[] =>
    rows.filter((row) => row.orderId === orderId && row.kind === kind);
  const reservations = of(ledgers.inventory, 'reservation').map((row) => ({
    stands: row.status === 'reserved',
    id: row.reservationId,
  }));
  const charges = of(ledgers.payment, 'charge').map((row) => ({
    stands: row.status === 'charged',
    id: row.transactionId,
  }));
  const shipments = of(ledgers.shipment, 'shipment').map((row) => ({
    stands: row.status === 'created',
    id: row.trackingNumber,
  }));
  return [
    ...auditEffect('reservation', view, reservations, view.result?.inventoryId),
    ...auditEffect('charge', view, charges, view.result?.paymentId),
    ...auditEffect('shipment', view, shipments, view.result?.shipmentId),
  ];
}

interface Effect {
  readonly stands: boolean;
  readonly id: string | undefined;
}

function auditEffect(name: string, order: OrderView, rows: readonly Effect[], told: string | undefined): string[] {
  const standing = rows.filter((row) => row.stands).length;
  const where = `Order ${order.orderId} is ${order.status}`;
  if (order.status !== 'completed') return standing === 0 ? [] : [`${where}, but ${standing} ${name} stands.`];
  if (rows.length !== 1 || standing !== 1) return [`${where} with ${rows.length} ${name} rows, ${standing} standing.`];
  return rows[0]?.id === told ? [] : [`${where} with ${name} ${told}, but the ledger has ${rows[0]?.id}.`];
}

/** What a client was told is still true. */
function auditAnswer(orderId: string, { view }: OrderEvidence, outcome: Outcome | undefined): string[] {
  if (!outcome) return [`Order ${orderId} was never answered.`];
  const told = outcome.kind === 'completed' ? JSON.stringify(outcome.answer) : outcome.code;
  const now = view.status === 'completed' ? JSON.stringify(view.result) : view.error?.code;
  return told === now ? [] : [`Order ${orderId}: the client was told ${told}, now it is ${now}.`];
}

/** One run an order, and no run or row that belongs to none. */
function auditRuns({ orders, processIds, inventory, payment, notification, shipment }: Evidence): string[] {
  const rows = [...inventory, ...payment, ...notification, ...shipment];
  const strangers = new Set(rows.map((row) => row.orderId).filter((orderId) => !orders.has(orderId)));
  const expected = new Set(Array.from(orders.values(), (order) => order?.view.processId));
  return [
    ...Array.from(strangers, (orderId) => `The ledgers name order ${orderId}, which nobody sent.`),
    ...(new Set(processIds).size === processIds.length ? [] : ['The list of processes names one of them twice.']),
    ...(processIds.length === expected.size
      ? []
      : [`There are ${processIds.length} runs for ${expected.size} orders.`]),
  ];
}
