import fc from 'fast-check';
import {
  Aggregate,
  AggregateRoot,
  Aggregates,
  defineDecider,
  DomainError,
  Event,
  EventLog,
  EventRegistry,
  everyEvents,
  JsonCodec,
  On,
  SnapshotService,
  type AggregateRepository,
  type Store,
} from '@catga/core';
import { closeStores, openStore, STORES } from './support/stores.js';

@Event('property.deposited')
class Deposited {
  constructor(
    readonly account: string,
    readonly amount: bigint,
  ) {}
}

@Event('property.withdrawn')
class Withdrawn {
  constructor(
    readonly account: string,
    readonly amount: bigint,
    readonly on: Date,
  ) {}
}

@Event('property.renamed')
class Renamed {
  constructor(readonly owner: { readonly first: string; readonly tags: readonly string[] }) {}
}

/** A state with what JSON alone would lose, changed in place. */
@Aggregate('wallet')
class Wallet extends AggregateRoot {
  readonly balances = new Map<string, bigint>();
  lastWithdrawal: Date | undefined = undefined;
  owner: { readonly first: string; readonly tags: readonly string[] } = { first: '', tags: [] };
  readonly log: string[] = [];

  deposit(account: string, amount: bigint): void {
    this.raise(new Deposited(account, amount));
  }

  withdraw(account: string, amount: bigint, on: Date): void {
    if ((this.balances.get(account) ?? 0n) < amount) throw new DomainError('not enough');
    this.raise(new Withdrawn(account, amount, on));
  }

  rename(first: string): void {
    this.raise(new Renamed({ first, tags: [first, `was ${this.owner.first}`] }));
  }

  @On(Deposited) protected deposited({ account, amount }: Deposited): void {
    this.balances.set(account, (this.balances.get(account) ?? 0n) + amount);
    this.log.push(`+${amount}`);
  }

  @On(Withdrawn) protected withdrawn({ account, amount, on }: Withdrawn): void {
    this.balances.set(account, (this.balances.get(account) ?? 0n) - amount);
    this.lastWithdrawal = on;
  }

  @On(Renamed) protected renamed({ owner }: Renamed): void {
    this.owner = owner;
  }
}

@Aggregate('snapWallet', { snapshots: { when: everyEvents(3) } })
class SnapWallet extends Wallet {}

@Aggregate('eachWallet', { snapshots: { when: everyEvents(1) } })
class EachWallet extends Wallet {}

const tally = defineDecider<{ readonly sums: readonly bigint[] }, bigint, Deposited>({
  name: 'tally',
  events: [Deposited],
  snapshots: { when: everyEvents(4) },
  initialState: () => ({ sums: [] }),
  decide: (amount) => new Deposited('a', amount),
  evolve: ({ sums }, { amount }) => ({ sums: [...sums, (sums.at(-1) ?? 0n) + amount] }),
});

type Command =
  | { readonly kind: 'deposit'; readonly account: string; readonly amount: number }
  | { readonly kind: 'withdraw'; readonly account: string; readonly amount: number }
  | { readonly kind: 'rename'; readonly name: string };

/** What a client does next to an aggregate. */
type Action =
  /** Load, change, save by `update`. */
  | { readonly how: 'update'; readonly id: string; readonly commands: readonly Command[] }
  /** Several updates at once. */
  | { readonly how: 'together'; readonly id: string; readonly commands: readonly Command[] }
  /** Change and save the same object, again and again; it conflicts when others were there since. */
  | { readonly how: 'keep'; readonly id: string; readonly commands: readonly Command[] }
  /** A new application on the same store. */
  | { readonly how: 'restart' };

// One store serves all runs: opening one costs more than a run. Each run has ids of its own.
let runs = 0;
const id = fc.constantFrom('1', '2');
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('deposit' as const), account: fc.constantFrom('a', 'b'), amount: fc.nat(9) }),
  fc.record({ kind: fc.constant('withdraw' as const), account: fc.constantFrom('a', 'b'), amount: fc.nat(9) }),
  fc.record({ kind: fc.constant('rename' as const), name: fc.constantFrom('ada', '', 'é"\\') }),
);
const commands = fc.array(command, { minLength: 1, maxLength: 4 });
const action: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ how: fc.constant('update' as const), id, commands }),
  fc.record({ how: fc.constant('together' as const), id, commands }),
  fc.record({ how: fc.constant('keep' as const), id, commands }),
  fc.record({ how: fc.constant('restart' as const) }),
);

function run(wallet: Wallet, step: Command): void {
  switch (step.kind) {
    case 'deposit':
      return wallet.deposit(step.account, BigInt(step.amount));
    case 'withdraw':
      return wallet.withdraw(step.account, BigInt(step.amount), new Date(step.amount));
    case 'rename':
      return wallet.rename(step.name);
  }
}

/** Runs a command; a rule that says no changes nothing. */
function attempt(wallet: Wallet, step: Command): void {
  try {
    run(wallet, step);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
}

class World {
  private readonly kept = new Map<string, Wallet>();
  private app!: { log: EventLog; aggregates: Aggregates; snapshots: SnapshotService };
  /** Events that clients were told are stored, by id, in any order. */
  readonly acknowledged = new Map<string, object[]>();

  constructor(
    private readonly store: Store,
    private readonly type: new (id: string) => Wallet,
    private readonly run: number,
  ) {
    this.start();
  }

  get repository(): AggregateRepository<Wallet> {
    return this.app.aggregates.repository(this.type);
  }

  start(): void {
    const codec = new JsonCodec();
    const log = new EventLog(this.store, new EventRegistry(this.store, { codec }));
    const warn = (message: string): never => {
      throw new Error(message);
    };
    const snapshots = new SnapshotService({ store: this.store, codec, warn });
    this.app = { log, snapshots, aggregates: new Aggregates(log, snapshots) };
    this.kept.clear();
  }

  async act(next: Action): Promise<void> {
    if (next.how === 'restart') {
      await this.app.snapshots.drain();
      return this.start();
    }
    const name = this.nameOf(next.id);
    if (next.how === 'update') return this.update(name, next.commands);
    if (next.how === 'keep') return this.keep(name, next.commands);
    await Promise.all(next.commands.map((step) => this.update(name, [step])));
  }

  async check(ofRun: string): Promise<void> {
    const name = this.nameOf(ofRun);
    await this.app.snapshots.drain();
    const events = (await this.app.log.read(this.repository.streamOf(name))).map(({ event }) => event);
    const folded = new this.type(name);
    folded.loadFromHistory(events);
    const loaded = (await this.repository.find(name)) ?? new this.type(name);
    expect(loaded.version).toBe(events.length);
    expect(loaded.toSnapshot()).toStrictEqual(folded.toSnapshot());
    // Nothing that was acknowledged is missing, nothing is there that nobody saved.
    const texts = (list: readonly object[]): string[] =>
      list.map((event) => new JsonCodec().encode({ ...event })).sort();
    expect(texts(events)).toEqual(texts(this.acknowledged.get(name) ?? []));
  }

  private async update(name: string, steps: readonly Command[]): Promise<void> {
    const raised = await this.repository.updateOrCreate(name, (wallet) => {
      for (const step of steps) attempt(wallet, step);
      return wallet.uncommittedEvents.slice();
    });
    this.note(name, raised);
  }

  private async keep(name: string, steps: readonly Command[]): Promise<void> {
    const wallet = this.kept.get(name) ?? (await this.repository.find(name)) ?? new this.type(name);
    this.kept.set(name, wallet);
    for (const step of steps) {
      attempt(wallet, step);
      const raised = wallet.uncommittedEvents.slice();
      try {
        await this.repository.save(wallet);
        this.note(name, raised);
      } catch (error) {
        expect(error).toMatchObject({ code: 'CATGA_VERSION_CONFLICT' });
        this.kept.delete(name);
        return;
      }
    }
  }

  private nameOf(ofRun: string): string {
    return `${this.run}.${ofRun}`;
  }

  private note(name: string, events: readonly object[]): void {
    this.acknowledged.set(name, [...(this.acknowledged.get(name) ?? []), ...events]);
  }
}

afterAll(closeStores);

describe.each(STORES)('aggregates on $name', (kind) => {
  let store: Store;

  beforeAll(async () => {
    store = await openStore(kind);
  });

  it.each([
    ['without snapshots', Wallet],
    ['with a snapshot every three events', SnapWallet],
    ['with a snapshot at every save', EachWallet],
  ])('are, whatever is done to them, what their events give (%s)', async (_, type) => {
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
        const world = new World(store, type, ++runs);
        for (const next of actions) await world.act(next);
        for (const name of ['1', '2']) await world.check(name);
      }),
      { numRuns: 12 },
    );
  });

  it('are served by deciders just as well', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.bigInt(-9n, 9n), { minLength: 1, maxLength: 4 }), { maxLength: 6 }),
        async (rounds) => {
          const name = `${++runs}`;
          const codec = new JsonCodec();
          const log = new EventLog(store, new EventRegistry(store, { codec }));
          const snapshots = new SnapshotService({ store, codec, warn: (message) => expect(message).toBe('') });
          const tallies = new Aggregates(log, snapshots).decider(tally);
          for (const round of rounds) {
            const decisions = await Promise.all(round.map((amount) => tallies.handle(name, amount)));
            for (const { state, version } of decisions) expect(state.sums).toHaveLength(version);
          }
          await snapshots.drain();
          const amounts = (await log.read<Deposited>(`tally-${name}`)).map(({ event }) => event.amount);
          expect(amounts.map(String).sort()).toEqual(rounds.flat().map(String).sort());
          const { state } = await tallies.state(name);
          let sum = 0n;
          expect(state.sums).toEqual(amounts.map((amount) => (sum += amount)));
        },
      ),
      { numRuns: 8 },
    );
  });
});
