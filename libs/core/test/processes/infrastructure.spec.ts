import 'reflect-metadata';
import { FaultyStore } from '@catga/testing';
import { DomainError, StoreUnavailableError } from '../../src/index.js';
import { Mediator } from '../../src/mediator/index.js';
import { ProcessContext } from '../../src/processes/api/process-context.js';
import { CatgaProcess } from '../../src/processes/decorators/index.js';
import type { CommitBatch, CommitResult, ReadStreamOptions, StoredEvent, StoredRecord } from '../../src/store/index.js';
import { crashAllNodes, settle, SharedStore, SpyMediator, TestNode, World } from './support/nodes.js';

class Order {
  constructor(
    readonly id: string,
    readonly parcels = 1,
  ) {}
}
const ID = 'Ordering:1';

@CatgaProcess(Order, { name: 'Ordering' })
class Ordering {
  constructor(
    readonly world: World,
    readonly context: ProcessContext,
    readonly mediator: Mediator,
  ) {}
  async execute(order: Order) {
    const reserved = await this.reserve(order.id);
    for (let parcel = 1; parcel <= order.parcels; parcel++) await this.ship(parcel);
    await Promise.all([this.charge(order.id), this.notify(order.id)]);
    return reserved;
  }
  async reserve(id: string) {
    return this.world.act('reserve', id);
  }
  async compensateReserve(id: string, result: string, outcome: string) {
    await this.world.act('undo reserve', id, result, outcome);
  }
  async ship(parcel: number) {
    return this.world.act('ship', parcel);
  }
  async compensateShip(parcel: number, result: string, outcome: string) {
    await this.world.act('undo ship', parcel, result, outcome);
  }
  async charge(id: string) {
    await this.mediator.send(new Charge(id));
    await this.mediator.send(new Charge(`${id} again`));
    return this.world.act('charge', id);
  }
  async compensateCharge(id: string, result: string | undefined, outcome: string) {
    await this.mediator.send(new Charge(`${id} back`));
    await this.world.act('undo charge', id, String(result), outcome);
  }
  async notify(id: string) {
    return this.world.act('notify', id);
  }
}

class Charge {
  constructor(readonly what: string) {}
}

/** A store that is away for everything, reads too, as long as the test says. */
class OutageStore extends SharedStore {
  away = false;
  private readsToFail = 0;

  failReads(count: number): void {
    this.readsToFail = count;
  }

  override commit(batch: CommitBatch): CommitResult {
    this.assertThere();
    return super.commit(batch);
  }
  override async readStream(stream: string, options?: ReadStreamOptions): Promise<readonly StoredEvent[]> {
    this.assertThere();
    if (this.readsToFail-- > 0) throw unavailable();
    return super.readStream(stream, options);
  }
  override async getRecord(collection: string, key: string): Promise<StoredRecord | undefined> {
    this.assertThere();
    return super.getRecord(collection, key);
  }
  override async now(): Promise<number> {
    this.assertThere();
    return super.now();
  }

  private assertThere(): void {
    if (this.away) throw unavailable();
  }
}

function unavailable(): StoreUnavailableError {
  return new StoreUnavailableError('connection', 'The store is away.');
}

let world: World;
beforeEach(() => {
  world = new World();
});
afterEach(crashAllNodes);

const undone = (): string[] => world.log.filter((line) => line.startsWith('undo'));
const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

describe('an outage of the store', () => {
  it('in the middle of a run delays it: nothing is begun, nothing is undone, then it goes on', async () => {
    const store = new OutageStore();
    const node = await new TestNode(store, world, [Ordering]).start();
    const held = world.hold('ship');
    await node.processes.start('Ordering', new Order('1'));
    await held.begun;
    store.away = true;
    held.release();
    await pause(250);
    expect(world.log).toEqual(['reserve 1', 'ship 1']);
    store.away = false;
    expect(await node.engine.result(ID)).toBe('reserve!');
    expect(world.log).toEqual(['reserve 1', 'ship 1', 'notify 1', 'charge 1']);
    expect(node.warnings.join()).toContain('nothing is undone');
  });

  it('in the middle of a compensation delays that too, and each step is undone once', async () => {
    const store = new OutageStore();
    const node = await new TestNode(store, world, [Ordering]).start();
    world.fail('notify', new DomainError('no'));
    const held = world.hold('undo charge');
    await node.processes.start('Ordering', new Order('1'));
    await held.begun;
    store.away = true;
    held.release();
    await pause(250);
    expect(undone()).toEqual(['undo charge 1 charge! completed']);
    store.away = false;
    await expect(node.engine.result(ID)).rejects.toMatchObject({ code: 'CATGA_PROCESS_FAILED' });
    expect(undone()).toEqual([
      'undo charge 1 charge! completed',
      'undo ship 1 ship! completed',
      'undo reserve 1 reserve! completed',
    ]);
  });

  it('when the compensation reads the journal delays it', async () => {
    const store = new OutageStore();
    const node = await new TestNode(store, world, [Ordering]).start();
    const held = world.hold('notify');
    await node.processes.start('Ordering', new Order('1'));
    await held.begun;
    await settle();
    store.failReads(2);
    await node.processes.cancel(ID).catch(() => undefined);
    held.release();
    await expect(node.engine.result(ID)).rejects.toMatchObject({ code: 'CATGA_PROCESS_CANCELLED' });
    expect(undone()).toHaveLength(3);
  });

  it('while a node looks for runs to take over is only a warning; it looks again', async () => {
    const store = new OutageStore();
    const dead = await new TestNode(store, world, [Ordering], { settings: { lease: 300 } }).start();
    const reached = world.hang('ship');
    await dead.processes.start('Ordering', new Order('1'));
    await reached;
    dead.crash();
    world.heal();
    store.failReads(2);
    const node = await new TestNode(store, world, [Ordering], { settings: { lease: 300 } }).start();
    expect(await node.engine.result(ID)).toBe('reserve!');
    expect(node.warnings.join()).toContain('it is tried again');
  });

  it('in the answer to a claim or to any other commit doubles nothing', async () => {
    // Loses the answer of every commit once, one after the other.
    for (let lost = 1; lost <= 9; lost++) {
      world = new World();
      const inner = new SharedStore();
      const store = new FaultyStore(inner);
      let commits = 0;
      store.delayCommits(async () => {
        if (++commits === lost) store.failNext(1, undefined, { applied: true });
      });
      const node = await new TestNode(store, world, [Ordering], { settings: { lease: 300 } }).start();
      const handle = await node.processes
        .start('Ordering', new Order('1'))
        .catch(() => node.processes.start('Ordering', new Order('1')));
      expect(await handle.result()).toBe('reserve!');
      const ends = (await node.journal(ID)).filter((line) => /^(StepCompleted|Completed)/.test(line));
      expect(ends.toSorted()).toEqual([
        'Completed',
        'StepCompleted charge:1',
        'StepCompleted notify:1',
        'StepCompleted reserve:1',
        'StepCompleted ship:1',
      ]);
      expect(new Set(world.log).size).toBe(world.log.length);
      node.crash();
    }
  });
});

describe('a cancelled run', () => {
  const expected = [
    'undo charge 1 undefined unknown',
    'undo ship 2 ship! completed',
    'undo ship 1 ship! completed',
    'undo reserve 1 reserve! completed',
  ];

  /** Starts a run, kills its node in the charge, and cancels it on another one. */
  async function cancelAfterCrash(store: FaultyStore | SharedStore): Promise<TestNode> {
    const inner = store instanceof FaultyStore ? store.inner : store;
    const first = await new TestNode(inner, world, [Ordering]).start();
    const reached = world.hang('charge');
    await first.processes.start('Ordering', new Order('1', 2));
    await reached;
    await settle();
    first.crash();
    world.heal().log.length = 0;
    return new TestNode(store, world, [Ordering]).start();
  }

  it('is undone exactly once and in order when it is crashed at every write: first what never ended, as unknown', async () => {
    let writes = 0;
    for (let crashAt = 1; crashAt === 1 || crashAt <= writes; crashAt++) {
      for (const applied of [false, true]) {
        world = new World();
        const inner = new SharedStore();
        const dying = new FaultyStore(inner);
        const node = await cancelAfterCrash(dying);
        if (writes > 0) dying.crashAfter(crashAt, { applied });
        const before = dying.commits;
        await node.engine.claim(ID, 'released').catch(() => undefined);
        await node.processes.cancel(ID, { reason: 'enough' }).catch(() => undefined);
        for (let i = 0; i < 100 && !dying.crashed && (await statusOf(inner)) !== 'cancelled'; i++) await pause(2);
        if (writes === 0) writes = dying.commits - before;
        node.crash();
        const heir = await new TestNode(inner, world, [Ordering]).start();
        await heir.engine.claim(ID, 'expired');
        if (!(await heir.processes.events(ID)).some(({ type }) => type === 'ProcessCancelRequested')) {
          await heir.processes.cancel(ID, { reason: 'enough' });
        }
        await expect(heir.engine.result(ID)).rejects.toMatchObject({ reason: 'enough' });
        const journal = await heir.journal(ID);
        expect(journal.filter((line) => line.startsWith('StepCompensated'))).toEqual([
          'StepCompensated charge:1',
          'StepCompensated ship:2',
          'StepCompensated ship:1',
          'StepCompensated reserve:1',
        ]);
        expect([...new Set(undone())]).toEqual(expected);
        heir.crash();
      }
    }
    expect(writes).toBeGreaterThan(5);
  });

  it('cannot be cancelled again, nor revived', async () => {
    const store = new SharedStore();
    const node = await cancelAfterCrash(store);
    await node.engine.claim(ID, 'expired');
    const held = world.hold('undo ship');
    await node.processes.cancel(ID);
    await held.begun;
    await expect(node.processes.cancel(ID)).rejects.toMatchObject({ code: 'CATGA_PROCESS_CONFLICT' });
    held.release();
    await expect(node.engine.result(ID)).rejects.toMatchObject({ code: 'CATGA_PROCESS_CANCELLED' });
    for (const act of [node.processes.cancel(ID), node.processes.retry(ID)]) {
      await expect(act).rejects.toMatchObject({ code: 'CATGA_PROCESS_CONFLICT' });
    }
    expect(await node.engine.claim(ID, 'expired')).toBe('final');
  });
});

describe('commands of a step', () => {
  it('carry a key that is the same after a take-over, one for each command, and another one for the compensation', async () => {
    const store = new SharedStore();
    const mediator = new SpyMediator();
    const first = await new TestNode(store, world, [Ordering], { mediator }).start();
    const reached = world.hang('charge');
    await first.processes.start('Ordering', new Order('1'), { correlationId: 'request-7', tenant: 'acme' });
    await reached;
    await settle();
    first.crash();
    world.heal().fail('notify', new DomainError('no'), new DomainError('no'));
    const node = await new TestNode(store, world, [Ordering], { mediator }).start();
    await node.engine.claim(ID, 'expired');
    await node.engine.result(ID).catch(() => undefined);
    const keys = mediator.sent.map(({ message, options }) => [
      (message as Charge).what,
      (options as { idempotencyKey: string }).idempotencyKey,
    ]);
    expect(keys.slice(0, 4)).toEqual([
      ['1', `${ID}/charge:1`],
      ['1 again', `${ID}/charge:1/2`],
      ['1', `${ID}/charge:1`],
      ['1 again', `${ID}/charge:1/2`],
    ]);
    for (const { options } of mediator.sent) {
      expect(options).toMatchObject({ correlationId: 'request-7', causationId: ID, tenant: 'acme' });
    }
  });
});

async function statusOf(store: SharedStore): Promise<string> {
  const record = await store.getRecord('processes', ID);
  return (JSON.parse(record?.value as string) as { status: string }).status;
}
