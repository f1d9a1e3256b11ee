import 'reflect-metadata';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DynamicModule } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  CatgaModule,
  CatgaProcess,
  Command,
  Processes,
  type CatgaModuleOptions,
  type Duration,
  Store,
} from '@catga/core';
import { CatgaSqliteModule } from '@catga/sqlite';

class Order extends Command<string> {
  constructor(readonly orderId: string) {
    super();
  }
}

@CatgaProcess(Order, { onExisting: 'newRun' })
class OrderProcess {
  static gate: Promise<void> = Promise.resolve();

  async execute(order: Order) {
    return this.place(order.orderId);
  }
  private async place(id: string) {
    await OrderProcess.gate;
    return id;
  }
}

/** Every 100 ms a node looks around. */
const LEASE = '300ms';

describe.each<[string, (folder: string) => { store?: CatgaModuleOptions['store']; imports?: DynamicModule[] }]>([
  ['memory', () => ({})],
  ['memory that copies', () => ({ store: { mode: 'copy' } })],
  ['SQLite', (folder) => ({ imports: [CatgaSqliteModule.forRoot({ path: join(folder, 'store.db') })] })],
])('retention on %s', (_name, make) => {
  let folder: string;
  let app: TestingModule | undefined;

  const start = async (retention: { age?: Duration | false; count?: number }) => {
    const { store, imports = [] } = make(folder);
    app = await Test.createTestingModule({
      imports: [
        CatgaModule.forRoot({ ...(store ? { store } : {}), processes: { retention, lease: LEASE }, endpoints: false }),
        ...imports,
      ],
      providers: [OrderProcess],
    }).compile();
    await app.init();
    return { processes: app.get(Processes), store: app.get(Store) };
  };
  const run = async (processes: Processes, id: string): Promise<void> => {
    await (await processes.start(OrderProcess, new Order(id))).result();
  };
  const until = async (what: string, holds: () => Promise<boolean>): Promise<void> => {
    for (const end = Date.now() + 10_000; !(await holds());) {
      if (Date.now() > end) throw new Error(`Waited 10 s in vain: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  const lengthOf = async (store: Store, stream: string): Promise<number> => (await store.readStream(stream)).length;
  const first = 'process-OrderProcess:1';
  const second = 'process@2-OrderProcess:1';

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'catga-retention-'));
    OrderProcess.gate = Promise.resolve();
  });
  afterEach(async () => {
    await app?.close();
    app = undefined;
    await rm(folder, { recursive: true, force: true });
  });

  it('keeps the journal of a former run for as long as any other, then removes it and leaves the next run alone', async () => {
    const { processes, store } = await start({ age: '1s' });
    await run(processes, '1');
    let open!: () => void;
    OrderProcess.gate = new Promise((resolve) => (open = resolve));
    const again = await processes.start(OrderProcess, new Order('1'));
    expect(again.started).toBe(true);
    const { startedAt } = await processes.get('OrderProcess:1');
    expect(await lengthOf(store, first)).toBe(4);
    await until('the former journal is gone', async () => (await lengthOf(store, first)) === 0);
    expect(Date.now() - startedAt).toBeGreaterThan(700);
    expect(await processes.get('OrderProcess:1')).toMatchObject({ run: 2, status: 'running' });
    open();
    expect(await again.result()).toBe('1');
    await until('nothing is left', async () => (await lengthOf(store, second)) === 0);
    // As if it had never been: the id begins with its first run.
    await run(processes, '1');
    expect(await processes.get('OrderProcess:1')).toMatchObject({ run: 1, status: 'completed' });
  });

  it('counts former runs too, and removes the oldest of them', async () => {
    const { processes, store } = await start({ age: false, count: 3 });
    for (const id of ['1', '1', '1', '2']) await run(processes, id);
    await until('the oldest run is gone', async () => (await lengthOf(store, first)) === 0);
    for (const stream of [second, 'process@3-OrderProcess:1', 'process-OrderProcess:2']) {
      expect(await lengthOf(store, stream)).toBe(4);
    }
    for (const id of ['3', '4', '5']) await run(processes, id);
    await until('all runs of the first id are gone', async () => {
      const streams = new Set((await store.readAll()).events.map(({ stream }) => stream));
      return streams.size === 3 && [...streams].every((stream) => /:[345]$/.test(stream));
    });
    expect((await processes.list()).processes.map(({ id }) => id).sort()).toEqual(
      ['3', '4', '5'].map((id) => `OrderProcess:${id}`),
    );
    expect((await store.findRecords({ collection: 'former-runs' })).records).toEqual([]);
  });
});
