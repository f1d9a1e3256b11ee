import type { InventoryRow } from '../../inventory/inventory.ledger.js';
import type { StockLevel } from '../../inventory/stock.js';
import type { StockRow } from '../../inventory/stock.ledger.js';
import type { LedgerRow } from '../../ledger/ledger-row.js';
import type { NotificationRow } from '../../notification/notification.ledger.js';
import type { OrderView } from '../../orders/order.view.js';
import type { PaymentRow } from '../../payment/payment.ledger.js';
import type { ShipmentRow } from '../../shipment/shipment.ledger.js';
import type { SampleClient } from '../sample-client.js';

/** Everything that the sample says about what it has done, read over HTTP. */
export interface Evidence {
  /** Undefined for an order that the sample does not know. */
  readonly orders: ReadonlyMap<string, OrderEvidence | undefined>;
  /** Ids of all processes. */
  readonly processIds: readonly string[];
  readonly inventory: readonly LedgerRow<InventoryRow>[];
  readonly payment: readonly LedgerRow<PaymentRow>[];
  readonly notification: readonly LedgerRow<NotificationRow>[];
  readonly shipment: readonly LedgerRow<ShipmentRow>[];
  readonly stock: readonly LedgerRow<StockRow>[];
  readonly levels: readonly StockLevel[];
}

/** An order and the types of the events in its journal. */
export interface OrderEvidence {
  readonly view: OrderView;
  readonly events: readonly string[];
}

/** Reads it all. */
export async function gatherEvidence(client: SampleClient, orderIds: readonly string[]): Promise<Evidence> {
  const orders = new Map<string, OrderEvidence | undefined>();
  for (const orderId of orderIds) orders.set(orderId, await readOrder(client, orderId));
  return {
    orders,
    processIds: await readProcessIds(client),
    inventory: await client.get('/ledger/inventory'),
    payment: await client.get('/ledger/payment'),
    notification: await client.get('/ledger/notification'),
    shipment: await client.get('/ledger/shipment'),
    stock: await client.get('/ledger/stock'),
    levels: await client.get('/inventory'),
  };
}

async function readOrder(client: SampleClient, orderId: string): Promise<OrderEvidence | undefined> {
  const { status, body } = await client.request('GET', `/orders/${encodeURIComponent(orderId)}`);
  if (status === 404) return undefined;
  const view = body as OrderView;
  const path = `/processes/${encodeURIComponent(view.processId)}/events`;
  const { events } = await client.get<{ events: { type: string }[] }>(path);
  return { view, events: events.map((event) => event.type) };
}

async function readProcessIds(client: SampleClient): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ name: 'OrderProcess', limit: '500', ...(cursor && { cursor }) });
    const page = await client.get<{ processes: { id: string }[]; cursor?: string }>(`/processes?${query}`);
    ids.push(...page.processes.map((process) => process.id));
    cursor = page.cursor;
  } while (cursor);
  return ids;
}

/** Calls that were repeated and recognised by their idempotency key. */
export function repeatedCalls({ inventory, payment, notification, shipment }: Evidence): number {
  const rows = [...inventory, ...payment, ...notification, ...shipment];
  return rows.reduce((sum, row) => sum + row.calls - 1, 0);
}

/** Times that a node took over a run of another one. */
export function takeOvers({ orders }: Evidence): number {
  const journals = Array.from(orders.values(), (order) => order?.events ?? []);
  return journals.flat().filter((type) => type === 'ProcessClaimed').length;
}

/** What stands in the ledgers now, for people. */
export function standing({ inventory, payment, shipment }: Evidence): string {
  const count = (rows: readonly { status: string }[], status: string): number =>
    rows.filter((row) => row.status === status).length;
  return `${count(inventory, 'reserved')} reservations, ${count(payment, 'charged')} charges, ${count(shipment, 'created')} shipments`;
}
