/** What everybody sends, 204 bytes of JSON. Everybody makes the text for each message, and parses it for each handler. */
export interface OrderPaid {
  readonly orderId: string;
  readonly number: number;
}

export const orderPaid = (number: number): OrderPaid & Record<string, unknown> => ({
  orderId: 'order-0123456789',
  number: 1_000_000 + number,
  customer: { id: 'customer-4711', name: 'Ada Lovelace', city: 'London' },
  amount: 1_499.95,
  currency: 'EUR',
  method: 'card',
  paidAt: '2026-11-22T12:00:00.000Z',
  items: ['sku-1', 'sku-2'],
});

/** The same as text. */
export const orderPaidText = (number: number): string => JSON.stringify(orderPaid(number));
