import { Event, On, Projection, readModel, type ProjectionContext } from '@catga/core';
import { forProjection } from '@catga/testing';

@Event('paid')
class Paid {
  constructor(
    readonly account: string,
    readonly amount: number,
  ) {}
}

const Balances = readModel<{ readonly sum: number }>('balances');

@Projection({ name: 'balances', models: [Balances] })
class BalanceList {
  @On(Paid)
  paid({ account, amount }: Paid, ctx: ProjectionContext): void {
    if (amount < 0) throw new RangeError('less than nothing');
    ctx.model(Balances).update(account, (old) => ({ sum: (old?.sum ?? 0) + amount }));
  }
}

describe('a scenario of a projection', () => {
  const scenario = forProjection(BalanceList).given(new Paid('a', 1)).givenIn('account-b', new Paid('b', 5));

  it('passes when the read model is as expected, and only then', async () => {
    const outcome = scenario.when(new Paid('a', 2));
    await outcome.thenModel({ a: { sum: 3 }, b: { sum: 5 } }, Balances);
    expect(await outcome.value('a', Balances)).toEqual({ sum: 3 });
    await expect(outcome.thenModel({ a: { sum: 4 }, b: { sum: 5 } })).rejects.toThrow('and not');
    await expect(outcome.thenModel({ a: { sum: 3 } })).rejects.toThrow('BalanceList made');
    await expect(outcome.thenFails()).rejects.toThrow('took every event');
  });

  it('fails when nothing is expected of it', async () => {
    const outcome: unknown = scenario.when(new Paid('a', 2));
    await expect((async () => outcome)()).rejects.toThrow('Nothing is expected of BalanceList');
  });

  it('tells what the projection threw', async () => {
    const outcome = scenario.when(new Paid('a', -1));
    expect(await outcome.thenFails()).toMatchObject({ name: 'RangeError', message: 'less than nothing' });
    await expect(outcome.thenModel({})).rejects.toThrow('less than nothing');
  });
});
