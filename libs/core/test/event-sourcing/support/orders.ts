import { Aggregate, AggregateRoot, defineDecider, DomainError, Event, everyEvents, On } from '@catga/core';

@Event('test.order-placed')
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly customer: string,
  ) {}
}

@Event('test.item-added')
export class ItemAdded {
  constructor(
    readonly sku: string,
    readonly quantity: number,
  ) {}
}

@Event('test.order-paid')
export class OrderPaid {
  constructor(readonly at: Date) {}
}

/** Without snapshots. */
@Aggregate('order')
export class Order extends AggregateRoot {
  protected customer = '';
  protected readonly lines: { sku: string; quantity: number }[] = [];
  protected paidAt: Date | undefined = undefined;

  static place(id: string, customer: string): Order {
    const order = new Order(id);
    order.place(customer);
    return order;
  }

  get total(): number {
    return this.lines.reduce((sum, line) => sum + line.quantity, 0);
  }

  place(customer: string): void {
    if (this.customer !== '') throw new DomainError('placed already');
    this.raise(new OrderPlaced(this.id, customer));
  }

  add(sku: string, quantity: number): void {
    if (quantity < 1) throw new DomainError('add at least one');
    if (this.paidAt !== undefined) throw new DomainError('paid already');
    this.raise(new ItemAdded(sku, quantity));
  }

  pay(at: Date): void {
    this.raise(new OrderPaid(at));
  }

  @On(OrderPlaced)
  protected placed(event: OrderPlaced): void {
    this.customer = event.customer;
  }

  // In place, so that tests see it when two aggregates or a snapshot share a state.
  @On(ItemAdded)
  protected added(event: ItemAdded): void {
    const line = this.lines.find(({ sku }) => sku === event.sku);
    if (line === undefined) this.lines.push({ sku: event.sku, quantity: event.quantity });
    else line.quantity += event.quantity;
  }

  @On(OrderPaid)
  protected paid(event: OrderPaid): void {
    this.paidAt = event.at;
  }
}

/** The same with a snapshot every five events. */
@Aggregate('snapOrder', { snapshots: { when: everyEvents(5) } })
export class SnapOrder extends Order {}

export type CartState = { readonly items: readonly string[]; readonly isOpen: boolean };

@Event('test.cart-item-added')
export class CartItemAdded {
  constructor(readonly sku: string) {}
}

@Event('test.cart-checked-out')
export class CheckedOut {}

export class AddToCart {
  constructor(readonly sku: string) {}
}

export class CheckOut {}

export const cart = defineDecider<CartState, AddToCart | CheckOut, CartItemAdded | CheckedOut>({
  name: 'cart',
  events: [CartItemAdded, CheckedOut],
  initialState: () => ({ items: [], isOpen: true }),
  decide: (command, state) => {
    if (command instanceof AddToCart) return new CartItemAdded(command.sku);
    if (state.items.length === 0) throw new DomainError('the cart is empty');
    return new CheckedOut();
  },
  evolve: (state, event) =>
    event instanceof CartItemAdded ? { ...state, items: [...state.items, event.sku] } : { ...state, isOpen: false },
  isTerminal: (state) => !state.isOpen,
});

/** The state as time travel and snapshots see it, without the class. */
export const stateOf = (aggregate: AggregateRoot): unknown => JSON.parse(JSON.stringify(aggregate.toSnapshot()));
