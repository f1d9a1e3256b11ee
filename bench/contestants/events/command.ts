import { Aggregates, CatgaModule, EventLog, MemoryStore, type Store } from '@catga/core';
import { SqliteStore } from '@catga/sqlite';
import { join } from 'node:path';
import { nextTurn, type Contestant } from '../contestant.js';
import { bootContext } from '../nest.js';
import { castore } from './castore.js';
import { emmett, expected } from './emmett.js';
import { LineAdded, lineOf, noLines, withLine, type OrderState } from './line-added.js';
import { KeptOrder, Order } from './order.aggregate.js';

const HISTORY = 1_000;
/** A history may grow by so much before it is too long to be called one of 1,000. */
const GROWTH = 100;

interface Orders {
  /** Makes an order with a history of 1,000 events. */
  create(id: string): Promise<void>;
  /** Loads the order, decides, appends one event with the expected version. */
  command(id: string): Promise<unknown>;
  close?(): Promise<void>;
}

const history = (id: string): LineAdded[] => Array.from({ length: HISTORY }, (_, i) => lineOf(id, i));

async function catga(store: Store, type: typeof Order | typeof KeptOrder): Promise<Orders> {
  const app = await bootContext({ imports: [CatgaModule.forRoot({ store, endpoints: false })] });
  const log = app.get(EventLog);
  const orders = app.get(Aggregates).repository(type);
  return {
    async create(id) {
      await log.append(orders.streamOf(id), history(id), { expectedVersion: 'no-stream' });
      // Its first save finds a snapshot missing; that is not what is measured.
      await orders.update(id, (order) => order.add());
      await nextTurn();
    },
    command: (id) => orders.update(id, (order) => order.add()),
    close: () => app.close(),
  };
}

const sqlite = (name: string): Store =>
  new SqliteStore({ path: join(process.env['BENCH_FOLDER'] as string, `${name}.db`), synchronous: 'full' });

const ORDERS: Record<string, () => Promise<Orders>> = {
  reference: () => catga(new MemoryStore(), Order),
  'reference-snapshots': () => catga(new MemoryStore(), KeptOrder),
  copy: () => catga(new MemoryStore({ mode: 'copy' }), Order),
  'copy-snapshots': () => catga(new MemoryStore({ mode: 'copy' }), KeptOrder),
  sqlite: () => catga(sqlite('command'), Order),
  'sqlite-snapshots': () => catga(sqlite('command-snapshots'), KeptOrder),
  async emmett() {
    const { getInMemoryEventStore, CommandHandler } = emmett();
    const store = getInMemoryEventStore();
    const handle = CommandHandler<OrderState>({
      initialState: () => noLines,
      evolve: (state, { data }) => withLine(state, data as LineAdded),
    });
    return {
      async create(id) {
        const events = history(id).map((data) => ({ type: LineAdded.type, data }));
        await store.appendToStream(id, events, { expectedStreamVersion: expected(0) });
      },
      command: (id) => handle(store, id, (state) => ({ type: LineAdded.type, data: lineOf(id, state.lines) })),
    };
  },
  async castore() {
    const store = castore(LineAdded.type, (state: OrderState | undefined, { payload }) =>
      withLine(state ?? noLines, payload as LineAdded),
    );
    const push = (aggregateId: string, version: number): Promise<unknown> =>
      store.pushEvent({ aggregateId, version, type: LineAdded.type, payload: lineOf(aggregateId, version) });
    return {
      async create(id) {
        for (let version = 1; version <= HISTORY; version++) await push(id, version);
      },
      async command(id) {
        const { aggregate } = await store.getAggregate(id);
        await push(id, (aggregate?.lines ?? 0) + 1);
      },
    };
  },
};

/**
 * Commands on orders with a history of 1,000 events, one at a time.
 *
 * @param variant who, and how many orders there are, as many as a sample needs so that histories stay near 1,000
 */
export default async function command(variant: string): Promise<Contestant> {
  const [who = '', count = ''] = variant.split(' ');
  const orders = await (ORDERS[who] as (typeof ORDERS)[string])();
  let ids: string[] = [];
  let number = 0;
  let generation = 0;

  return {
    // Each of the three threads of SQLite compiles its own code, and a short command keeps each busy for a moment only.
    ...(who.startsWith('sqlite') && { warmUp: 8_000 }),
    async close() {
      await orders.close?.();
    },
    async prepare() {
      if (ids.length > 0 && number < (ids.length * GROWTH) / 2) return;
      generation++;
      number = 0;
      ids = Array.from({ length: Number(count) }, (_, i) => `${generation}.${i}`);
      for (const id of ids) await orders.create(id);
    },
    async run(operations) {
      for (let i = 0; i < operations; i++) {
        await orders.command(ids[number++ % ids.length] as string);
        if (i % 100 === 99) await nextTurn();
      }
    },
  };
}
