import 'reflect-metadata';
import { MemoryStore, type Store } from '../../src/store/index.js';
import { ProcessContext } from '../../src/processes/api/process-context.js';
import { CatgaProcess, ProcessStep } from '../../src/processes/decorators/index.js';
import { crashAllNodes, settle, SharedStore, TestNode, World } from './support/nodes.js';

class Order {
  constructor(readonly id: string) {}
}

afterEach(crashAllNodes);

/** The same step under one name in three ways: as a method, in place, and again as a method. */
@CatgaProcess(Order, { name: 'Mixed' })
class Mixed {
  constructor(
    readonly world: World,
    readonly context: ProcessContext,
  ) {}
  async execute(order: Order) {
    const first = await this.note(order.id);
    const second = await this.context.step('note', () => this.world.act('in place'));
    return [first, second, await this.note('again')];
  }
  async note(text: string) {
    return this.world.act('note', text);
  }
}

describe.each<[string, () => Store]>([
  ['copies', () => new MemoryStore({ mode: 'copy' })],
  ['references', () => new MemoryStore({ mode: 'reference' })],
])('calls of one step name, on a store of %s', (_name, makeStore) => {
  it('have keys of their own, whether a method or code in place is called', async () => {
    const world = new World();
    const node = await new TestNode(makeStore(), world, [Mixed]).start();
    const handle = await node.processes.start('Mixed', new Order('1'));
    expect(await handle.result()).toEqual(['note!', 'in place!', 'note!']);
    const { steps } = await node.processes.get('Mixed:1');
    expect(steps.map(({ key, result }) => [key, result])).toEqual([
      ['note:1', 'note!'],
      ['note:2', 'in place!'],
      ['note:3', 'note!'],
    ]);
  });
});

it('tells them apart after a crash', async () => {
  const store = new SharedStore();
  const world = new World();
  const reached = new Promise<void>((resolve) => {
    world.plan(
      'note',
      () => undefined,
      () => {
        resolve();
        return new Promise(() => {});
      },
    );
  });
  const first = await new TestNode(store, world, [Mixed]).start();
  await first.processes.start('Mixed', new Order('1'));
  await reached;
  first.crash();
  world.heal();
  const node = await new TestNode(store, world, [Mixed]).start();
  await node.engine.claim('Mixed:1', 'expired');
  expect(await node.engine.result('Mixed:1')).toEqual(['note!', 'in place!', 'note!']);
  expect(world.log).toEqual(['note 1', 'in place', 'note again', 'note again']);
});

@CatgaProcess(Order, { name: 'Named' })
class Named {
  constructor(readonly world: World) {}
  async execute(order: Order) {
    await this.charge(order.id);
    await this.label(order.id);
    throw new Error('changed its mind');
  }
  @ProcessStep('card.charge-EUR_2')
  async charge(id: string) {
    return this.world.act('charge', id);
  }
  async compensateCharge(id: string, result: string, outcome: string) {
    await this.world.act('undo charge', id, result, outcome);
  }
  @ProcessStep({ key: (id: string) => `a:b[${id}]` })
  async label(id: string) {
    return this.world.act('label', id);
  }
  async compensateLabel(id: string, result: string, outcome: string) {
    await this.world.act('undo label', id, result, outcome);
  }
}

it('undoes steps whatever characters their names and keys have', async () => {
  const world = new World();
  const node = await new TestNode(new SharedStore(), world, [Named]).start();
  const handle = await node.processes.start('Named', new Order('1'));
  await expect(handle.result()).rejects.toThrow('changed its mind');
  expect(world.log).toEqual([
    'charge 1',
    'label 1',
    'undo label 1 label! completed',
    'undo charge 1 charge! completed',
  ]);
  const { steps } = await node.processes.get('Named:1');
  expect(steps.map(({ name }) => name)).toEqual(['card.charge-EUR_2', 'label']);
});

@CatgaProcess(Order, { name: 'Keyed' })
class Keyed {
  constructor(
    readonly world: World,
    readonly context: ProcessContext,
  ) {}
  async execute(order: Order) {
    return this.note(order.id);
  }
  async note(id: string) {
    await this.world.act('note', id);
    return this.context.stepKey;
  }
}

it('never mixes an id that looks like a later run of another one with that run', async () => {
  const world = new World();
  const node = await new TestNode(new SharedStore(), world, [Keyed]).start();
  const start = async (id: string): Promise<string> => {
    const handle = await node.processes.start('Keyed', new Order(id), { onExisting: 'newRun' });
    expect(handle.started).toBe(true);
    return (await handle.result()) as string;
  };
  const keys = [await start('ann'), await start('ann'), await start('ann@2'), await start('ann@2')];
  await settle();
  expect(new Set(keys).size).toBe(4);
  expect(await node.processes.get('Keyed:ann')).toMatchObject({ run: 2 });
  expect(await node.processes.get('Keyed:ann@2')).toMatchObject({ run: 2 });
  expect(await node.journal('Keyed:ann@2')).toEqual([
    'Started',
    'StepStarted note:1',
    'StepCompleted note:1',
    'Completed',
  ]);
});
