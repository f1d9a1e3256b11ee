import type { OrderItem } from '../../orders/order-item.js';
import type { BookOrder, BookProduct, OrderBook } from './order-book.js';
import { readTable, type Row, type Table } from './table.js';

/**
 * Reads the Northwind files: orders.csv, order-details.csv, products.csv, customers.csv.
 *
 * No order is lost silently: a row that cannot be read is in `unreadable`, with the reason.
 *
 * @throws {Error} when a file is missing
 */
export function readNorthwind(folder: string): OrderBook {
  const orders = readTable(folder, 'orders.csv', 'shipAddress');
  const lines = readTable(folder, 'order-details.csv', 'discount');
  const products = readTable(folder, 'products.csv', 'productName');
  const customers = readTable(folder, 'customers.csv', 'address');

  const unreadable = [orders, lines, products, customers].flatMap((table) => table.unreadable);
  const read = <T>(table: Table, make: (row: Row) => T): T[] =>
    table.rows.flatMap((row) => attempt(row, make, unreadable));

  const known = new Set(read(customers, (row) => row.required('customerID')));
  const itemsByOrder = new Map<string, OrderItem[]>();
  read(lines, (row) => {
    const orderId = row.required('orderID');
    const items = itemsByOrder.get(orderId) ?? [];
    items.push(toItem(row));
    itemsByOrder.set(orderId, items);
  });

  return {
    source: folder,
    products: read(products, toProduct),
    orders: read(orders, (row) => toOrder(row, itemsByOrder, known)),
    repairedRows: orders.repaired,
    unreadable,
  };
}

function attempt<T>(row: Row, make: (row: Row) => T, unreadable: string[]): T[] {
  try {
    return [make(row)];
  } catch (error) {
    unreadable.push((error as Error).message);
    return [];
  }
}

function toProduct(row: Row): BookProduct {
  return {
    productId: row.number('productID'),
    unitsInStock: row.number('unitsInStock'),
    reorderLevel: row.number('reorderLevel'),
  };
}

function toItem(row: Row): OrderItem {
  return {
    productId: row.number('productID'),
    quantity: row.number('quantity'),
    unitPrice: row.number('unitPrice'),
    discount: row.number('discount'),
  };
}

function toOrder(row: Row, itemsByOrder: ReadonlyMap<string, OrderItem[]>, customers: ReadonlySet<string>): BookOrder {
  const orderId = row.required('orderID');
  const customerId = row.required('customerID');
  const items = itemsByOrder.get(orderId);
  if (!items) throw new Error(`${row.where}: order ${orderId} has no lines in order-details.csv`);
  if (!customers.has(customerId))
    throw new Error(`${row.where}: order ${orderId} names unknown customer ${customerId}`);
  return { orderId, customerId, address: toAddress(row), country: row.required('shipCountry'), items };
}

function toAddress(row: Row): string {
  const parts = ['shipName', 'shipAddress', 'shipCity', 'shipRegion', 'shipPostalCode', 'shipCountry'];
  return parts.flatMap((part) => row.text(part) ?? []).join(', ');
}
