import 'reflect-metadata';
import { Retry, Timeout } from '../../src/foundation/index.js';
import { MemoryStore } from '../../src/index.js';
import { CatgaProcess, CatgaProcessBase, type ProcessContext } from '../../src/processes/index.js';
import { TestNode, World } from './support/nodes.js';

class Order {
  constructor(readonly orderId: string) {}
}

@CatgaProcess(Order)
class Sequential {
  constructor(
    private readonly world: World,
    private readonly context: ProcessContext,
  ) {}
  async execute(order: Order) {
    const first = await this.first(order.orderId);
    const slow = await this.slow();
    return [first, slow, await this.last()];
  }
  private async first(id: string) {
    return this.world.act('first', id);
  }
  @Timeout(40)
  @Retry({ attempts: 2, backoff: 1 })
  private async slow() {
    const { signal, stepKey } = this.context;
    return this.world.act('slow', stepKey, signal.aborted);
  }
  private async last() {
    return { at: new Date(5), by: this.world.log.length > 0 };
  }
}

@CatgaProcess(Order)
class SideBySide {
  constructor(private readonly world: World) {}
  async execute() {
    const [left, right] = await Promise.all([this.chain('left'), this.chain('right')]);
    return left + right;
  }
  private async chain(side: string) {
    return this.world.act('chain', side);
  }
}

@CatgaProcess(Order)
class Deterministic extends CatgaProcessBase<Order, unknown> {
  constructor(private readonly world: World) {
    super();
  }
  async execute() {
    const before = [this.random(), this.uuid(), this.now()];
    this.world.log.push(`drew ${before.join(' ')}`);
    const rate = await this.step('rate', () => this.world.act('rate'));
    return { before, rate, after: this.now() };
  }
}

const classes = [Sequential, SideBySide, Deterministic] as never[];

describe.each(['copy', 'reference'] as const)('the engine on a store in memory, mode %s', (mode) => {
  const setUp = () => {
    const store = new MemoryStore({ mode });
    const world = new World();
    return { store, world, node: new TestNode(store, world, classes) };
  };

  it('runs the steps one after the other and journals each of them', async () => {
    const { world, node } = setUp();
    const handle = await node.processes.start('Sequential', new Order('1'));
    expect(handle).toMatchObject({ id: 'Sequential:1', started: true });
    expect(await handle.result()).toEqual(['first!', 'slow!', { at: new Date(5), by: true }]);
    expect(world.log).toEqual(['first 1', 'slow Sequential:1/slow:1 false']);
    expect(await node.journal(handle.id)).toEqual([
      'Started',
      'StepStarted first:1',
      'StepCompleted first:1',
      'StepStarted slow:1',
      'StepCompleted slow:1',
      'StepStarted last:1',
      'StepCompleted last:1',
      'Completed',
    ]);
    expect(await node.processes.status(handle.id)).toMatchObject({ status: 'completed', progress: 1 });
    node.crash();
  });

  it('gives up an attempt that takes too long, ignores its late answer and tries again with the same key', async () => {
    const { world, node } = setUp();
    let answerLate!: (value: string) => void;
    world.plan(
      'slow',
      () => new Promise((resolve) => (answerLate = resolve)),
      () => 'in time',
    );
    const handle = await node.processes.start('Sequential', new Order('1'));
    const result = handle.result();
    await node.until(handle.id, 'completed');
    answerLate('too late');
    expect(((await result) as unknown[])[1]).toBe('in time');
    // The first step was not done again, whatever the engine did to get rid of the hanging attempt.
    expect(world.log).toEqual(['first 1', 'slow Sequential:1/slow:1 false', 'slow Sequential:1/slow:1 false']);
    expect((await node.journal(handle.id)).filter((line) => line.includes('slow'))).toEqual([
      'StepStarted slow:1',
      'StepFailed slow:1 unknown',
      'StepStarted slow:1',
      'StepCompleted slow:1',
    ]);
    node.crash();
  });

  it('fails the step with a time-out error when no attempt is left', async () => {
    const { world, node } = setUp();
    world.plan('slow', () => new Promise(() => {}));
    const handle = await node.processes.start('Sequential', new Order('1'));
    await expect(handle.result()).rejects.toMatchObject({
      code: 'CATGA_PROCESS_FAILED',
      cause: { code: 'CATGA_PROCESS_STEP_TIMEOUT', details: { step: 'slow', ms: 40 } },
    });
    node.crash();
  });

  it('tells calls of one step side by side apart', async () => {
    const { node } = setUp();
    const handle = await node.processes.start('SideBySide', new Order('1'));
    expect(await handle.result()).toBe('chain!chain!');
    const started = (await node.journal(handle.id)).filter((line) => line.startsWith('StepStarted'));
    expect(started).toEqual(['StepStarted chain:1', 'StepStarted chain:2']);
    node.crash();
  });

  it('attaches to a run that exists, rejects it, or runs a final one again, as asked', async () => {
    const { world, node } = setUp();
    const { processes } = node;
    const held = world.hold('first');
    const first = await processes.start('Sequential', new Order('1'));
    await held.begun;
    expect(await processes.start('Sequential', new Order('1'))).toMatchObject({ started: false });
    await expect(processes.start('Sequential', new Order('1'), { onExisting: 'reject' })).rejects.toMatchObject({
      code: 'CATGA_PROCESS_ALREADY_EXISTS',
    });
    expect(await processes.start('Sequential', new Order('1'), { onExisting: 'newRun' })).toMatchObject({
      started: false,
    });
    held.release();
    await first.result();
    const again = await processes.start('Sequential', new Order('1'), { onExisting: 'newRun' });
    expect(again.started).toBe(true);
    await again.result();
    expect(await processes.get(again.id)).toMatchObject({ run: 2 });
    expect(world.log).toContain('slow @2:Sequential:1/slow:1 false');
    node.crash();
  });

  it('draws the same numbers and ids again, and tells the time of what has happened', async () => {
    const { store, world, node } = setUp();
    const hung = world.hang('rate');
    await node.processes.start('Deterministic', new Order('1'));
    await hung;
    node.crash();
    world.heal();
    const heir = new TestNode(store, world, classes);
    await heir.engine.claim('Deterministic:1', 'expired');
    const { before, after } = (await heir.engine.result('Deterministic:1')) as {
      before: [number, string, number];
      after: number;
    };
    expect(before[0]).toBeGreaterThanOrEqual(0);
    expect(before[0]).toBeLessThan(1);
    expect(before[1]).toMatch(/^[\da-f]{8}-[\da-f]{4}-4[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
    const drawn = world.log.filter((line) => line.startsWith('drew'));
    expect(drawn).toHaveLength(2);
    expect(drawn[1]).toBe(drawn[0]);
    const events = await heir.processes.events('Deterministic:1');
    expect(before[2]).toBe(events[0]?.at);
    expect(after).toBe(events.find((event) => event.type === 'ProcessStepCompleted')?.at);
    heir.crash();
  });
});

it('fails a step for good whose result cannot be kept, without calling it again', async () => {
  const world = new World();
  const node = new TestNode(new MemoryStore({ mode: 'copy' }), world, classes);
  world.plan('first', () => ({ items: [() => 1] }) as never);
  const handle = await node.processes.start('Sequential', new Order('1'));
  await expect(handle.result()).rejects.toMatchObject({
    cause: { code: 'CATGA_PROCESS_VALUE', message: expect.stringContaining('items[0]') },
  });
  expect(world.count('first 1')).toBe(1);
  node.crash();
});
