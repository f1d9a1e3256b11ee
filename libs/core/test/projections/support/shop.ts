import {
  Event,
  EventLog,
  EventRegistry,
  JsonCodec,
  On,
  Projection,
  ProjectionRuntime,
  readModel,
  resolveProjectionsOptions,
  type ProjectionContext,
  type ProjectionOptions,
  type ProjectionsOptions,
  type ProjectionTarget,
  type Store,
  type Type,
} from '@catga/core';

@Event('order-placed')
export class OrderPlaced {
  constructor(
    readonly orderId: string,
    readonly country: string,
    readonly amount: number,
  ) {}
}

@Event('order-shipped')
export class OrderShipped {
  constructor(readonly orderId: string) {}
}

@Event('order-unrelated')
export class Unrelated {
  constructor(readonly n: number) {}
}

export interface OrderView {
  readonly id: string;
  readonly country: string;
  readonly amount: number;
  readonly status: 'placed' | 'shipped';
  /** Would tell of an event taken twice. */
  readonly seen: number;
}

export const Orders = readModel<OrderView>('orders', { tags: (order) => [`status:${order.status}`] });
export const Revenue = readModel<{ readonly total: number; readonly orders: number }>('revenue');

/** A fresh projection class each time, with options and hooks of the test. */
export function orderProjection(
  options: Partial<ProjectionOptions> = {},
  hook: (event: object, ctx: ProjectionContext) => void | Promise<void> = () => {},
): Type<object> {
  @Projection({ name: 'order-list', models: [Orders, Revenue], ...options })
  class OrderList {
    @On(OrderPlaced)
    placed(event: OrderPlaced, ctx: ProjectionContext): void | Promise<void> {
      const { orderId: id, country, amount } = event;
      ctx.model(Orders).update(id, (old) => ({ id, country, amount, status: 'placed', seen: (old?.seen ?? 0) + 1 }));
      ctx.model(Revenue).update(country, (old) => ({
        total: (old?.total ?? 0) + amount,
        orders: (old?.orders ?? 0) + 1,
      }));
      return hook(event, ctx);
    }

    @On(OrderShipped)
    async shipped(event: OrderShipped, ctx: ProjectionContext): Promise<void> {
      const order = await ctx.model(Orders).get(event.orderId);
      if (order !== undefined) {
        ctx.model(Orders).put(event.orderId, { ...order, status: 'shipped', seen: order.seen + 1 });
      }
      await hook(event, ctx);
    }
  }
  return OrderList;
}

/** Projections, log and store of one node. */
export interface Node {
  readonly store: Store;
  readonly log: EventLog;
  readonly runtime: ProjectionRuntime;
  readonly warnings: string[];
}

export function nodeOn(
  store: Store,
  classes: readonly Type<object>[],
  options: ProjectionsOptions = {},
  target?: ProjectionTarget<unknown>,
): Node {
  const registry = new EventRegistry(store).register(OrderPlaced, OrderShipped, Unrelated);
  const log = new EventLog(store, registry);
  const warnings: string[] = [];
  const runtime = new ProjectionRuntime({
    store,
    registry,
    log,
    codec: new JsonCodec(),
    settings: resolveProjectionsOptions(options),
    onWarning: (message) => warnings.push(message),
  });
  for (const type of classes) runtime.register(type, new (type as new () => object)(), target);
  return { store, log, runtime, warnings };
}

export const tick = (milliseconds = 0): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

export async function until(holds: () => boolean | Promise<boolean>, what: string, most = 8_000): Promise<void> {
  const giveUp = Date.now() + most;
  while (!(await holds())) {
    if (Date.now() > giveUp) throw new Error(`Waited in vain until ${what}`);
    await tick(5);
  }
}

/** Everything in the live models, by key. */
export async function contents({ runtime }: Node, projection = 'order-list'): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {};
  for (const model of [Orders, Revenue]) {
    let cursor: string | undefined;
    do {
      const page = await runtime.readModels
        .of(projection, model.name)
        .find({ limit: 500, ...(cursor ? { cursor } : {}) });
      for (const { key, value } of page.items) all[`${model.name}/${key}`] = value;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }
  return all;
}

/** What the models must hold, worked out from the events without any projection. */
export function expected(events: readonly object[]): Record<string, unknown> {
  const orders = new Map<string, OrderView>();
  const revenue = new Map<string, { total: number; orders: number }>();
  for (const event of events) {
    if (event instanceof OrderPlaced) {
      const { orderId: id, country, amount } = event;
      const old = orders.get(id);
      orders.set(id, { id, country, amount, status: 'placed', seen: (old?.seen ?? 0) + 1 });
      const sum = revenue.get(country) ?? { total: 0, orders: 0 };
      revenue.set(country, { total: sum.total + amount, orders: sum.orders + 1 });
    } else if (event instanceof OrderShipped) {
      const old = orders.get(event.orderId);
      if (old) orders.set(event.orderId, { ...old, status: 'shipped', seen: old.seen + 1 });
    }
  }
  return {
    ...Object.fromEntries([...orders].map(([key, value]) => [`orders/${key}`, value])),
    ...Object.fromEntries([...revenue].map(([key, value]) => [`revenue/${key}`, value])),
  };
}

/** Events of so many orders, of which every other one is shipped, mixed with ones that concern nobody. */
export function history(orders: number, from = 0): { readonly stream: string; readonly event: object }[] {
  const list: { stream: string; event: object }[] = [];
  for (let n = from; n < from + orders; n++) {
    const stream = `order-${n}`;
    list.push({ stream, event: new OrderPlaced(String(n), ['de', 'fr', 'uk'][n % 3] as string, (n % 7) + 1) });
    if (n % 2 === 0) list.push({ stream, event: new OrderShipped(String(n)) });
    if (n % 5 === 0) list.push({ stream: `other-${n}`, event: new Unrelated(n) });
  }
  return list;
}

export async function appendAll(log: EventLog, list: readonly { stream: string; event: object }[]): Promise<number> {
  let position = 0;
  for (const { stream, event } of list) ({ position } = await log.append(stream, [event]));
  return position;
}
