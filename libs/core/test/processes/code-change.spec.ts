import 'reflect-metadata';
import { ProcessContext } from '../../src/processes/api/process-context.js';
import { ProcessParkedError, ProcessUnknownError } from '../../src/processes/api/process.errors.js';
import { CatgaProcess, ProcessStep } from '../../src/processes/decorators/index.js';
import { defaultCodec } from '../../src/processes/journal/default-codec.js';
import { crashAllNodes, settle, SharedStore, TestNode, World, type ProcessClass } from './support/nodes.js';

class Travel {
  constructor(
    readonly id: string,
    readonly amount = 1,
    readonly stops: readonly string[] = [],
  ) {}
}
const ID = 'Trip:1';

/** What all versions share: what their steps do. */
abstract class Steps {
  constructor(
    readonly world: World,
    readonly context: ProcessContext,
  ) {}
}

/** The version that was deployed first. */
@CatgaProcess(Travel, { name: 'Trip' })
class Original extends Steps {
  async execute(command: Travel) {
    const flight = await this.flight(command.amount);
    const hotel = await this.hotel(flight);
    return `${flight} ${hotel} ${await this.car(hotel)}`;
  }
  async flight(amount: number) {
    return this.world.act('flight', amount);
  }
  async hotel(after: string) {
    return this.world.act('hotel', after);
  }
  async car(after: string) {
    return this.world.act('car', after);
  }
  async compensateFlight(amount: number, result: string, outcome: string) {
    await this.world.act('undo flight', amount, result, outcome);
  }
}

/** A version that fits no journal of the others. */
@CatgaProcess(Travel, { name: 'Trip' })
class Broken extends Steps {
  async execute() {
    return this.hotel('nothing');
  }
  async hotel(after: string) {
    return this.world.act('hotel', after);
  }
}

let store: SharedStore;
let world: World;

beforeEach(() => {
  store = new SharedStore();
  world = new World();
});
afterEach(crashAllNodes);

/** Runs a version until a step is under way, then kills its node; what was done so far is forgotten from the log. */
async function stopIn(version: ProcessClass, step: string, command = new Travel('1')): Promise<void> {
  const reached = world.hang(step);
  const node = await new TestNode(store, world, [version]).start();
  await node.processes.start('Trip', command);
  await reached;
  await settle();
  node.crash();
  world.heal();
  world.log.length = 0;
}

/** A node with that version takes the run over. */
async function goOnWith(version: ProcessClass): Promise<TestNode> {
  const node = new TestNode(store, world, [version]);
  await node.runtime.start();
  expect(await node.engine.claim(ID, 'expired')).toBe('claimed');
  return node;
}

/** The run is parked with this explanation, has had no effect, and nothing is undone. */
async function expectDiverged(node: TestNode, ...explanation: readonly (string | RegExp)[]): Promise<void> {
  await expect(node.engine.result(ID)).rejects.toThrow(ProcessParkedError);
  const details = await node.processes.get(ID);
  expect(details.status).toBe('diverged');
  for (const part of explanation) expect(details.explanation).toMatch(part);
  expect(details.explanation).toMatch(/formerly.*patched\(id\)/s);
  expect(world.log).toEqual([]);
  expect((await node.journal(ID)).at(-1)).toBe('Suspended diverged');
}

describe('an inserted step', () => {
  @CatgaProcess(Travel, { name: 'Trip' })
  class Inserted extends Steps {
    async execute(command: Travel) {
      const flight = await this.flight(command.amount);
      await this.visa(flight);
      const hotel = await this.hotel(flight);
      return `${flight} ${hotel} ${await this.car(hotel)}`;
    }
    async flight(amount: number) {
      return this.world.act('flight', amount);
    }
    async visa(after: string) {
      return this.world.act('visa', after);
    }
    async hotel(after: string) {
      return this.world.act('hotel', after);
    }
    async car(after: string) {
      return this.world.act('car', after);
    }
  }

  it('is done by a run that has not come to its place', async () => {
    await stopIn(Original, 'flight');
    const node = await goOnWith(Inserted);
    expect(await node.engine.result(ID)).toBe('flight! hotel! car!');
    expect(world.log).toEqual(['flight 1', 'visa flight!', 'hotel flight!', 'car hotel!']);
  });

  it('parks a run that was just at the step behind it', async () => {
    await stopIn(Original, 'hotel');
    await expectDiverged(await goOnWith(Inserted), 'a start of step "hotel:1"', 'step "visa:1" instead');
  });

  it('parks a run that is past its place', async () => {
    await stopIn(Original, 'car');
    await expectDiverged(await goOnWith(Inserted), 'the end of step "hotel:1"', 'step "visa:1" instead');
  });
});

describe('a removed step', () => {
  @CatgaProcess(Travel, { name: 'Trip' })
  class Removed extends Steps {
    async execute(command: Travel) {
      const flight = await this.flight(command.amount);
      return `${flight} ${await this.car(flight)}`;
    }
    async flight(amount: number) {
      return this.world.act('flight', amount);
    }
    async car(after: string) {
      return this.world.act('car', after);
    }
  }

  it('is left out by a run that has not come to it', async () => {
    await stopIn(Original, 'flight');
    const node = await goOnWith(Removed);
    expect(await node.engine.result(ID)).toBe('flight! car!');
    expect(world.log).toEqual(['flight 1', 'car flight!']);
  });

  it('parks a run that was at it', async () => {
    await stopIn(Original, 'hotel');
    await expectDiverged(await goOnWith(Removed), 'a start of step "hotel:1"', 'step "car:1" instead');
  });

  it('parks a run that is past it: the next step would be called with other arguments', async () => {
    await stopIn(Original, 'car');
    await expectDiverged(await goOnWith(Removed), 'step "car:1" with ["hotel!"]', 'it with ["flight!"]');
  });

  it('parks a run whose code now ends before what is recorded', async () => {
    @CatgaProcess(Travel, { name: 'Trip' })
    class Shorter extends Steps {
      async execute(command: Travel) {
        return this.flight(command.amount);
      }
      async flight(amount: number) {
        return this.world.act('flight', amount);
      }
    }
    await stopIn(Original, 'car');
    await expectDiverged(await goOnWith(Shorter), 'step "hotel:1"', 'end instead');
  });
});

describe('a renamed step', () => {
  @CatgaProcess(Travel, { name: 'Trip' })
  class Renamed extends Steps {
    async execute(command: Travel) {
      const flight = await this.bookFlight(command.amount);
      const hotel = await this.hotel(flight);
      return `${flight} ${hotel} ${await this.car(hotel)}`;
    }
    @ProcessStep({ formerly: 'flight' })
    async bookFlight(amount: number) {
      return this.world.act('bookFlight', amount);
    }
    async compensateBookFlight(amount: number, result: string, outcome: string) {
      await this.world.act('undo bookFlight', amount, result, outcome);
    }
    async hotel(after: string) {
      return this.world.act('hotel', after);
    }
    async car(after: string) {
      return this.world.act('car', after);
    }
  }

  @CatgaProcess(Travel, { name: 'Trip' })
  class RenamedSilently extends Steps {
    async execute(command: Travel) {
      return this.bookFlight(command.amount);
    }
    async bookFlight(amount: number) {
      return this.world.act('bookFlight', amount);
    }
  }

  it.each(['hotel', 'car'])(
    'keeps its result under its new name when it says how it was called: stopped in %s',
    async (step) => {
      await stopIn(Original, step);
      const node = await goOnWith(Renamed);
      expect(await node.engine.result(ID)).toBe('flight! hotel! car!');
      expect(world.log).not.toContain('bookFlight 1');
    },
  );

  it('is called again with the same key when it was under way', async () => {
    await stopIn(Original, 'flight');
    const node = await goOnWith(Renamed);
    expect(await node.engine.result(ID)).toBe('bookFlight! hotel! car!');
    const [flight] = (await node.processes.get(ID)).steps;
    expect(flight).toMatchObject({ name: 'bookFlight', attempts: 2, status: 'completed' });
  });

  it('is undone by the compensation of its new name', async () => {
    await stopIn(Original, 'hotel');
    world.fail('hotel', new Error('full'), new Error('full'), new Error('full'));
    const node = await goOnWith(Renamed);
    await expect(node.engine.result(ID)).rejects.toThrow('full');
    expect(world.log.at(-1)).toBe('undo bookFlight 1 flight! completed');
  });

  it('parks the run when it does not', async () => {
    await stopIn(Original, 'hotel');
    await expectDiverged(await goOnWith(RenamedSilently), 'the end of step "flight:1"', 'step "bookFlight:1" instead');
  });
});

describe('a change of order, arguments or branches', () => {
  @CatgaProcess(Travel, { name: 'Trip' })
  class Reordered extends Steps {
    async execute(command: Travel) {
      const hotel = await this.hotel('first');
      return `${hotel} ${await this.flight(command.amount)}`;
    }
    async flight(amount: number) {
      return this.world.act('flight', amount);
    }
    async hotel(after: string) {
      return this.world.act('hotel', after);
    }
  }

  @CatgaProcess(Travel, { name: 'Trip' })
  class Doubled extends Steps {
    async execute(command: Travel) {
      const flight = await this.flight(command.amount * 2);
      const hotel = await this.hotel(flight);
      return `${flight} ${hotel} ${await this.car(hotel)}`;
    }
    async flight(amount: number) {
      return this.world.act('flight', amount);
    }
    async hotel(after: string) {
      return this.world.act('hotel', after);
    }
    async car(after: string) {
      return this.world.act('car', after);
    }
  }

  abstract class Branching extends Steps {
    async cheap() {
      return this.world.act('cheap');
    }
    async dear() {
      return this.world.act('dear');
    }
    async rest() {
      return this.world.act('rest');
    }
  }
  @CatgaProcess(Travel, { name: 'Trip' })
  class Limit100 extends Branching {
    async execute(command: Travel) {
      if (command.amount > 100) await this.dear();
      else await this.cheap();
      return this.rest();
    }
  }
  @CatgaProcess(Travel, { name: 'Trip' })
  class Limit10 extends Branching {
    async execute(command: Travel) {
      if (command.amount > 10) await this.dear();
      else await this.cheap();
      return this.rest();
    }
  }

  it('parks a run whose steps now come in another order', async () => {
    await stopIn(Original, 'hotel');
    await expectDiverged(await goOnWith(Reordered), 'step "hotel:1" with ["flight!"]', 'it with ["first"]');
  });

  it.each(['flight', 'hotel', 'car'])(
    'parks a run that has called the step with other arguments: stopped in %s',
    async (step) => {
      await stopIn(Original, step);
      await expectDiverged(await goOnWith(Doubled), 'step "flight:1" with [1]', 'it with [2]');
    },
  );

  it('parks a run that took the other branch', async () => {
    await stopIn(Limit100, 'rest', new Travel('1', 50));
    await expectDiverged(await goOnWith(Limit10), 'the end of step "cheap:1"', 'step "dear:1" instead');
  });

  it('does not touch a run that takes the same branch either way', async () => {
    await stopIn(Limit100, 'rest', new Travel('1', 5));
    const node = await goOnWith(Limit10);
    expect(await node.engine.result(ID)).toBe('rest!');
    expect(world.log).toEqual(['rest']);
  });
});

describe('a loop over a list that has changed', () => {
  abstract class Tour extends Steps {
    async pay(stops: number) {
      return this.world.act('pay', stops);
    }
  }
  @CatgaProcess(Travel, { name: 'Trip' })
  class Forwards extends Tour {
    async execute(command: Travel) {
      for (const stop of command.stops) await this.visit(stop);
      return this.pay(command.stops.length);
    }
    @ProcessStep({ key: (stop: string) => stop })
    async visit(stop: string) {
      return this.world.act('visit', stop);
    }
  }
  @CatgaProcess(Travel, { name: 'Trip' })
  class Sorted extends Tour {
    async execute(command: Travel) {
      await Promise.all(command.stops.toSorted().map((stop) => this.visit(stop)));
      return this.pay(command.stops.length);
    }
    @ProcessStep({ key: (stop: string) => stop })
    async visit(stop: string) {
      return this.world.act('visit', stop);
    }
  }

  it('finds the results by key, in whatever order it asks', async () => {
    await stopIn(Forwards, 'pay', new Travel('1', 1, ['c', 'a', 'b']));
    const node = await goOnWith(Sorted);
    expect(await node.engine.result(ID)).toBe('pay!');
    expect(world.log).toEqual(['pay 3']);
  });
});

describe('patched(id)', () => {
  @CatgaProcess(Travel, { name: 'Trip' })
  class Patched extends Steps {
    async execute(command: Travel) {
      const flight = await this.flight(command.amount);
      if (this.context.patched('visa')) await this.visa(flight);
      const hotel = await this.hotel(flight);
      return `${flight} ${hotel} ${await this.car(hotel)}`;
    }
    async flight(amount: number) {
      return this.world.act('flight', amount);
    }
    async visa(after: string) {
      return this.world.act('visa', after);
    }
    async hotel(after: string) {
      return this.world.act('hotel', after);
    }
    async car(after: string) {
      return this.world.act('car', after);
    }
  }

  it.each([
    ['flight', true],
    ['hotel', false],
    ['car', false],
  ])('of a run of the old code that was stopped in %s is %s', async (step, value) => {
    await stopIn(Original, step);
    const node = await goOnWith(Patched);
    expect(await node.engine.result(ID)).toBe('flight! hotel! car!');
    expect(world.log.includes('visa flight!')).toBe(value);
  });

  it.each(['visa', 'hotel', 'car'])('stays true for a run of the new code that was stopped in %s', async (step) => {
    await stopIn(Patched, step);
    const node = await goOnWith(Patched);
    expect(await node.engine.result(ID)).toBe('flight! hotel! car!');
    expect(await node.journal(ID)).toContain('StepCompleted visa:1');
    expect((await node.journal(ID)).filter((line) => line === 'Patched')).toHaveLength(1);
  });

  it('stays false for a run of the old code, also after the next crash', async () => {
    await stopIn(Original, 'hotel');
    const reached = world.hang('car');
    const node = await goOnWith(Patched);
    await reached;
    node.crash();
    world.heal();
    const next = await goOnWith(Patched);
    expect(await next.engine.result(ID)).toBe('flight! hotel! car!');
    expect(world.log.join()).not.toContain('visa');
  });
});

describe('a diverged run', () => {
  it('goes on where it was when an operator retries it with the code it was recorded with', async () => {
    await stopIn(Original, 'car');
    const broken = await goOnWith(Broken);
    await expectDiverged(broken);
    broken.crash();
    const node = await new TestNode(store, world, [Original]).start();
    expect((await node.processes.get(ID)).status).toBe('diverged');
    await node.processes.retry(ID, { by: 'ann', reason: 'code is back' });
    expect(await node.engine.result(ID)).toBe('flight! hotel! car!');
    expect(world.log).toEqual(['car hotel!']);
    expect(await node.processes.events(ID)).toContainEqual(
      expect.objectContaining({
        type: 'ProcessClaimed',
        data: expect.objectContaining({ by: 'ann', reason: 'operator' }) as object,
      }),
    );
  });

  it('is parked again when the code still does not fit', async () => {
    await stopIn(Original, 'car');
    const node = await goOnWith(Broken);
    await expectDiverged(node);
    await node.processes.retry(ID);
    await expectDiverged(node);
  });

  it('is taken by no node by itself', async () => {
    await stopIn(Original, 'car');
    const broken = await goOnWith(Broken);
    await expectDiverged(broken);
    broken.crash();
    const node = await new TestNode(store, world, [Original]).start();
    expect(await node.engine.claim(ID, 'expired')).toBe('parked');
    expect((await node.processes.get(ID)).status).toBe('diverged');
  });

  it('can be cancelled: what it has done is undone', async () => {
    await stopIn(Original, 'hotel');
    const broken = await goOnWith(Broken);
    await expectDiverged(broken);
    broken.crash();
    const node = await new TestNode(store, world, [Original]).start();
    await node.processes.cancel(ID, { by: 'ann', reason: 'given up' });
    await expect(node.engine.result(ID)).rejects.toThrow('given up');
    expect(world.log).toEqual(['undo flight 1 flight! completed']);
  });
});

describe('a codec that has changed', () => {
  class Money {
    constructor(readonly cents: number) {}
    plus(more: number): Money {
      return new Money(this.cents + more);
    }
  }
  @CatgaProcess(Travel, { name: 'Trip' })
  class Priced extends Steps {
    async execute(command: Travel) {
      const price = await this.price(command.amount);
      return this.charge(price.plus(1).cents);
    }
    async price(amount: number) {
      await this.world.act('price', amount);
      return new Money(amount);
    }
    async charge(cents: number) {
      return this.world.act('charge', cents);
    }
  }
  const knowing = (): TestNode => new TestNode(store, world, [Priced], { codec: defaultCodec().registerType(Money) });

  it('parks a run whose values it cannot read, and the run goes on when it can', async () => {
    const reached = world.hang('charge');
    const node = await knowing().start();
    await node.processes.start('Trip', new Travel('1', 5));
    await reached;
    node.crash();
    world.heal().log.length = 0;
    const forgetful = await goOnWith(Priced);
    await expect(forgetful.engine.result(ID)).rejects.toThrow(ProcessParkedError);
    expect(await forgetful.processes.status(ID)).toMatchObject({
      status: 'diverged',
      explanation: expect.stringContaining('Money') as string,
    });
    expect(world.log).toEqual([]);
    forgetful.crash();
    const next = await knowing().start();
    await next.processes.retry(ID);
    expect(await next.engine.result(ID)).toBe('charge!');
    expect(world.log).toEqual(['charge 6']);
  });

  it('parks a run whose command it cannot read', async () => {
    const reached = world.hang('price');
    const node = await knowing().start();
    await node.processes.start('Trip', { id: '1', amount: 5, stops: [new Money(1)] });
    await reached;
    node.crash();
    world.heal().log.length = 0;
    const forgetful = await goOnWith(Priced);
    await expect(forgetful.engine.result(ID)).rejects.toThrow(ProcessParkedError);
    expect(world.log).toEqual([]);
  });

  it('parks a run whose fresh result it cannot read back, and does not call the step again', async () => {
    const withDecoder = (decode: (cents: number) => Money): TestNode =>
      new TestNode(store, world, [Priced], {
        codec: defaultCodec().registerType(Money, { encode: (money) => money.cents, decode }),
      });
    const node = await withDecoder(() => {
      throw new Error('no such currency');
    }).start();
    await node.processes.start('Trip', new Travel('1', 5));
    await expect(node.engine.result(ID)).rejects.toThrow('no such currency');
    expect((await node.journal(ID)).at(-1)).toBe('Suspended diverged');
    node.crash();
    const next = await withDecoder((cents) => new Money(cents)).start();
    await next.processes.retry(ID);
    expect(await next.engine.result(ID)).toBe('charge!');
    expect(world.log).toEqual(['price 5', 'charge 6']);
  });
});

describe('a node without the class', () => {
  @CatgaProcess(Travel, { name: 'Other' })
  class Other extends Steps {
    async execute() {
      return this.work();
    }
    async work() {
      return this.world.act('work');
    }
  }

  it('leaves the run to others, and says so to an operator', async () => {
    await stopIn(Original, 'hotel');
    const without = await new TestNode(store, world, [Other]).start();
    expect(await without.engine.claim(ID, 'expired')).toBe('not-here');
    await expect(without.processes.retry(ID)).rejects.toThrow('it is running');
    expect((await without.processes.get(ID)).status).toBe('running');
    const node = await goOnWith(Original);
    expect(await node.engine.result(ID)).toBe('flight! hotel! car!');
  });

  it('cannot retry a parked run', async () => {
    await stopIn(Original, 'hotel');
    const without = await new TestNode(store, world, [Other]).start();
    await expectDiverged(await goOnWith(Broken));
    await expect(without.processes.retry(ID)).rejects.toThrow(ProcessUnknownError);
    expect((await without.processes.get(ID)).status).toBe('diverged');
  });
});
