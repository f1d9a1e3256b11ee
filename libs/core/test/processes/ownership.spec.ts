import 'reflect-metadata';
import { Retry } from '../../src/foundation/index.js';
import { DomainError, StoreUnavailableError } from '../../src/index.js';
import { ProcessContext } from '../../src/processes/api/process-context.js';
import { ProcessParkedError } from '../../src/processes/api/process.errors.js';
import { CatgaProcess, ProcessStep } from '../../src/processes/decorators/index.js';
import { NODES } from '../../src/processes/recovery/node-lease.js';
import type {
  CommitBatch,
  CommitResult,
  ReadStreamOptions,
  RecordPage,
  RecordQuery,
  StoredEvent,
} from '../../src/store/index.js';
import {
  crashAllNodes,
  settle,
  SharedStore,
  TestClock,
  TestNode,
  World,
  type NodeOptions,
  type ProcessClass,
} from './support/nodes.js';

class Order {
  constructor(
    readonly id: string,
    readonly rounds = 0,
  ) {}
}
const ID = 'Ordering:1';
const LEASE = 15_000;

@CatgaProcess(Order, { name: 'Ordering' })
class Ordering {
  constructor(
    readonly world: World,
    readonly context: ProcessContext,
  ) {}
  async execute(order: Order) {
    const reserved = await this.reserve(order.id);
    const paid = await this.pay(order.id);
    await this.ship(order.id);
    return `${reserved} ${paid}`;
  }
  async reserve(id: string) {
    return this.world.act('reserve', id);
  }
  async compensateReserve(id: string, result: string, outcome: string) {
    await this.world.act('undo reserve', id, result, outcome);
  }
  async pay(id: string) {
    this.world.signals.push(this.context.signal);
    return this.world.act('pay', id);
  }
  async compensatePay(id: string, result: string | undefined, outcome: string) {
    await this.world.act('undo pay', id, String(result), outcome);
  }
  async ship(id: string) {
    return this.world.act('ship', id);
  }
}

/** Does it now and says what came of it later. */
async function settled<T>(work: () => T, delay: number): Promise<T> {
  try {
    return work();
  } finally {
    await wait(delay);
  }
}

/** Answers commits a while after they have happened, like a server far away. */
class DistantStore extends SharedStore {
  /** Milliseconds until the next commits are answered, one after the other; then at once. */
  delays: number[] = [];

  override commit(batch: CommitBatch): CommitResult {
    const delay = this.delays.shift();
    if (delay === undefined) return super.commit(batch);
    const answer = settled(() => super.commit(batch), delay);
    return answer as unknown as CommitResult; // what the port allows, and a store in memory does not do
  }
}

/** A store that lets a test look on and step in. */
class WatchedStore extends SharedStore {
  finds = 0;
  /** Milliseconds that a search takes. */
  slowness = 0;
  refuseRenewals = false;
  /** Awaited before the next read of a stream. */
  beforeRead: (() => Promise<void>) | undefined;
  /** The next commit for which this says so is written, but its answer is lost. */
  loseAnswer: ((batch: CommitBatch) => boolean) | undefined;

  override commit(batch: CommitBatch): CommitResult {
    if (this.refuseRenewals && batch.records?.some(({ collection }) => collection === NODES)) {
      throw new StoreUnavailableError('connection', 'No renewal today.');
    }
    const result = super.commit(batch);
    if (!this.loseAnswer?.(batch)) return result;
    this.loseAnswer = undefined;
    throw new StoreUnavailableError('connection', 'The answer was lost.');
  }

  override async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    const before = this.beforeRead;
    this.beforeRead = undefined;
    await before?.();
    return super.readStream(stream, options);
  }

  override async findRecords(query: RecordQuery): Promise<RecordPage> {
    this.finds++;
    if (this.slowness > 0) await wait(this.slowness);
    return super.findRecords(query);
  }
}

let clock: TestClock;
let store: WatchedStore;
let world: World;

beforeEach(() => {
  clock = new TestClock();
  store = new WatchedStore(clock);
  world = new World();
});
afterEach(crashAllNodes);

function makeNode(options: NodeOptions = {}, classes: readonly ProcessClass[] = [Ordering]): TestNode {
  return new TestNode(store, world, classes, { clock, ...options });
}

/** Starts the order on a node and holds it in its payment. */
async function inPayment(node: TestNode): Promise<{ release: () => void }> {
  const held = world.hold('pay');
  await node.start();
  await node.processes.start('Ordering', new Order('1'));
  await held.begun;
  return held;
}

async function wait(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

/** No step ended twice, every claim has the next epoch, nothing follows the end. */
async function expectOneHistory(node: TestNode, id = ID): Promise<void> {
  const events = await node.processes.events(id);
  const ends = events.filter(({ type }) => type === 'ProcessStepCompleted').map(({ data }) => data['step']);
  expect(new Set(ends).size).toBe(ends.length);
  const epochs = events.filter(({ type }) => type === 'ProcessClaimed').map(({ data }) => data['epoch']);
  expect(epochs).toEqual(epochs.map((_, i) => i + 2));
  const final = events.findIndex(({ type }) => /Completed|Failed|Cancelled/.test(type.replace(/Step\w+/, '')));
  expect(final).toBe(events.length - 1);
}

describe('a node that was frozen past its lease', () => {
  it('fails its first write, stops without undoing anything, and still hears the result', async () => {
    const frozen = makeNode();
    const held = await inPayment(frozen);
    const result = frozen.engine.result(ID);
    clock.advance(LEASE + 1);
    const other = await makeNode().start();
    expect(await other.engine.result(ID)).toBe('reserve! pay!');
    held.release();
    await settle();
    expect(frozen.engine.active.size).toBe(0);
    expect(await result).toBe('reserve! pay!');
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'pay 1', 'ship 1']);
    expect(await other.journal(ID)).toEqual([
      'Started',
      'StepStarted reserve:1',
      'StepCompleted reserve:1',
      'StepStarted pay:1',
      'Claimed expired',
      'StepStarted pay:1',
      'StepCompleted pay:1',
      'StepStarted ship:1',
      'StepCompleted ship:1',
      'Completed',
    ]);
  });

  it('does not compensate when its step fails after all', async () => {
    const frozen = makeNode();
    await frozen.start();
    const fail: { now?: () => void } = {};
    const begun = new Promise<void>((resolve) => {
      world.plan(
        'pay',
        () =>
          new Promise((_resolve, reject) => {
            fail.now = () => reject(new DomainError('declined'));
            resolve();
          }),
        () => undefined,
      );
    });
    await frozen.processes.start('Ordering', new Order('1'));
    await begun;
    clock.advance(LEASE + 1);
    const other = await makeNode().start();
    expect(await other.engine.result(ID)).toBe('reserve! pay!');
    fail.now?.();
    await settle();
    expect(world.log.join()).not.toContain('undo');
    expect((await other.processes.get(ID)).status).toBe('completed');
    await expectOneHistory(other);
  });

  it('finds its lease ended, gives everything up and goes on under another id', async () => {
    const frozen = makeNode({ settings: { lease: 300 } });
    await inPayment(frozen);
    clock.advance(301);
    const other = makeNode({ settings: { lease: 300 } });
    world.heal();
    await other.start();
    expect(await other.engine.result(ID)).toBe('reserve! pay!');
    for (let i = 0; frozen.warnings.length === 0 && i < 100; i++) await wait(10);
    expect(frozen.warnings.join()).toContain('has lost its lease');
    expect(world.signals[0]?.aborted).toBe(true);
    // It is a node like any other again.
    const handle = await frozen.processes.start('Ordering', new Order('2'));
    expect(await handle.result()).toBe('reserve! pay!');
    const owners = [await frozen.processes.events(ID), await frozen.processes.events('Ordering:2')].map(
      ([started]) => started?.data['owner'],
    );
    expect(owners[0]).not.toBe(owners[1]);
  });

  it('is left alone as long as its lease holds', async () => {
    const held = await inPayment(makeNode({ settings: { lease: 300 } }));
    clock.advance(299);
    const other = await makeNode({ settings: { lease: 300 } }).start();
    await settle();
    expect(other.engine.active.size).toBe(0);
    held.release();
    expect(await other.engine.result(ID)).toBe('reserve! pay!');
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'ship 1']);
  });

  it('begins nothing from two thirds of its lease on, until the lease is renewed', async () => {
    const node = makeNode({ settings: { lease: 300 } });
    const held = await inPayment(node);
    store.refuseRenewals = true;
    clock.advance(201);
    held.release();
    await wait(50);
    // Written down, but not begun: another node might take over any moment.
    expect(await node.journal(ID)).toContain('StepStarted ship:1');
    expect(world.log).toEqual(['reserve 1', 'pay 1']);
    store.refuseRenewals = false;
    expect(await node.engine.result(ID)).toBe('reserve! pay!');
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'ship 1']);
  });
});

describe('a node that leaves', () => {
  it('wakes the others, which go on with its runs at once and not at their next round', async () => {
    const leaving = await makeNode().start();
    const staying = await makeNode().start();
    world.plan('pay', () => new Promise(() => {}));
    for (const id of ['1', '2', '3']) await leaving.processes.start('Ordering', new Order(id));
    await settle();
    world.heal();
    await leaving.runtime.stop(0);
    // The next round is five seconds away.
    const isDone = async () => (await staying.processes.get('Ordering:3')).status === 'completed';
    for (let i = 0; i < 200 && !(await isDone()); i++) await wait(10);
    expect(await isDone()).toBe(true);
    await expectOneHistory(staying, 'Ordering:3');
    expect(await staying.journal('Ordering:1')).toContain('Claimed released');
  });
});

describe('a claim', () => {
  it.each([
    { of: 'before', delays: [30, 60] },
    { of: 'while', delays: [60, 30] },
  ])('goes on with the run although a client starts the same id $of it is written', async ({ delays }) => {
    const distant = new DistantStore(clock);
    const makeDistant = () => new TestNode(distant, world, [Ordering], { clock });
    const dead = await makeDistant().start();
    world.plan('pay', () => new Promise(() => {}));
    await dead.processes.start('Ordering', new Order('1'));
    await settle();
    dead.crash();
    world.heal();
    const node = makeDistant();
    await node.runtime.start();
    distant.delays = [...delays];
    // A client repeats its request at the very node that takes over.
    const [handle, claim] = await Promise.all([
      node.processes.start('Ordering', new Order('1')),
      node.engine.claim(ID, 'expired'),
    ]);
    expect(claim).toBe('claimed');
    expect(await handle.result()).toBe('reserve! pay!');
    await expectOneHistory(node);
    expect(world.count('ship 1')).toBe(1);
  });

  it('is won by one of two nodes that try at once', async () => {
    const dead = await makeNode().start();
    world.plan('pay', () => new Promise(() => {}));
    const ids: string[] = [];
    for (let i = 0; i < 20; i++) ids.push((await dead.processes.start('Ordering', new Order(String(i)))).id);
    await settle();
    dead.crash();
    world.heal().log.length = 0;
    const [one, two] = [makeNode(), makeNode()];
    await one.runtime.start();
    await two.runtime.start();
    const claims = await Promise.all(
      ids.map((id) => Promise.all([one.engine.claim(id, 'expired'), two.engine.claim(id, 'expired')])),
    );
    for (const pair of claims) expect(pair.toSorted()).toEqual(['claimed', 'lost']);
    await Promise.all(ids.map((id) => one.engine.result(id)));
    for (const id of ids) await expectOneHistory(one, id);
    expect(world.log.filter((line) => line.startsWith('pay'))).toHaveLength(20);
  });

  it('does not revive a run that has ended since it was found', async () => {
    const owner = makeNode();
    const held = await inPayment(owner);
    const other = await makeNode().start();
    store.beforeRead = async () => {
      held.release();
      await owner.engine.result(ID);
    };
    expect(await other.engine.claim(ID, 'expired')).not.toBe('claimed');
    expect((await other.processes.get(ID)).status).toBe('completed');
    await expectOneHistory(other);
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'ship 1']);
  });

  it('does not wake a run that was parked since it was found', async () => {
    const owner = makeNode({}, [Asking]);
    const reached = world.hang('pay');
    await owner.start();
    await owner.processes.start('Asking', new Order('1'));
    await reached;
    owner.crash();
    const [one, two] = [await makeNode({}, [Asking]).start(), await makeNode({}, [Asking]).start()];
    store.beforeRead = async () => {
      await one.engine.claim('Asking:1', 'expired');
      await one.until('Asking:1', 'outcome-unknown');
    };
    expect(await two.engine.claim('Asking:1', 'expired')).not.toBe('claimed');
    expect((await two.processes.get('Asking:1')).status).toBe('outcome-unknown');
  });

  it('that was written although its answer was lost is found again, and the run goes on', async () => {
    const dead = makeNode();
    await inPayment(dead);
    dead.crash();
    world.heal();
    clock.advance(LEASE + 1);
    store.loseAnswer = ({ appends }) => appends?.some(({ events }) => events[0]?.type === 'ProcessClaimed') === true;
    const node = await makeNode({ settings: { lease: 300 } }).start();
    expect(await node.engine.result(ID)).toBe('reserve! pay!');
    await expectOneHistory(node);
  });
});

describe('a node that looks for runs to take over', () => {
  it('goes on looking when it was asked to look again while it was still at it', async () => {
    // Real time: what went wrong was a time that had passed.
    store = new WatchedStore();
    const real = (): TestNode => new TestNode(store, world, [Ordering], { settings: { lease: 300 } });
    const dead = real();
    await inPayment(dead);
    const node = await real().start();
    // Looks take longer than the time after which each of these notes asks for another one.
    store.slowness = 60;
    for (let i = 0; i < 8; i++) {
      store.commit({ records: [{ collection: 'process-requests', key: `note ${i}`, value: '{}' }] });
      await wait(40);
    }
    store.slowness = 0;
    await wait(300);
    dead.crash();
    world.heal();
    expect(await node.engine.result(ID)).toBe('reserve! pay!');
  });
});

describe('a node that is stopped', () => {
  it('lets its runs go at once, and that does not count as a crash', async () => {
    const leaving = makeNode();
    await inPayment(leaving);
    world.heal();
    await leaving.runtime.stop(0);
    const other = await makeNode().start();
    expect(await other.engine.result(ID)).toBe('reserve! pay!');
    expect(await other.journal(ID)).toContain('Claimed released');
  });

  it('waits for the step under way, writes its result, and begins no other', async () => {
    const leaving = makeNode();
    const held = await inPayment(leaving);
    const stopped = leaving.runtime.stop(5_000);
    await wait(30);
    held.release();
    await stopped;
    expect(world.log).toEqual(['reserve 1', 'pay 1']);
    const other = await makeNode().start();
    expect(await other.engine.result(ID)).toBe('reserve! pay!');
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'ship 1']);
  });

  it('leaves no doubt about a step that it has not begun', async () => {
    const leaving = makeNode({}, [Asking]);
    const held = world.hold('reserve');
    await leaving.start();
    await leaving.processes.start('Asking', new Order('1'));
    await held.begun;
    const stopped = leaving.runtime.stop(5_000);
    await wait(30);
    held.release();
    await stopped;
    const other = await makeNode({}, [Asking]).start();
    expect(await other.engine.result('Asking:1')).toBe('pay!');
    expect(world.log).toEqual(['reserve 1', 'pay 1']);
  });

  it('answers nobody who asks afterwards, and tells them to ask elsewhere', async () => {
    const node = makeNode();
    await inPayment(node);
    const waiting = node.engine.result(ID);
    node.crash();
    await expect(waiting).rejects.toMatchObject({ code: 'CATGA_PROCESS_ENGINE_STOPPED' });
    await expect(node.engine.result(ID)).rejects.toMatchObject({ code: 'CATGA_PROCESS_ENGINE_STOPPED' });
    await expect(node.processes.start('Ordering', new Order('9'))).rejects.toMatchObject({
      code: 'CATGA_PROCESS_ENGINE_STOPPED',
    });
  });
});

@CatgaProcess(Order, { name: 'Asking' })
class Asking {
  constructor(readonly world: World) {}
  async execute(order: Order) {
    await this.reserve(order.id);
    return this.pay(order.id);
  }
  async reserve(id: string) {
    return this.world.act('reserve', id);
  }
  @ProcessStep({ onUnknown: 'ask' })
  async pay(id: string) {
    return this.world.act('pay', id);
  }
}

@CatgaProcess(Order, { name: 'Failing' })
class Failing {
  constructor(readonly world: World) {}
  async execute(order: Order) {
    return this.pay(order.id);
  }
  @ProcessStep({ onUnknown: 'fail' })
  async pay(id: string) {
    return this.world.act('pay', id);
  }
  async compensatePay(id: string, result: string | undefined, outcome: string) {
    await this.world.act('undo pay', id, String(result), outcome);
  }
}

describe('a step that was started and never finished', () => {
  async function cutOff(name: string, classes: readonly ProcessClass[]): Promise<TestNode> {
    const reached = world.hang('pay');
    const node = await makeNode({}, classes).start();
    await node.processes.start(name, new Order('1'));
    await reached;
    node.crash();
    world.heal();
    return makeNode({}, classes).start();
  }

  it('is called again with the same key by default', async () => {
    const node = await cutOff('Ordering', [Ordering]);
    await node.engine.claim(ID, 'expired');
    expect(await node.engine.result(ID)).toBe('reserve! pay!');
    expect(world.count('pay 1')).toBe(2);
  });

  it('parks the run until somebody decides when it asks, each time it happens', async () => {
    const first = await cutOff('Asking', [Asking]);
    await first.engine.claim('Asking:1', 'expired');
    await expect(first.engine.result('Asking:1')).rejects.toThrow(ProcessParkedError);
    expect(await first.processes.status('Asking:1')).toMatchObject({
      status: 'outcome-unknown',
      explanation: expect.stringContaining('"pay:1"') as string,
    });
    expect(world.count('pay 1')).toBe(1);
    const again = world.hang('pay');
    await first.processes.retry('Asking:1', { by: 'ann' });
    await again;
    first.crash();
    world.heal();
    const second = await makeNode({}, [Asking]).start();
    await second.engine.claim('Asking:1', 'expired');
    await expect(second.engine.result('Asking:1')).rejects.toThrow('outcome-unknown');
    await second.processes.retry('Asking:1');
    expect(await second.engine.result('Asking:1')).toBe('pay!');
    expect(world.count('pay 1')).toBe(3);
  });

  it('fails when it says so, and is undone as unknown', async () => {
    const node = await cutOff('Failing', [Failing]);
    await node.engine.claim('Failing:1', 'expired');
    await expect(node.engine.result('Failing:1')).rejects.toThrow('whether it happened is unknown');
    expect(world.log).toEqual(['pay 1', 'undo pay 1 undefined unknown']);
  });
});

describe('a run that kills its node', () => {
  /** Claims the run on a fresh node and kills that in the payment. */
  async function dieInPayment(): Promise<void> {
    const reached = world.hang('pay');
    const node = await makeNode().start();
    expect(await node.engine.claim(ID, 'expired')).toBe('claimed');
    await reached;
    node.crash();
  }

  it('is parked after five claims without progress, and gets as many again from an operator', async () => {
    const first = makeNode();
    await inPayment(first);
    first.crash();
    for (let i = 0; i < 5; i++) await dieInPayment();
    const node = await makeNode().start();
    expect(await node.engine.claim(ID, 'expired')).toBe('parked');
    expect(await node.processes.status(ID)).toMatchObject({
      status: 'poisoned',
      explanation: expect.stringContaining('taken over 5 times') as string,
    });
    expect(world.count('pay 1')).toBe(6);
    const reached = world.hang('pay');
    await node.processes.retry(ID);
    await reached;
    node.crash();
    for (let i = 0; i < 4; i++) await dieInPayment();
    world.heal();
    const last = await makeNode().start();
    expect(await last.engine.claim(ID, 'expired')).toBe('claimed');
    expect(await last.engine.result(ID)).toBe('reserve! pay!');
  });

  it('is not parked as long as it gets on between its crashes', async () => {
    const first = await makeNode({}, [Looping]).start();
    const reached = world.hang('turn');
    await first.processes.start('Looping', new Order('1', 8));
    await reached;
    first.crash();
    for (let round = 0; round < 7; round++) {
      const next = new Promise<void>((resolve) => {
        world.plan(
          'turn',
          () => undefined,
          () => {
            resolve();
            return new Promise(() => {});
          },
        );
      });
      const node = await makeNode({}, [Looping]).start();
      expect(await node.engine.claim('Looping:1', 'expired')).toBe('claimed');
      await next;
      node.crash();
    }
    world.heal();
    const node = await makeNode({}, [Looping]).start();
    expect(await node.engine.claim('Looping:1', 'expired')).toBe('claimed');
    expect(await node.engine.result('Looping:1')).toBe(8);
  });
});

@CatgaProcess(Order, { name: 'Looping' })
class Looping {
  constructor(readonly world: World) {}
  async execute(order: Order) {
    for (let i = 0; i < order.rounds; i++) await this.turn(i);
    return order.rounds;
  }
  async turn(i: number) {
    return this.world.act('turn', i);
  }
}

@CatgaProcess(Order, { name: 'Patient' })
class Patient {
  constructor(readonly world: World) {}
  async execute(order: Order) {
    return Promise.all([this.pay(order.id), this.mail(order.id)]);
  }
  @Retry({ attempts: 3, backoff: '10m', maxBackoff: '10m' })
  async pay(id: string) {
    return this.world.act('pay', id);
  }
  @Retry({ attempts: 3, backoff: '2m', maxBackoff: '2m' })
  async mail(id: string) {
    return this.world.act('mail', id);
  }
}
const PATIENT = 'Patient:1';

describe('attempts', () => {
  const refuse = (): never => {
    throw new Error('busy');
  };

  it('are counted over crashes: three nodes make three attempts, not nine', async () => {
    world.plan('pay', refuse);
    const options: NodeOptions = { processes: { suspendAfter: '1h' } };
    const first = await makeNode(options, [Patient]).start();
    await first.processes.start('Patient', new Order('1'));
    for (let attempt = 1; attempt < 3; attempt++) {
      await world.reached('pay 1', attempt);
      await settle();
      crashAllNodes();
      clock.advance(600_001);
      const node = await makeNode(options, [Patient]).start();
      await node.engine.claim(PATIENT, 'expired');
    }
    await world.reached('pay 1', 3);
    const node = await makeNode(options, [Patient]).start();
    await expect(node.engine.result(PATIENT)).rejects.toThrow('busy');
    expect(world.count('pay 1')).toBe(3);
    expect(world.count('mail 1')).toBe(1);
  });

  it('that are long to wait for leave memory, and wake by their due time on any node', async () => {
    world.plan('pay', refuse, () => undefined);
    const first = await makeNode({}, [Patient]).start();
    const handle = await first.processes.start('Patient', new Order('1'));
    await first.until(PATIENT, 'waiting');
    expect(first.engine.active.size).toBe(0);
    const { waitingUntil, explanation } = await first.processes.get(PATIENT);
    expect(waitingUntil).toBeGreaterThan(clock.now() + 299_000);
    expect(explanation).toContain('to try "pay:1" again (attempt 2)');
    const result = handle.result();
    const early = await makeNode({}, [Patient]).start();
    expect(early.engine.active.size).toBe(0);
    clock.advance(600_001);
    await makeNode({}, [Patient]).start();
    expect(await result).toEqual(['pay!', 'mail!']);
    expect(world.log).toEqual(['pay 1', 'mail 1', 'pay 1']);
    expect(await first.journal(PATIENT)).toContain('Claimed due');
  });

  it('wake by themselves on the node that has put them to sleep', async () => {
    @CatgaProcess(Order, { name: 'Napping' })
    class Napping {
      constructor(readonly inner: World) {}
      async execute(order: Order) {
        return this.pay(order.id);
      }
      @Retry({ attempts: 2, backoff: 2_000 })
      async pay(id: string) {
        return this.inner.act('pay', id);
      }
    }
    world.plan('pay', refuse, () => undefined);
    store = new WatchedStore();
    const node = await new TestNode(store, world, [Napping], { processes: { suspendAfter: 1 } }).start();
    const handle = await node.processes.start('Napping', new Order('1'));
    expect(await handle.result()).toBe('pay!');
    expect(await node.journal('Napping:1')).toEqual(expect.arrayContaining(['Suspended retry', 'Claimed due']));
  });

  it('do not put a run to sleep after a crash while a sibling has not been begun', async () => {
    world.plan('pay', refuse, () => undefined);
    const reached = world.hang('mail');
    const first = await makeNode({}, [Patient]).start();
    await first.processes.start('Patient', new Order('1'));
    await reached;
    await settle();
    first.crash();
    world.plan('mail', () => undefined);
    const node = await makeNode({}, [Patient]).start();
    await node.engine.claim(PATIENT, 'expired');
    await node.until(PATIENT, 'waiting');
    // Two attempts at the mail: the one that was cut off, and one in the second life. None before its time at the payment.
    expect(world.log).toEqual(['pay 1', 'mail 1', 'mail 1']);
    expect((await node.journal(PATIENT)).slice(-2)).toEqual(['StepCompleted mail:1', 'Suspended retry']);
  });

  it('sleep after a crash until the first of several is due, not the last', async () => {
    world.plan('pay', refuse, () => undefined).plan('mail', refuse, () => undefined);
    const options: NodeOptions = { processes: { suspendAfter: '1h' } };
    const first = await makeNode(options, [Patient]).start();
    await first.processes.start('Patient', new Order('1'));
    await settle();
    first.crash();
    const node = await makeNode({}, [Patient]).start();
    await node.engine.claim(PATIENT, 'expired');
    await node.until(PATIENT, 'waiting');
    expect((await node.processes.get(PATIENT)).waitingUntil).toBeLessThanOrEqual(clock.now() + 120_000);
  });

  it('whose class is missing here do not keep this node busy', async () => {
    world.plan('pay', refuse, () => undefined);
    const first = await makeNode({}, [Patient]).start();
    await first.processes.start('Patient', new Order('1'));
    await first.until(PATIENT, 'waiting');
    first.crash();
    clock.advance(600_001);
    await makeNode({}, [Ordering]).start();
    const before = store.finds;
    await wait(300);
    expect(store.finds - before).toBeLessThan(12);
    expect((await first.processes.get(PATIENT)).status).toBe('waiting');
  });
});

describe('cancelling', () => {
  it('reaches a run on another node: its step is told to stop, then everything is undone there', async () => {
    const owner = makeNode();
    const held = await inPayment(owner);
    const other = await makeNode().start();
    await other.processes.cancel(ID, { by: 'ann', reason: 'no longer needed' });
    for (let i = 0; !world.signals[0]?.aborted && i < 200; i++) await wait(10);
    expect(world.signals[0]?.aborted).toBe(true);
    expect(world.log).toEqual(['reserve 1', 'pay 1']);
    held.release();
    await expect(other.engine.result(ID)).rejects.toThrow('no longer needed');
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'undo pay 1 pay! completed', 'undo reserve 1 reserve! completed']);
    expect(await other.journal(ID)).not.toContain('Claimed expired');
    await expectOneHistory(other);
  });

  it('is not forgotten when the owner dies before it hears of it', async () => {
    const owner = makeNode();
    await inPayment(owner);
    owner.crash();
    const other = await makeNode().start();
    await other.processes.cancel(ID, { reason: 'too late' });
    clock.advance(LEASE + 1);
    await makeNode().start();
    await expect(other.engine.result(ID)).rejects.toThrow('too late');
    expect(world.log).toEqual([
      'reserve 1',
      'pay 1',
      'undo pay 1 undefined unknown',
      'undo reserve 1 reserve! completed',
    ]);
  });

  it('without compensation leaves everything as it is', async () => {
    const owner = makeNode();
    const held = await inPayment(owner);
    await owner.processes.cancel(ID, { compensate: false });
    held.release();
    await expect(owner.engine.result(ID)).rejects.toThrow('was cancelled');
    expect(world.log).toEqual(['reserve 1', 'pay 1']);
  });

  it('wakes a run that waits for its next attempt', async () => {
    world.plan('pay', () => {
      throw new Error('busy');
    });
    const node = await makeNode({}, [Patient]).start();
    await node.processes.start('Patient', new Order('1'));
    await node.until(PATIENT, 'waiting');
    await node.processes.cancel(PATIENT, { reason: 'enough' });
    await expect(node.engine.result(PATIENT)).rejects.toThrow('enough');
    expect(world.count('pay 1')).toBe(1);
  });
});

describe('a journal that grows', () => {
  it('is warned about, then parked; a retry gives it as many events again', async () => {
    const options: NodeOptions = { processes: { historyWarning: 10, historyLimit: 21 } };
    const node = await makeNode(options, [Looping]).start();
    const handle = await node.processes.start('Looping', new Order('1', 15));
    await expect(handle.result()).rejects.toThrow('history-limit');
    expect(node.warnings.filter((one) => one.includes('at 21 it is parked'))).toHaveLength(1);
    expect(world.log).toHaveLength(10);
    await node.processes.retry('Looping:1');
    expect(await node.engine.result('Looping:1')).toBe(15);
    expect(world.log).toHaveLength(15);
  });

  @CatgaProcess(Order, { name: 'Renewing' })
  class Renewing {
    constructor(
      readonly inner: World,
      readonly context: ProcessContext,
    ) {}
    async execute(order: Order): Promise<string> {
      const key = await this.turn(order.rounds);
      if (order.rounds > 0) this.context.continueAsNew(new Order(order.id, order.rounds - 1));
      return key;
    }
    async turn(round: number) {
      await this.inner.act('turn', round);
      return this.context.stepKey;
    }
  }
  const RENEWING = 'Renewing:1';

  it('starts anew with continueAsNew: another run of the same id, with keys of its own; the old journal goes', async () => {
    const node = await makeNode({}, [Renewing]).start();
    const handle = await node.processes.start('Renewing', new Order('1', 2));
    expect(await handle.result()).toMatch(/Renewing:1.*\/turn:1/);
    expect(await node.processes.get(RENEWING)).toMatchObject({ run: 3, status: 'completed' });
    expect(await node.journal(RENEWING)).toEqual([
      'Started',
      'StepStarted turn:1',
      'StepCompleted turn:1',
      'Completed',
    ]);
    expect(world.log).toEqual(['turn 2', 'turn 1', 'turn 0']);
    await settle();
    const streams = new Set((await store.readAll()).events.map(({ stream }) => stream));
    expect(streams.size).toBe(1);
  });

  it('does so across a crash at every write', async () => {
    for (let crashAt = 1; crashAt <= 8; crashAt++) {
      store = new WatchedStore(clock);
      world = new World();
      const node = makeNode({}, [Renewing]);
      await node.start();
      let writes = 0;
      const died = new Promise<void>((resolve) => {
        store.loseAnswer = ({ appends, deleteStreams }) => {
          if (!(appends ?? deleteStreams) || ++writes < crashAt) return false;
          node.crash();
          resolve();
          return true;
        };
      });
      const result = node.processes
        .start('Renewing', new Order('1', 2))
        .then((handle) => handle.result())
        .catch(() => undefined);
      await Promise.race([died, result]);
      clock.advance(LEASE + 1);
      const next = await makeNode({}, [Renewing]).start();
      await next.engine.result(RENEWING);
      expect(await next.processes.get(RENEWING)).toMatchObject({ run: 3, status: 'completed' });
      expect([...new Set(world.log)]).toEqual(['turn 2', 'turn 1', 'turn 0']);
    }
  });
});

describe('starting an id that exists', () => {
  it('attaches by default, whatever has become of it', async () => {
    const node = makeNode();
    const held = await inPayment(node);
    const again = await node.processes.start('Ordering', new Order('1'));
    expect(again).toMatchObject({ id: ID, started: false });
    const other = await makeNode().start();
    const elsewhere = await other.processes.start('Ordering', new Order('1'));
    expect(elsewhere.started).toBe(false);
    held.release();
    expect(await again.result()).toBe('reserve! pay!');
    expect(await elsewhere.result()).toBe('reserve! pay!');
    const late = await other.processes.start('Ordering', new Order('1'));
    expect(await late.result()).toBe('reserve! pay!');
    expect(world.log).toEqual(['reserve 1', 'pay 1', 'ship 1']);
  });

  it('is refused with reject', async () => {
    const node = makeNode();
    const held = await inPayment(node);
    const other = await makeNode().start();
    for (const one of [node, other]) {
      await expect(one.processes.start('Ordering', new Order('1'), { onExisting: 'reject' })).rejects.toMatchObject({
        code: 'CATGA_PROCESS_ALREADY_EXISTS',
      });
    }
    held.release();
    await node.engine.result(ID);
    await expect(node.processes.start('Ordering', new Order('1'), { onExisting: 'reject' })).rejects.toMatchObject({
      code: 'CATGA_PROCESS_ALREADY_EXISTS',
    });
  });

  it('runs again with newRun once the last run is final, and attaches before', async () => {
    const node = makeNode();
    const held = await inPayment(node);
    expect((await node.processes.start('Ordering', new Order('1'), { onExisting: 'newRun' })).started).toBe(false);
    held.release();
    await node.engine.result(ID);
    const again = await node.processes.start('Ordering', new Order('1'), { onExisting: 'newRun' });
    expect(again.started).toBe(true);
    await again.result();
    expect(await node.processes.get(ID)).toMatchObject({ run: 2, status: 'completed' });
    expect(world.count('pay 1')).toBe(2);
    // A crash of the second run is a crash of the second run.
    await expectOneHistory(node);
  });

  it('runs once when many start it at once, on two nodes', async () => {
    const [one, two] = [await makeNode().start(), await makeNode().start()];
    const start = (node: TestNode) => node.processes.start('Ordering', new Order('1'), { onExisting: 'newRun' });
    const first = await Promise.all([start(one), start(two), start(one), start(two)]);
    expect(await Promise.all(first.map((handle) => handle.result()))).toEqual(new Array(4).fill('reserve! pay!'));
    expect(world.count('pay 1')).toBe(1);
    // And again: a final run, started anew by many at once.
    const second = await Promise.all([start(one), start(one), start(two), start(one), start(two)]);
    expect(second.filter(({ started }) => started)).toHaveLength(1);
    for (let i = 0; (await one.processes.get(ID)).status !== 'completed' && i < 100; i++) await wait(10);
    expect(await one.processes.get(ID)).toMatchObject({ run: 2, status: 'completed' });
    expect(world.count('pay 1')).toBe(2);
  });
});
