import { Aggregate, AggregateRoot, defineDecider, DomainError, On } from '@catga/core';
import { forAggregate, forDecider, ScenarioError } from '@catga/testing';

class Opened {
  constructor(readonly limit: number) {}
}
class Withdrawn {
  constructor(readonly amount: number) {}
}

@Aggregate('account')
class Account extends AggregateRoot {
  balance = 0;
  visits = 0;

  static open(id: string, limit: number): Account {
    const account = new Account(id);
    account.raise(new Opened(limit));
    return account;
  }
  withdraw(amount: number): void {
    if (amount > this.balance) throw new DomainError(`only ${this.balance} left`);
    this.raise(new Withdrawn(amount));
  }
  async withdrawLater(amount: number): Promise<string> {
    await Promise.resolve();
    this.withdraw(amount);
    return 'done';
  }
  withdrawTwice(amount: number): void {
    this.withdraw(amount);
    this.withdraw(amount);
  }
  visit(): void {
    this.visits++;
  }
  @On(Opened) protected opened(event: Opened): void {
    this.balance = event.limit;
  }
  @On(Withdrawn) protected withdrawn(event: Withdrawn): void {
    this.balance -= event.amount;
  }
}

const account = forAggregate(Account).given(new Opened(100));

describe('scenarios of aggregates', () => {
  it('pass when the events are the expected ones', () => {
    account.when((it) => it.withdraw(60)).then(new Withdrawn(60));
    account
      .given(new Withdrawn(50))
      .when((it) => it.withdrawTwice(25))
      .then(new Withdrawn(25), new Withdrawn(25));
    account.when(() => undefined).thenNothing();
    forAggregate(Account)
      .when(() => Account.open('1', 5))
      .then(new Opened(5));
    account
      .when((it) => it.withdraw(60))
      .thenState((it) => {
        expect(it.balance).toBe(40);
        expect(it.id).toBe('1');
      });
  });

  it('fail with both lists when the events differ by value, class, order or number', () => {
    const withdraw = account.when((it) => it.withdraw(60));
    expect(() => withdraw.then(new Withdrawn(61))).toThrow(
      'Account "1" raised\n  Withdrawn { amount: 60 }\nand not\n  Withdrawn { amount: 61 }',
    );
    expect(() => withdraw.then({ amount: 60 })).toThrow(ScenarioError);
    expect(() => withdraw.thenNothing()).toThrow('and not\n  no event');
    expect(() => withdraw.then(new Withdrawn(60), new Withdrawn(60))).toThrow(ScenarioError);
  });

  it('tell errors by class, code and message, and refuse half-done commands', () => {
    const tooMuch = account.when((it) => it.withdraw(101));
    tooMuch.thenThrows(DomainError);
    tooMuch.thenThrows(/only 100 left/);
    expect(() => tooMuch.thenThrows(RangeError)).toThrow('only 100 left, and not with RangeError');
    expect(() => tooMuch.thenThrows('CATGA_OTHER')).toThrow('and not with CATGA_OTHER');
    expect(() => tooMuch.thenNothing()).toThrow('Account "1" failed with DomainError: only 100 left');
    expect(() => account.when((it) => it.withdraw(1)).thenThrows(DomainError)).toThrow('did not fail with DomainError');
    expect(() => account.when((it) => it.withdrawTwice(60)).thenThrows(DomainError)).toThrow(
      'Check every rule before the first event is raised',
    );
  });

  it('wait for commands that wait', async () => {
    await account.when((it) => it.withdrawLater(60)).then(new Withdrawn(60));
    await account.when((it) => it.withdrawLater(101)).thenThrows(DomainError);
    await expect(account.when((it) => it.withdrawLater(60)).thenNothing()).rejects.toThrow(ScenarioError);
    // Awaiting `when` would pass whatever came of it.
    await expect((async () => await (account.when((it) => it.withdraw(1)) as unknown))()).rejects.toThrow(
      'Await the result of .then',
    );
  });

  it('find a state that does not follow from the events', () => {
    expect(() => account.when((it) => it.visit()).thenNothing()).toThrow('is in a state that its events do not give');
  });
});

describe('scenarios of deciders', () => {
  const counter = defineDecider<{ n: number }, 'up' | 'down' | 'both', Withdrawn | Opened>({
    name: 'counter',
    events: [Withdrawn, Opened],
    initialState: () => ({ n: 0 }),
    decide: (command, { n }) => {
      if (command === 'both') return [new Opened(1), new Withdrawn(1)];
      if (command === 'up') return new Opened(1);
      if (n === 0) throw new DomainError('at zero');
      return new Withdrawn(1);
    },
    evolve: ({ n }, event) => ({ n: event instanceof Opened ? n + event.limit : n - event.amount }),
    isTerminal: ({ n }) => n === 3,
  });

  it('pass and fail as those of aggregates do', () => {
    forDecider(counter).when('up').then(new Opened(1));
    forDecider(counter)
      .given(new Opened(1))
      .when('both')
      .thenState((state) => expect(state).toEqual({ n: 1 }));
    forDecider(counter).when('down').thenThrows(DomainError);
    forDecider(counter).given(new Opened(3)).when('up').thenThrows('CATGA_DECIDER_ENDED');
    expect(() => forDecider(counter).when('both').then(new Opened(1))).toThrow(ScenarioError);
  });
});
