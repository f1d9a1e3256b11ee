import 'reflect-metadata';
import { Retry } from '../../src/foundation/index.js';
import { CatgaProcess, Inline } from '../../src/processes/decorators/index.js';
import { formerRunWrite, FORMER_RUNS } from '../../src/processes/engine/former-run.js';
import { Retention } from '../../src/processes/recovery/retention.js';
import { MemoryStore, type Store } from '../../src/store/index.js';
import { crashAllNodes, SharedStore, TestNode, World } from './support/nodes.js';

class Order {
  constructor(
    readonly id: string,
    readonly rounds = 0,
  ) {}
}

/** One branch makes a long journal, while two others are at one step each. */
@CatgaProcess(Order, { name: 'Branching' })
class Branching {
  constructor(readonly world: World) {}
  async execute(order: Order) {
    return Promise.all([this.slow(order.id), this.flaky(order.id), this.rounds(order)]);
  }
  @Inline()
  async rounds(order: Order) {
    for (let i = 1; i <= order.rounds; i++) await this.turn(i);
    return order.rounds;
  }
  async turn(i: number) {
    return this.world.act('turn', i);
  }
  async slow(id: string) {
    return this.world.act('slow', id);
  }
  @Retry({ attempts: 2, backoff: '20s', maxBackoff: '20s' })
  async flaky(id: string) {
    return this.world.act('flaky', id);
  }
  async compensateSlow(id: string) {
    await this.world.act('undo slow', id);
  }
}
const ID = 'Branching:1';
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

afterEach(crashAllNodes);

describe.each<[string, () => Store]>([
  ['memory', () => new MemoryStore({ mode: 'reference' })],
  ['a durable store', () => new SharedStore()],
])('a run whose journal has grown too long, on %s', (_name, makeStore) => {
  const setUp = async () => {
    const world = new World().plan(
      'flaky',
      () => {
        throw new Error('busy');
      },
      () => undefined,
    );
    const slow = world.hold('slow');
    const node = await new TestNode(makeStore(), world, [Branching], {
      processes: { historyWarning: 10, historyLimit: 16 },
    }).start();
    return { world, slow, node };
  };

  it('is parked when its steps under way have ended: their answers are kept, attempts that are left as well', async () => {
    const { world, slow, node } = await setUp();
    const handle = await node.processes.start('Branching', new Order('1', 12));
    const outcome = handle.result().catch((error: unknown) => error);
    await slow.begun;
    for (let before = -1; before !== world.log.length; await wait(50)) before = world.log.length;
    const turns = world.log.filter((line) => line.startsWith('turn')).length;
    expect(turns).toBeGreaterThan(2);
    expect(turns).toBeLessThan(12);
    // The branch goes no further, and the run waits for the answer that is still to come.
    expect((await node.processes.get(ID)).status).toBe('running');
    slow.release();
    expect(await outcome).toMatchObject({ code: 'CATGA_PROCESS_PARKED', status: 'history-limit' });
    const { steps } = await node.processes.get(ID);
    expect(steps.find(({ key }) => key === 'slow:1')).toMatchObject({ status: 'completed', result: 'slow!' });
    expect(steps.find(({ key }) => key === 'flaky:1')).toMatchObject({ status: 'retrying', attempts: 1 });
    expect(steps.filter(({ status }) => status === 'running')).toEqual([]);

    // Somebody lets it go on: what has ended is not done again, what waits has its attempt left.
    await node.processes.retry(ID);
    for (let i = 0; world.count('turn 8') === 0 && i < 100; i++) await wait(10);
    expect(world.count('turn 8')).toBe(1);
    expect(world.count('slow 1')).toBe(1);
    expect(world.count('turn 1')).toBe(1);
  });

  it('can still be cancelled while it waits for them, and undoes them', async () => {
    const { world, slow, node } = await setUp();
    const handle = await node.processes.start('Branching', new Order('1', 12));
    const outcome = handle.result().catch((error: unknown) => error);
    await slow.begun;
    for (let before = -1; before !== world.log.length; await wait(50)) before = world.log.length;
    await handle.cancel({ reason: 'enough' });
    slow.release();
    expect(await outcome).toMatchObject({ code: 'CATGA_PROCESS_CANCELLED', reason: 'enough' });
    expect(world.count('undo slow 1')).toBe(1);
  });
});

describe('the journal of a former run', () => {
  it('stays while the next run has not begun, whatever its line says, and goes once it has', async () => {
    const store = new SharedStore();
    const world = new World();
    const node = await new TestNode(store, world, [Branching]).start();
    await (await node.processes.start('Branching', new Order('1', 1))).result();
    // What a node leaves behind that dies right before the next run begins.
    store.commit({ records: [formerRunWrite(store, ID, { name: 'Branching', run: 1 }, 0)] });
    const retention = new Retention({ store, count: undefined, names: () => [], isStopped: () => false });
    await retention.removeDueFormer(Date.now());
    expect((await node.processes.get(ID)).steps).not.toEqual([]);
    await (await node.processes.start('Branching', new Order('1', 1), { onExisting: 'newRun' })).result();
    await retention.removeDueFormer(Date.now() + 31 * 86_400_000);
    expect(await store.readStream(`process-${ID}`)).toEqual([]);
    expect((await store.findRecords({ collection: FORMER_RUNS })).records).toEqual([]);
    expect((await node.processes.get(ID)).run).toBe(2);
  });
});
