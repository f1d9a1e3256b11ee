import 'reflect-metadata';
import { MemoryStore } from '../../src/index.js';
import { CatgaProcess } from '../../src/processes/index.js';
import { crashAllNodes, settle, TestNode, World } from './support/nodes.js';

class Order {
  constructor(
    readonly orderId: string,
    readonly times = 1,
  ) {}
}

/** One step at a time: on a store in memory this runs on the shortest path there is. */
@CatgaProcess(Order, { tags: (order) => [`customer-of:${order.orderId}`] })
class Short {
  constructor(private readonly world: World) {}
  async execute(order: Order) {
    let sum = '';
    for (let i = 0; i < order.times; i++) sum = await this.work(i);
    return `${sum} ${await this.close(order.orderId)}`;
  }
  private async work(i: number) {
    return this.world.act('work', i);
  }
  private async close(id: string) {
    return this.world.act('close', id);
  }
}

const classes = [Short] as never[];
const setUp = (retention: { age?: number; count?: number } = {}, clock?: { now(): number; monotonic(): number }) => {
  const world = new World();
  const store = new MemoryStore({ mode: 'reference' });
  const node = new TestNode(store, world, classes, { settings: { retention }, ...(clock ? { clock } : {}) });
  const execute = (order: Order) => node.engine.execute('Short', order);
  return { world, store, node, execute };
};

class Calls {
  constructor(readonly id: string) {}
}

/** Steps that are called in other ways than they are declared. */
@CatgaProcess(Calls)
class Caller {
  constructor(private readonly world: World) {}
  async execute(_calls: Calls) {
    const answers: unknown[] = [];
    answers.push(await this.sum(1, 2));
    answers.push(await (this.sum as (...more: unknown[]) => unknown)(1, 2, 'more'));
    answers.push(await (this.sum as (...fewer: unknown[]) => unknown)(1));
    answers.push(await this.withDefault());
    answers.push(await this.withDefault(5));
    answers.push(await this.rest(1, 2, 3));
    answers.push(await this.ofNothing());
    answers.push(await this.failsOnce('x', { deep: 1 }));
    answers.push(await this.one(1), await this.one([1, 2]), await this.one(undefined));
    answers.push(await (this.one as (...fewer: unknown[]) => unknown)());
    answers.push(await (this.one as (...more: unknown[]) => unknown)(1, 2));
    answers.push(await this.oneFailsOnce(['y']));
    return answers;
  }
  private async sum(a: number, b: number) {
    return `${a} ${b}`;
  }
  private async withDefault(value = 7) {
    return value;
  }
  private async rest(...values: number[]) {
    return values.length;
  }
  private async ofNothing() {
    return typeof this.sum;
  }
  private async one(value: unknown) {
    return { value };
  }
  private async oneFailsOnce(names: string[]) {
    return this.world.act('fails alone', names.join());
  }
  private async failsOnce(name: string, value: object) {
    return `${await this.world.act('fails', name)} ${JSON.stringify(value)}`;
  }
}

describe('The shortest path in memory', () => {
  afterEach(crashAllNodes);

  const inputs = async (store: MemoryStore) =>
    (await store.readStream('process-Caller:1'))
      .filter(({ type }) => type === 'ProcessStepStarted')
      .map(({ data }) => data);
  const calls = async () => {
    const world = new World();
    world.fail('fails', new Error('once'));
    world.fail('fails alone', new Error('once'));
    const store = new MemoryStore({ mode: 'reference' });
    const node = new TestNode(store, world, [Caller] as never[]);
    return { answers: await node.engine.execute('Caller', new Calls('1')), inputs: await inputs(store) };
  };
  const expected = {
    answers: [
      ...['1 2', '1 2', '1 undefined', 7, 5, 3, 'function', 'fails! {"deep":1}'],
      ...[{ value: 1 }, { value: [1, 2] }, { value: undefined }, { value: undefined }, { value: 1 }, 'fails alone!'],
    ],
    inputs: [
      ...[[1, 2], [1, 2, 'more'], [1], [], [5], [1, 2, 3], [], ['x', { deep: 1 }], ['x', { deep: 1 }]],
      ...[[1], [[1, 2]], [undefined], [], [1, 2], [['y']], [['y']]],
    ],
  };

  it('takes steps with any arguments, and journals those that were given', async () => {
    expect(await calls()).toEqual(expected);
  });

  it('does the same where generating code is forbidden', async () => {
    const { Function: original } = globalThis;
    globalThis.Function = function forbidden() {
      throw new EvalError('Code generation from strings disallowed for this context');
    } as unknown as typeof Function;
    try {
      expect(await calls()).toEqual(expected);
    } finally {
      globalThis.Function = original;
    }
  });

  it('keeps the whole history of runs of any length, also of those that follow long ones', async () => {
    const { node, store, execute } = setUp({ count: 3 });
    const lengths = [1, 1, 40, 300, 300, 2, 300, 299, 301, 1, 1, 1, 700, 900, 800];
    for (const [index, times] of lengths.entries()) {
      await execute(new Order(`${index}`, times));
      for (const [id, expectedTimes] of [...lengths.entries()].slice(Math.max(0, index - 2), index + 1)) {
        const events = await store.readStream(`process-Short:${id}`);
        const work = Array.from({ length: expectedTimes }, (_, i) => [[i], 'work!']).flat();
        expect(events.map(({ data }) => data).slice(1, -3)).toEqual(work);
        expect(events.slice(-3).map(({ data }) => data)).toEqual([[`${id}`], 'close!', 'work! close!']);
      }
    }
    expect((await node.processes.list()).processes).toHaveLength(3);
  });

  it('shows a run while it is under way, by id, by status and by tag, and once it is final', async () => {
    const { world, node, execute } = setUp();
    const held = world.hold('close');
    const result = execute(new Order('1'));
    // In the very turn in which it was sent.
    expect((await node.processes.get('Short:1')).status).toBe('running');
    await held.begun;
    expect(await node.processes.status('Short:1')).toMatchObject({
      status: 'running',
      currentSteps: ['close:1'],
      completedSteps: ['work:1'],
    });
    const ids = async (filter: object) => (await node.processes.list(filter)).processes.map(({ id }) => id);
    expect(await ids({ status: 'running', tag: 'customer-of:1' })).toEqual(['Short:1']);
    expect(await ids({ status: 'completed' })).toEqual([]);
    held.release();
    expect(await result).toBe('work! close!');
    expect(await ids({ status: 'running' })).toEqual([]);
    expect((await node.processes.list({ name: 'Short', status: 'completed' })).processes).toEqual([
      {
        id: 'Short:1',
        name: 'Short',
        status: 'completed',
        run: 1,
        startedAt: expect.any(Number),
        finishedAt: expect.any(Number),
        tags: ['customer-of:1'],
      },
    ]);
    expect(await node.processes.get('Short:1')).toMatchObject({ result: 'work! close!', events: 6 });
  });

  it('makes one run of commands with one id, sent in one turn or later', async () => {
    const { world, execute } = setUp();
    const results = await Promise.all([execute(new Order('1')), execute(new Order('1')), execute(new Order('2'))]);
    results.push(await execute(new Order('1')));
    expect(results).toEqual(Array.from({ length: 4 }, () => 'work! close!'));
    expect(world.count('close 1')).toBe(1);
  });

  it('cancels a run in the turn in which it was sent', async () => {
    const { world, node, execute } = setUp();
    world.hang('work').catch(() => undefined);
    const result = execute(new Order('1'));
    result.catch(() => undefined);
    expect(node.engine.cancelActive('Short:1', { reason: 'changed my mind' })).toBe(true);
    expect(await node.journal('Short:1')).toEqual(['Started', 'StepStarted work:1', 'CancelRequested']);
  });

  it('answers whoever has sent the command also when the flow is given up: cancelled, parked or stopped', async () => {
    const { world, node, execute } = setUp();
    const work = world.hold('work');
    const cancelled = execute(new Order('1'));
    await work.begun;
    node.engine.cancelActive('Short:1', { reason: 'changed my mind' });
    work.release();
    await expect(cancelled).rejects.toMatchObject({ code: 'CATGA_PROCESS_CANCELLED', reason: 'changed my mind' });

    const limited = new TestNode(new MemoryStore({ mode: 'reference' }), world, classes, {
      processes: { historyWarning: 4, historyLimit: 8 },
    });
    await expect(limited.engine.execute('Short', new Order('2', 20))).rejects.toMatchObject({
      code: 'CATGA_PROCESS_PARKED',
      status: 'history-limit',
    });

    const begun = world.hang('close');
    const stopped = execute(new Order('3'));
    stopped.catch(() => undefined);
    await begun;
    node.crash();
    await expect(stopped).rejects.toMatchObject({ code: 'CATGA_PROCESS_ENGINE_STOPPED' });
  });

  it('keeps a failed run with its error, findable by its status', async () => {
    const { world, node, execute } = setUp();
    world.fail('close', new Error('one'), new Error('two'), new Error('three'));
    await expect(execute(new Order('1'))).rejects.toThrow('three');
    const { processes } = await node.processes.list({ status: 'failed' });
    expect(processes).toMatchObject([{ id: 'Short:1', error: { message: 'three' }, tags: ['customer-of:1'] }]);
    expect((await node.processes.list({ status: 'completed' })).processes).toEqual([]);
  });

  it('gives each call of a step in a long loop its own key', async () => {
    const { node, execute } = setUp();
    await execute(new Order('1', 1_200));
    const started = (await node.journal('Short:1')).filter((line) => line.startsWith('StepStarted work'));
    expect(started).toEqual(Array.from({ length: 1_200 }, (_, i) => `StepStarted work:${i + 1}`));
  });

  it('keeps the newest final runs and removes journal and line of the others', async () => {
    const { node, store, execute } = setUp({ count: 2 });
    for (const id of ['1', '2', '3', '4']) await execute(new Order(id));
    expect((await node.processes.list()).processes.map(({ id }) => id)).toEqual(['Short:4', 'Short:3']);
    expect(new Set((await store.readAll()).events.map(({ stream }) => stream))).toEqual(
      new Set(['process-Short:3', 'process-Short:4']),
    );
  });

  it('keeps the line of an id that was run again when its former run goes', async () => {
    const { node, store, execute } = setUp({ count: 2 });
    await execute(new Order('1'));
    const again = await node.processes.start('Short', new Order('1'), { onExisting: 'newRun' });
    await again.result();
    await execute(new Order('2'));
    expect(await node.processes.get('Short:1')).toMatchObject({ run: 2, status: 'completed', events: 6 });
    expect(await store.readStream('process-Short:1')).toEqual([]);
  });

  it('removes final runs when they are old, without anything else happening', async () => {
    const { node, execute } = setUp({ age: 150 });
    await execute(new Order('1'));
    expect((await node.processes.list()).processes).toHaveLength(1);
    for (let i = 0; i < 100 && (await node.processes.list()).processes.length > 0; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await node.processes.list()).processes).toEqual([]);
  });

  it('stops without waiting for runs that have long ended', async () => {
    const { node, world, execute } = setUp();
    await execute(new Order('1'));
    const begun = world.hang('close');
    void execute(new Order('2')).catch(() => undefined);
    await begun;
    expect(await node.engine.stop(50)).toEqual(['Short:2']);
    await settle();
    await expect(execute(new Order('3'))).rejects.toMatchObject({ code: 'CATGA_PROCESS_ENGINE_STOPPED' });
  });
});
