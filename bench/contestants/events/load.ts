import { Aggregates, CatgaModule, EventLog } from '@catga/core';
import { nextTurn, type Contestant } from '../contestant.js';
import { bootContext } from '../nest.js';
import { castore } from './castore.js';
import { emmett, expected } from './emmett.js';
import { LineAdded, lineOf, noLines, withLine, type OrderState } from './line-added.js';
import { Order } from './order.aggregate.js';

const HISTORY = 1_000;
const STREAM = 'order-1';
const lines = Array.from({ length: HISTORY }, (_, i) => lineOf(STREAM, i));

/** Answers with the order itself, as a command needs it; its count of lines is checked. */
type Load = () => Promise<{ readonly lines: number }>;

/** All in memory, with references to the same kind of objects: nobody decodes. */
const LOADERS: Record<string, () => Promise<{ load: Load; close?: () => Promise<void> }>> = {
  /**
   * The floor: what a load cannot do without. A class as aggregates are, changed in place by each event. The order is the
   * answer: of one that nobody sees the compiler would keep nothing but the count.
   */
  async loop() {
    class Bare {
      lines = 0;
      total = 0;
      onAdded(line: LineAdded): void {
        this.lines++;
        this.total += line.quantity * line.price;
      }
    }
    return {
      async load() {
        const order = new Bare();
        for (const line of lines) order.onAdded(line);
        return order;
      },
    };
  },
  /**
   * The same, where the method for an event is found by its class, as it must be where events are of several classes and
   * the loop serves any aggregate: the floor for whoever generates no code.
   */
  async 'loop-by-class'() {
    class Bare {
      lines = 0;
      total = 0;
    }
    function onAdded(this: Bare, line: LineAdded): void {
      this.lines++;
      this.total += line.quantity * line.price;
    }
    const methods = new Map<unknown, typeof onAdded>([[LineAdded, onAdded]]);
    return {
      async load() {
        const order = new Bare();
        for (const line of lines) methods.get(line.constructor)?.call(order, line);
        return order;
      },
    };
  },
  /** The same over a state that is made anew by each event, as deciders and both peers do it. */
  async 'loop-new'() {
    return { load: async () => lines.reduce(withLine, noLines) };
  },
  async repository() {
    const app = await bootContext({ imports: [CatgaModule.forRoot({ endpoints: false })] });
    await app.get(EventLog).append(STREAM, lines, { expectedVersion: 'no-stream' });
    const orders = app.get(Aggregates).repository(Order);
    return { load: () => orders.load('1'), close: () => app.close() };
  },
  async read() {
    const app = await bootContext({ imports: [CatgaModule.forRoot({ endpoints: false })] });
    const log = app.get(EventLog);
    await log.append(STREAM, lines, { expectedVersion: 'no-stream' });
    return { load: async () => ({ lines: (await log.read(STREAM)).length }), close: () => app.close() };
  },
  async emmett() {
    const store = emmett().getInMemoryEventStore();
    await store.appendToStream(
      STREAM,
      lines.map((data) => ({ type: LineAdded.type, data })),
      { expectedStreamVersion: expected(0) },
    );
    const options = {
      initialState: () => noLines,
      evolve: (state: OrderState, { data }: { data: object }) => withLine(state, data as LineAdded),
    };
    return { load: async () => (await store.aggregateStream(STREAM, options)).state };
  },
  async castore() {
    const store = castore(LineAdded.type, (state: OrderState | undefined, { payload }) =>
      withLine(state ?? noLines, payload as LineAdded),
    );
    let version = 0;
    for (const payload of lines) {
      await store.pushEvent({ aggregateId: STREAM, version: ++version, type: LineAdded.type, payload });
    }
    return { load: async () => (await store.getAggregate(STREAM)).aggregate ?? noLines };
  },
};

/** The state of one order from its 1,000 events. */
export default async function load(variant: string): Promise<Contestant> {
  const loader = await (LOADERS[variant] as (typeof LOADERS)[string])();
  return {
    async close() {
      await loader.close?.();
    },
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        if ((await loader.load()).lines !== HISTORY) throw new Error(`${variant} has not loaded ${HISTORY} events`);
        if (i % 100 === 99) await nextTurn();
      }
    },
  };
}
