import 'reflect-metadata';
import { MemoryStore, type Store } from '../../src/store/index.js';
import { ProcessContext } from '../../src/processes/api/process-context.js';
import { CatgaProcess, ProcessStep } from '../../src/processes/decorators/index.js';
import { sameValue } from '../../src/processes/journal/same-value.js';
import { crashAllNodes, settle, SharedStore, TestNode, World } from './support/nodes.js';
import { metadataText, StepCompleted, StepStarted } from '../../src/processes/journal/journal-event.js';

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

describe('arguments that no comparison of their own makes equal', () => {
  /** Its first step takes what is made anew each time the flow is run; its second one times out once. */
  @CatgaProcess(Order, { name: 'Odd' })
  class Odd {
    constructor(
      readonly world: World,
      readonly context: ProcessContext,
    ) {}
    async execute(order: Order) {
      const factor = order.id.length;
      const date = new Date(Number.NaN);
      await this.schedule({ at: date, dates: new Map([['a', date]]) });
      const sum = await this.apply([(n: number) => n * factor], new Set([() => order.id]));
      return [sum, await this.slow()];
    }
    async schedule(plan: { at: Date; dates: Map<string, Date> }) {
      return this.world.act('schedule', String(plan.at));
    }
    async apply(work: readonly ((n: number) => number)[], _more: ReadonlySet<() => string>) {
      await this.world.act('apply');
      return work[0]?.(2);
    }
    @ProcessStep({ timeout: 60 })
    async slow() {
      return this.world.act('slow');
    }
  }

  it.each(['start', 'execute'] as const)(
    'do not park a run that is replayed after a time-out on a store of references (%s)',
    async (how) => {
      const world = new World().plan(
        'slow',
        () => new Promise(() => {}),
        () => 'done',
      );
      const node = await new TestNode(new MemoryStore({ mode: 'reference' }), world, [Odd]).start();
      const result =
        how === 'execute'
          ? node.engine.execute('Odd', new Order('abc'))
          : (await node.processes.start('Odd', new Order('abc'))).result();
      expect(await result).toEqual([6, 'done']);
      // Neither of them was done again: their ends came from the journal.
      expect(world.log).toEqual(['schedule Invalid Date', 'apply', 'slow', 'slow']);
      expect((await node.processes.get('Odd:abc')).status).toBe('completed');
    },
  );

  class Point {
    constructor(readonly x: unknown) {}
  }
  const circle = (x: unknown): object => {
    const it: Record<string, unknown> = { x };
    return Object.assign(it, { self: it });
  };
  const never = () => new Date(Number.NaN);

  it.each<[string, unknown, unknown]>([
    ['invalid dates', never(), never()],
    ['invalid dates in lists', [1, never()], [1, never()]],
    ['invalid dates in maps and sets', new Map([[1, new Set([never()])]]), new Map([[1, new Set([never()])]])],
    ['invalid dates in instances', new Point(never()), new Point(never())],
    [
      'invalid dates in errors',
      Object.assign(new Error('a'), { at: never() }),
      Object.assign(new Error('a'), { at: never() }),
    ],
    ['functions of one code', () => 1, () => 1],
    ['functions in what contains itself', circle(() => 1), circle(() => 1)],
    ['properties in another order', { a: never(), b: 1 }, { b: 1, a: never() }],
  ])('are the same: %s', (_what, a, b) => {
    expect(sameValue(a, b)).toBe(true);
  });

  it.each<[string, unknown, unknown]>([
    ['an invalid date and a date', never(), new Date(0)],
    ['two dates', [never(), new Date(1)], [never(), new Date(2)]],
    ['functions of other code', () => 1, () => 2],
    ['a function and none', { f: () => 1 }, { f: undefined }],
    ['another property', { a: never(), b: 1 }, { a: never(), c: 1 }],
    ['more properties', { a: never() }, { a: never(), b: undefined }],
    ['a longer list', [never()], [never(), never()]],
    ['another class', new Point(never()), { x: never() }],
    ['another message', Object.assign(new Error('a'), { at: never() }), Object.assign(new Error('b'), { at: never() })],
    [
      'a longer map',
      new Map([[1, never()]]),
      new Map([
        [1, never()],
        [2, never()],
      ]),
    ],
    ['other bytes', [never(), Uint8Array.of(1)], [never(), Uint8Array.of(2)]],
    ['0 and -0', [never(), 0], [never(), -0]],
  ])('are not the same: %s', (_what, a, b) => {
    expect(sameValue(a, b)).toBe(false);
  });
});

describe('the metadata of a step as text', () => {
  it.each([
    new StepStarted(1, 'pay:1', null, 1, undefined, undefined),
    new StepStarted(1, 'pay["a\\b\n\u2028😀\ud800"]:2', null, 12, 'x1y2', undefined),
    new StepStarted(1, 'pay:1', null, 2, undefined, 'pay"Card'),
    new StepStarted(1, 'pay:1', null, 2, 'x1y2', 'payCard'),
    new StepCompleted(1, 'pay:1', null),
    new StepCompleted(1, 'pay["a\\b\n"]:2', null),
  ])('is what JSON makes of it: %j', (event) => {
    expect(metadataText(event)).toBe(JSON.stringify(event.metadata));
  });
});
