import 'reflect-metadata';
import { FaultyStore } from '@catga/testing';
import { Retry } from '../../src/foundation/index.js';
import { DomainError, MemoryStore, StoreUnavailableError } from '../../src/index.js';
import { CatgaProcess, ProcessStep } from '../../src/processes/index.js';
import { PROCESSES } from '../../src/processes/engine/run-record.js';
import { TestNode, World } from './support/nodes.js';

class Order {
  constructor(
    readonly orderId: string,
    readonly parcels: number,
  ) {}
}

/** Reserves, ships some parcels one after the other, then two things side by side; then it fails. */
@CatgaProcess(Order)
class OrderProcess {
  constructor(private readonly world: World) {}

  async execute(order: Order) {
    const reservation = await this.reserve(order.orderId);
    for (let parcel = 1; parcel <= order.parcels; parcel++) await this.ship(order.orderId, parcel);
    await Promise.all([this.charge(order.orderId, 12), this.notify(order.orderId)]);
    await this.finish(reservation);
    return reservation;
  }

  private async reserve(id: string) {
    return this.world.act('reserve', id);
  }
  private async compensateReserve(id: string, result: string, outcome: string) {
    await this.world.act('undo reserve', id, result, outcome);
  }
  private async ship(id: string, parcel: number) {
    return this.world.act('ship', id, parcel);
  }
  private async compensateShip(id: string, parcel: number, result: string, outcome: string) {
    await this.world.act('undo ship', id, parcel, result, outcome);
  }
  private async charge(id: string, amount: number) {
    return this.world.act('charge', id, amount);
  }
  private async compensateCharge(id: string, amount: number, result: string | undefined, outcome: string) {
    await this.world.act('undo charge', id, amount, String(result), outcome);
  }
  private async notify(id: string) {
    return this.world.act('notify', id);
  }
  @ProcessStep({ compensate: 'completed' })
  @Retry({ attempts: 1 })
  private async finish(reservation: string) {
    return this.world.act('finish', reservation);
  }
  private async compensateFinish() {
    await this.world.act('undo finish');
  }
}

const ID = 'OrderProcess:1';
const refusal = () => new DomainError('no', { code: 'NO' });

function node(store: MemoryStore | FaultyStore, world: World): TestNode {
  return new TestNode(store, world, [OrderProcess as never]);
}

/** Keys of the steps that the journal says were undone, in order. */
async function undone(store: MemoryStore): Promise<string[]> {
  const events = await store.readStream(`process-${ID}`);
  return events
    .filter((event) => event.type === 'ProcessStepCompensated')
    .map((event) => (JSON.parse(event.metadata as string) as { step: string }).step);
}

async function statusOf(store: MemoryStore): Promise<string> {
  const record = await store.getRecord(PROCESSES, ID);
  return (JSON.parse(record?.value as string) as { status: string }).status;
}

describe('compensation', () => {
  it('undoes every completed step once per instance, in reverse order, with its arguments, result and outcome', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const world = new World().fail('finish', refusal());
    const { runtime } = node(store, world);
    const handle = await runtime.processes.start('OrderProcess', new Order('1', 3));
    await expect(handle.result()).rejects.toMatchObject({ code: 'CATGA_PROCESS_FAILED', cause: { code: 'NO' } });
    expect(world.log.filter((line) => line.startsWith('undo'))).toEqual([
      'undo charge 1 12 charge! completed',
      'undo ship 1 3 ship! completed',
      'undo ship 1 2 ship! completed',
      'undo ship 1 1 ship! completed',
      'undo reserve 1 reserve! completed',
    ]);
    expect(await undone(store)).toEqual(['charge:1', 'ship:3', 'ship:2', 'ship:1', 'reserve:1']);
    runtime.crash();
  });

  it('does each undo exactly once in the journal, in reverse order, when it is crashed at every write', async () => {
    // Writes of a run that is never interrupted: every one of them is a place to crash.
    const whole = new MemoryStore({ mode: 'copy' });
    const counted = new FaultyStore(whole);
    const first = node(counted, new World().fail('finish', refusal()));
    await first.runtime.processes
      .start('OrderProcess', new Order('1', 2))
      .then((handle) => handle.result().catch(() => 0));
    first.runtime.crash();
    const writes = counted.commits;
    expect(writes).toBeGreaterThan(8);

    for (const applied of [false, true]) {
      for (let crashAt = 1; crashAt < writes; crashAt++) {
        const store = new MemoryStore({ mode: 'copy' });
        const world = new World().plan('finish', () => {
          throw refusal();
        });
        const dying = new FaultyStore(store);
        dying.crashAfter(crashAt, { applied });
        const victim = node(dying, world);
        const started = victim.runtime.processes
          .start('OrderProcess', new Order('1', 2))
          .then((handle) => handle.result());
        started.catch(() => undefined);
        while (!dying.crashed) await new Promise((resolve) => setImmediate(resolve));
        for (let turn = 0; turn < 5; turn++) await new Promise((resolve) => setImmediate(resolve));
        victim.runtime.crash();

        const heir = node(store, world);
        expect(await heir.runtime.engine.claim(ID, 'expired')).toBe('claimed');
        await expect(heir.runtime.engine.result(ID)).rejects.toMatchObject({ code: 'CATGA_PROCESS_FAILED' });
        heir.runtime.crash();
        expect({ crashAt, undone: await undone(store) }).toEqual({
          crashAt,
          undone: ['charge:1', 'ship:2', 'ship:1', 'reserve:1'],
        });
        // The effect itself happens at least once; never for a step that was not begun.
        for (const line of ['undo charge 1 12 charge! completed', 'undo reserve 1 reserve! completed']) {
          expect(world.count(line)).toBeGreaterThanOrEqual(1);
        }
      }
    }
  });

  it('waits for siblings that are still under way, and undoes them too', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const world = new World().fail('notify', refusal());
    const held = world.hold('charge');
    const { runtime } = node(store, world);
    const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
    const result = handle.result().catch((error: unknown) => error);
    await held.begun;
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(world.log.some((line) => line.startsWith('undo'))).toBe(false);
    held.release();
    await result;
    expect(await undone(store)).toEqual(['charge:1', 'reserve:1']);
    runtime.crash();
  });

  it('undoes a step that gave errors to the end, and says that its outcome is unknown', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const world = new World().plan('charge', () => {
      throw new Error('502 from the gateway');
    });
    const { runtime } = node(store, world);
    const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
    await expect(handle.result()).rejects.toMatchObject({ cause: { message: '502 from the gateway' } });
    expect(world.count('charge 1 12')).toBe(3);
    expect(world.log).toContain('undo charge 1 12 undefined unknown');
    runtime.crash();
  });

  const brokenThenRefused = () =>
    new World().plan(
      'charge',
      () => {
        throw new Error('502 from the gateway');
      },
      () => {
        throw refusal();
      },
    );

  it('undoes a step whose last attempt was refused when an earlier one may have done its work', async () => {
    for (const mode of ['copy', 'reference'] as const) {
      const world = brokenThenRefused();
      const { runtime } = node(new MemoryStore({ mode }), world);
      const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
      await expect(handle.result()).rejects.toMatchObject({ cause: { code: 'NO' } });
      expect(world.count('charge 1 12')).toBe(2);
      expect(world.log.filter((line) => line.startsWith('undo'))).toEqual([
        'undo charge 1 12 undefined unknown',
        'undo reserve 1 reserve! completed',
      ]);
      runtime.crash();
    }
  });

  it('undoes it also when it is crashed at any write in between', async () => {
    const counted = new FaultyStore(new MemoryStore({ mode: 'copy' }));
    const first = node(counted, brokenThenRefused());
    await first.runtime.processes
      .start('OrderProcess', new Order('1', 0))
      .then((handle) => handle.result().catch(() => 0));
    first.runtime.crash();
    const writes = counted.commits;
    expect(writes).toBeGreaterThan(6);
    for (const applied of [false, true]) {
      for (let crashAt = 1; crashAt < writes; crashAt++) {
        const store = new MemoryStore({ mode: 'copy' });
        const world = brokenThenRefused();
        const dying = new FaultyStore(store);
        dying.crashAfter(crashAt, { applied });
        const victim = node(dying, world);
        const started = victim.runtime.processes
          .start('OrderProcess', new Order('1', 0))
          .then((handle) => handle.result());
        let answered = false;
        started.catch(() => undefined).finally(() => (answered = true));
        while (!dying.crashed && !answered) await new Promise((resolve) => setTimeout(resolve, 1));
        victim.runtime.crash();
        const heir = node(store, world);
        // Retries come by the clock, so the last writes may have gone together.
        expect(['claimed', 'final']).toContain(await heir.runtime.engine.claim(ID, 'expired'));
        await expect(heir.runtime.engine.result(ID)).rejects.toMatchObject({ cause: { code: 'NO' } });
        heir.runtime.crash();
        expect({ crashAt, undone: await undone(store) }).toEqual({ crashAt, undone: ['charge:1', 'reserve:1'] });
        expect(world.log).toContain('undo charge 1 12 undefined unknown');
      }
    }
  });

  it('leaves a step alone that failed with a plain refusal, or that asks to be undone only when completed', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const world = new World().fail('finish', new Error('broken'));
    const { runtime } = node(store, world);
    await (await runtime.processes.start('OrderProcess', new Order('1', 0))).result().catch(() => undefined);
    expect(world.log).not.toContain('undo finish');
    const refused = new World().fail('charge', refusal());
    const other = node(new MemoryStore({ mode: 'copy' }), refused);
    await (await other.runtime.processes.start('OrderProcess', new Order('1', 0))).result().catch(() => undefined);
    expect(refused.log.filter((line) => line.startsWith('undo'))).toEqual(['undo reserve 1 reserve! completed']);
    runtime.crash();
    other.runtime.crash();
  });

  it('retries a compensation, parks the run when it gives up, and does what the operator decides', async () => {
    const decide = async (decision: 'retry' | 'skip' | 'done') => {
      const store = new MemoryStore({ mode: 'copy' });
      const world = new World().fail('finish', refusal()).plan('undo charge', () => {
        throw new Error('gateway is down');
      });
      const { runtime } = node(store, world);
      const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
      await expect(handle.result()).rejects.toMatchObject({
        code: 'CATGA_PROCESS_PARKED',
        status: 'compensation-stuck',
      });
      expect(world.count('undo charge 1 12 charge! completed')).toBe(3);
      expect(world.log).not.toContain('undo reserve 1 reserve! completed');
      expect(await runtime.processes.get(ID)).toMatchObject({ status: 'compensation-stuck' });
      await expect(runtime.processes.decideCompensation(ID, 'reserve', 'done')).rejects.toMatchObject({
        code: 'CATGA_PROCESS_CONFLICT',
      });
      await expect(runtime.processes.decideCompensation(ID, 'nothing', 'done')).rejects.toMatchObject({
        code: 'CATGA_PROCESS_STEP_NOT_FOUND',
      });
      world.heal();
      const outcome = runtime.engine.result(ID).catch((error: unknown) => error);
      await runtime.processes.decideCompensation(ID, 'charge', decision, { by: 'ada' });
      // The decision is final: a second one comes too late.
      await expect(runtime.processes.decideCompensation(ID, 'charge', decision)).rejects.toMatchObject({
        code: 'CATGA_PROCESS_CONFLICT',
      });
      await outcome;
      while ((await statusOf(store)) !== 'failed') await new Promise((resolve) => setTimeout(resolve, 5));
      const { steps } = await runtime.processes.get(ID);
      runtime.crash();
      return {
        calls: world.count('undo charge 1 12 charge! completed'),
        charge: steps.find((s) => s.name === 'charge')?.status,
      };
    };
    expect(await decide('retry')).toEqual({ calls: 4, charge: 'compensated' });
    expect(await decide('skip')).toEqual({ calls: 3, charge: 'compensation-skipped' });
    expect(await decide('done')).toEqual({ calls: 3, charge: 'compensated' });
  });

  it('undoes a cancelled run, or leaves it as it is when asked to', async () => {
    for (const compensate of [true, false]) {
      const store = new MemoryStore({ mode: 'copy' });
      const world = new World();
      const held = world.hold('charge');
      const { runtime } = node(store, world);
      const handle = await runtime.processes.start('OrderProcess', new Order('1', 1));
      const result = handle.result().catch((error: unknown) => error);
      await held.begun;
      await handle.cancel({ compensate, reason: 'changed my mind', by: 'ada' });
      held.release();
      expect(await result).toMatchObject({ code: 'CATGA_PROCESS_CANCELLED', reason: 'changed my mind' });
      expect(await undone(store)).toEqual(compensate ? ['charge:1', 'ship:1', 'reserve:1'] : []);
      expect(await statusOf(store)).toBe('cancelled');
      await expect(handle.cancel()).rejects.toMatchObject({ code: 'CATGA_PROCESS_CONFLICT' });
      expect(world.log).not.toContain('finish reserve!');
      runtime.crash();
    }
  });
});

describe('a store that is away', () => {
  it('delays a run and never undoes it, however often its commits fail', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const faulty = new FaultyStore(store);
    const world = new World();
    const held = world.hold('charge');
    const { runtime } = node(faulty, world);
    const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
    await held.begun;
    faulty.failNext(3);
    held.release();
    await expect(handle.result()).resolves.toBe('reserve!');
    expect(world.log.some((line) => line.startsWith('undo'))).toBe(false);
    expect(world.count('charge 1 12')).toBe(1);
    runtime.crash();
  });

  it('writes nothing twice when a commit was applied and only its answer was lost', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const faulty = new FaultyStore(store);
    const world = new World();
    const held = world.hold('charge');
    const { runtime } = node(faulty, world);
    const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
    await held.begun;
    faulty.failNext(1, undefined, { applied: true });
    held.release();
    await handle.result();
    const types = (await store.readStream(`process-${ID}`)).map((event) => `${event.type} ${event.metadata as string}`);
    expect(new Set(types).size).toBe(types.length);
    runtime.crash();
  });

  it('is not taken for a failure of the step that meets it', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const away = new StoreUnavailableError('disk-full', 'The disk is full.');
    const world = new World().fail('charge', away, away, away, away, away);
    const { runtime, warnings } = node(store, world);
    const handle = await runtime.processes.start('OrderProcess', new Order('1', 0));
    await expect(handle.result()).resolves.toBe('reserve!');
    expect(world.count('charge 1 12')).toBe(6);
    expect(await runtime.processes.get(ID)).toMatchObject({ status: 'completed' });
    expect((await runtime.processes.get(ID)).steps.find((step) => step.name === 'charge')?.attempts).toBe(1);
    expect(warnings.join()).toContain('nothing is undone');
    runtime.crash();
  }, 20_000);

  it('fails a start at once, begins nothing, and finds the run later if it was written after all', async () => {
    const store = new MemoryStore({ mode: 'copy' });
    const faulty = new FaultyStore(store);
    const world = new World();
    const { runtime } = node(faulty, world);
    faulty.failNext(1);
    await expect(runtime.processes.start('OrderProcess', new Order('1', 0))).rejects.toMatchObject({
      kind: 'infrastructure',
    });
    expect(world.log).toEqual([]);
    faulty.failNext(1, undefined, { applied: true });
    await expect(runtime.processes.start('OrderProcess', new Order('1', 0))).rejects.toMatchObject({
      kind: 'infrastructure',
    });
    await runtime.engine.settleDoubts();
    await expect(runtime.engine.result(ID)).resolves.toBe('reserve!');
    expect(world.count('reserve 1')).toBe(1);
    runtime.crash();
  });
});
