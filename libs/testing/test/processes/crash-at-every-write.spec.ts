import 'reflect-metadata';
import { CatgaProcess, Mediator, ProcessContext, ProcessStep } from '@catga/core';
import { crashAtEveryWrite } from '@catga/testing';

class Pay {
  constructor(
    readonly id: string,
    readonly declines = false,
  ) {}
}

class NoMediator extends Mediator {
  override send(): Promise<never> {
    return Promise.reject(new Error('nothing is sent'));
  }
  override publish(): Promise<void> {
    return Promise.resolve();
  }
}

/** A gateway that knows a repetition by its key. */
class Gateway {
  calls = 0;
  readonly booked = new Map<string, number>();
  book(key: string, amount: number): string {
    this.calls++;
    this.booked.set(key, amount);
    return key;
  }
}

@CatgaProcess(Pay)
class Payment {
  constructor(
    private readonly gateway: Gateway,
    private readonly context: ProcessContext,
  ) {}
  async execute(command: Pay) {
    const [left, right] = await Promise.all([this.book(1), this.book(2)]);
    if (command.declines) await this.decline();
    return [left, right];
  }
  private async book(amount: number) {
    return this.gateway.book(this.context.stepKey, amount);
  }
  private async compensateBook(amount: number, key: string) {
    this.gateway.book(key, -amount);
  }
  @ProcessStep({ retry: 1, compensate: 'completed' })
  private async decline(): Promise<void> {
    throw new Error('declined');
  }
}

describe('crashAtEveryWrite', () => {
  const gateway = { current: new Gateway() };
  const run = (command: Pay, seen: Gateway[] = []) =>
    crashAtEveryWrite<Pay>({
      process: Payment as never,
      create: () => new Payment(gateway.current, new ProcessContext()),
      command,
      mediator: new NoMediator(),
      before: () => seen.push((gateway.current = new Gateway())),
    });

  it('cuts the process off after each of its writes, and lets it come to the same end', async () => {
    const gateways: Gateway[] = [];
    const runs = await run(new Pay('1'), gateways);
    // The start with both steps, and both ends with the end of the process.
    expect(runs).toHaveLength(2);
    expect(runs.map(({ crashAt }) => crashAt)).toEqual(runs.map((_, i) => i + 1));
    const keys = ['Payment:1/book:1', 'Payment:1/book:2'];
    for (const { outcome } of runs) expect(outcome).toEqual({ result: keys });
    for (const { booked } of gateways) expect([...booked.keys()].toSorted()).toEqual(keys);
    // One of them was called again: its answer was lost with the node.
    expect(Math.max(...gateways.map(({ calls }) => calls))).toBeGreaterThan(2);
  });

  it('does so in the compensation too, and tells how it ended', async () => {
    const runs = await run(new Pay('2', true));
    expect(runs.length).toBeGreaterThanOrEqual(6);
    for (const { details, outcome } of runs) {
      expect(details.status).toBe('failed');
      expect(details.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
        'book compensated',
        'book compensated',
        'decline failed',
      ]);
      expect(outcome).toMatchObject({ error: { code: 'CATGA_PROCESS_FAILED' } });
    }
  });
});
