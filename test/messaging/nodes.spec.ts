import { randomUUID } from 'node:crypto';
import { Injectable, Logger, Module, type DynamicModule, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  CatgaModule,
  Command,
  CommandHandler,
  DomainError,
  Event,
  EventDelivery,
  EventHandler,
  EventLog,
  Inbox,
  Mediator,
  MessageBus,
  MessageDeadLetterService,
  MessageName,
  Remote,
  Subscribe,
  type CatgaModuleOptions,
  type HandlerContext,
} from '@catga/core';
import { CatgaNatsModule } from '@catga/nats';
import { CatgaRedisModule } from '@catga/redis';
import { natsServers, redisServers } from '../../tools/servers/index.mjs';

Logger.overrideLogger(false);

@Event('e2e.paid')
@EventDelivery<Paid>({ qos: 2, key: ({ account }) => account })
class Paid {
  constructor(
    readonly account: string,
    readonly number: number,
    readonly at = new Date(0),
  ) {}
}
@Event('e2e.booked')
class Booked {
  constructor(readonly number: number) {}
}
@MessageName('e2e.transfer')
class Transfer extends Command<{ at: Date; by: string }> {
  constructor(readonly amount: bigint) {
    super();
  }
}
@MessageName('e2e.nobody')
class Nobody extends Command<void> {}

const state = { failures: new Map<number, number>() };

@Subscribe('ledger', { backoff: 50, maxAttempts: 3, ackTimeout: '2s' })
@EventHandler(Paid)
@Injectable()
class Ledger {
  constructor(
    private readonly log: EventLog,
    private readonly inbox: Inbox,
  ) {}
  async handle(event: Paid, context: HandlerContext) {
    const left = state.failures.get(event.number) ?? 0;
    state.failures.set(event.number, left - 1);
    if (left > 0) throw new Error('not yet');
    await this.log.commit({
      appends: [{ stream: `account-${event.account}`, expectedVersion: 'any', events: [new Booked(event.number)] }],
      records: await this.inbox.entry(context),
    });
  }
}

@Remote()
@CommandHandler(Transfer)
class TransferHandler {
  async execute({ amount }: Transfer, context: HandlerContext) {
    if (amount > 100n) throw new DomainError('Not covered', { code: 'NOT_COVERED' });
    return { at: new Date(Number(amount)), by: context.tenant ?? '' };
  }
}

async function until(what: string, check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 15_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not in time: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

const brokers: [string, (name: string) => DynamicModule][] = [
  ...redisServers().map(({ name, url }): (typeof brokers)[number] => [
    name,
    (own) => CatgaRedisModule.forRoot({ url, name: own }),
  ]),
  ...natsServers().map(({ name, url }): (typeof brokers)[number] => [
    name,
    (own) => CatgaNatsModule.forRoot({ servers: url, name: own }),
  ]),
];

describe.each(brokers)('two nodes on %s', (_server, broker) => {
  const apps: INestApplicationContext[] = [];
  let name = '';
  beforeEach(() => {
    name = `e2e_${randomUUID().slice(0, 8)}`;
    state.failures = new Map();
  });
  afterEach(async () => {
    for (const app of apps.splice(0)) await app.close();
  });
  const node = async (providers: unknown[], messaging: CatgaModuleOptions['messaging'] = {}) => {
    class Root {}
    Module({ imports: [CatgaModule.forRoot({ messaging }), broker(name)], providers: providers as [] })(Root);
    const app = await NestFactory.createApplicationContext(Root, { logger: false, abortOnError: false });
    apps.push(app);
    app.get(EventLog).registry.register(Booked);
    return app;
  };
  const booked = async (app: INestApplicationContext, account: string) =>
    (await app.get(EventLog).read<Booked>(`account-${account}`)).map(({ event }) => event.number);

  it('share a subscription: every effect once, in order by key, also after failures and repetitions', async () => {
    const one = await node([Ledger]);
    const two = await node([Ledger]);
    state.failures.set(3, 2).set(7, 1);
    const events = Array.from({ length: 30 }, (_, number) => new Paid(`${number % 3}`, number));
    const options = { id: (event: object) => `payment-${(event as Paid).number}` };
    await one.get(MessageBus).publish(events, options);
    await two.get(MessageBus).publish(events, options);
    for (const account of ['0', '1', '2']) {
      const expected = events.filter((event) => event.account === account).map(({ number }) => number);
      await until(`account ${account}`, async () => (await booked(one, account)).length >= expected.length);
      expect(await booked(one, account)).toEqual(expected);
    }
  });

  it('give up on what always fails, and replay it on demand, with its effect once', async () => {
    const app = await node([Ledger]);
    const dead = app.get(MessageDeadLetterService);
    state.failures.set(1, 3);
    await app.get(MessageBus).publish([new Paid('a', 1), new Paid('a', 2)]);
    await until('a dead letter', async () => (await dead.count('ledger')) === 1);
    const { letters } = await dead.list({ subscription: 'ledger' });
    expect(letters).toMatchObject([{ attempts: 3, error: { message: 'not yet' } }]);
    expect(await dead.replayAll('ledger')).toBe(1);
    await until('both', async () => (await booked(app, 'a')).length === 2);
    expect(await booked(app, 'a')).toEqual([2, 1]);
  });

  it('publish what is appended to the log, through the outbox', async () => {
    const one = await node([], { outbox: { events: [Paid] } });
    const two = await node([Ledger]);
    await one.get(EventLog).append('payments', [new Paid('a', 1), new Paid('a', 2)]);
    await one.get(EventLog).append('payments', [new Paid('a', 3)]);
    await until('all', async () => (await booked(two, 'a')).length === 3);
    expect(await booked(two, 'a')).toEqual([1, 2, 3]);
  });

  it('send commands to each other, and errors come back as what they were', async () => {
    await node([TransferHandler]);
    const client = (await node([])).get(Mediator);
    expect(await client.send(new Transfer(5n), { tenant: 'bank' })).toEqual({ at: new Date(5), by: 'bank' });
    const refused: unknown = await client.send(new Transfer(500n)).catch((error: unknown) => error);
    expect(refused).toBeInstanceOf(DomainError);
    expect(refused).toMatchObject({ code: 'NOT_COVERED', details: { remoteNode: expect.any(String) as string } });
    await expect(client.send(new Nobody())).rejects.toMatchObject({
      code: 'CATGA_HANDLER_NOT_FOUND',
      details: { subject: 'request.e2e.nobody' },
    });
  });
});
