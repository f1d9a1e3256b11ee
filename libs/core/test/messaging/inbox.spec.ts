import 'reflect-metadata';
import { Injectable } from '@nestjs/common';
import {
  Event,
  EventDelivery,
  EventHandler,
  EventLog,
  Inbox,
  MemoryBroker,
  MemoryStore,
  MemoryTransport,
  MessageBus,
  MessageDeadLetterService,
  Subscribe,
  Transport,
  type CommitBatch,
  type CommitResult,
  type HandlerContext,
} from '@catga/core';
import { closeApps, deferred, logs, startApp } from '../mediator/support/start-app.js';

@Event('bank.paid')
@EventDelivery({ qos: 2 })
class Paid {
  constructor(readonly account: string) {}
}
@Event('bank.booked')
class Booked {
  constructor(readonly account: string) {}
}

/** What handlers do, set by each test. */
const work: { handle: (event: Paid, context: HandlerContext, parts: { log: EventLog; inbox: Inbox }) => unknown } = {
  handle: () => undefined,
};
const runs: string[] = [];

@Subscribe('ledger', { backoff: 10, maxAttempts: 4 })
@EventHandler(Paid)
@Injectable()
class Ledger {
  constructor(
    private readonly log: EventLog,
    private readonly inbox: Inbox,
  ) {}
  async handle(event: Paid, context: HandlerContext) {
    runs.push(`ledger ${context.messageId} ${context.delivery?.attempt}`);
    await work.handle(event, context, { log: this.log, inbox: this.inbox });
  }
}
@Subscribe('mail', { backoff: 10 })
@EventHandler(Paid)
class Mail {
  handle(_event: Paid, context: HandlerContext) {
    runs.push(`mail ${context.messageId} ${context.delivery?.attempt}`);
  }
}

/** The effect and its inbox entry in one commit. */
const book: typeof work.handle = async ({ account }, context, { log, inbox }) => {
  await log.commit({
    appends: [{ stream: `account-${account}`, expectedVersion: 'any', events: [new Booked(account)] }],
    records: await inbox.entry(context),
  });
};

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not in time: ${what}; runs: ${runs.join(', ')}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('messages of QoS 2', () => {
  let broker = new MemoryBroker();
  let store = new MemoryStore({ mode: 'copy' });
  beforeEach(() => {
    // So short a window that only the inbox can know a repetition.
    broker = new MemoryBroker({ deduplicationWindow: '1ms' });
    store = new MemoryStore({ mode: 'copy' });
    store.close = async () => undefined; // shared by the nodes of a test
    runs.length = 0;
    work.handle = () => undefined;
  });
  afterEach(closeApps);
  const node = async (providers: unknown[] = [Ledger], messaging = {}) => {
    const { app } = await startApp({
      providers: providers as [],
      options: { transport: { broker }, store, messaging, mediator: { drainTimeout: 500 } },
    });
    return { app, bus: app.get(MessageBus), dead: app.get(MessageDeadLetterService) };
  };
  const isDone = async () => String((await store.getRecord('catga.inbox', 'ledger|m1'))?.value).startsWith('done ');
  const balance = async (account: string) => (await store.readStream(`account-${account}`)).length;
  /** Publishes a message and, after the window of the broker, the same once more. */
  const twice = async (bus: MessageBus, event: object, id: string) => {
    await bus.publish(event, { id });
    await new Promise((resolve) => setTimeout(resolve, 20));
    await bus.publish(event, { id });
  };
  const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 100));

  it('are handled once by each subscription, however often they come', async () => {
    const { bus } = await node([Ledger, Mail]);
    await twice(bus, new Paid('a'), 'm1');
    await bus.publish(new Paid('a'), { id: 'm2' });
    await until('all', () => runs.length >= 4);
    await settle();
    expect([...runs].sort()).toEqual(['ledger m1 1', 'ledger m2 1', 'mail m1 1', 'mail m2 1']);
  });

  it('are handled again when their handler fails, until it succeeds', async () => {
    const { bus } = await node();
    work.handle = (_event, context) => {
      if (context.delivery!.attempt < 3) throw new Error('not yet');
    };
    await twice(bus, new Paid('a'), 'm1');
    await until('the third attempt', () => runs.includes('ledger m1 3'));
    await settle();
    expect(runs.filter((run) => run.endsWith(' 3'))).toHaveLength(1);
    expect((await store.getRecord('catga.inbox', 'ledger|m1'))?.value).toMatch(/^done /);
  });

  it('have their effect once when the entry is in the commit of the handler, also when what follows fails', async () => {
    const { bus, dead } = await node();
    work.handle = async (event, context, parts) => {
      await book(event, context, parts);
      throw new Error('after the commit');
    };
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('the effect', async () => (await balance('a')) === 1);
    await settle();
    expect([runs, await balance('a'), await dead.count('ledger')]).toEqual([['ledger m1 1'], 1, 0]);
  });

  it('have their effect once when the node dies between its commit and the acknowledgement', async () => {
    const died = deferred();
    const options = { subscriptions: { ledger: { ackTimeout: '50ms' } } };
    const doomed = await node([Ledger], options);
    work.handle = async (event, context, parts) => {
      await book(event, context, parts);
      (doomed.app.get(Transport) as MemoryTransport).disconnect();
      died.resolve();
      await new Promise(() => undefined);
    };
    await doomed.bus.publish(new Paid('a'), { id: 'm1' });
    await died.promise;
    const heir = await node([Ledger], options);
    work.handle = book;
    await heir.bus.publish(new Paid('a'), { id: 'm2' });
    await until('the next message', async () => (await balance('a')) === 2);
    await settle();
    expect(await balance('a')).toBe(2);
    expect(runs.filter((run) => run.includes('m1'))).toEqual(['ledger m1 1']);
  });

  it('whose handler was in the middle when its node died are handled when the claim is over', async () => {
    const began = performance.now();
    store.commit({
      records: [
        {
          collection: 'catga.inbox',
          key: 'ledger|m1',
          value: 'claimed',
          ifVersion: 0,
          expiresAt: (await store.now()) + 400,
        },
      ],
    });
    const { bus } = await node();
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('it is handled', () => runs.length === 1);
    expect(performance.now() - began).toBeGreaterThan(350);
    expect(runs).toEqual(['ledger m1 1']);
  });

  it('wait for whoever handles the same message now, and are not handled then', async () => {
    const gate = deferred();
    const { bus } = await node([Ledger], { inbox: { lease: '600ms' } });
    work.handle = () => gate.promise;
    await twice(bus, new Paid('a'), 'm1');
    await until('it has begun', () => runs.length === 1);
    // Several leases long: the claim is renewed while the handler runs.
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(runs).toHaveLength(1);
    gate.resolve();
    await until('it is done', async () => isDone());
    await settle();
    expect(runs).toEqual(['ledger m1 1']);
  });

  it('cannot commit with a claim that somebody else has meanwhile', async () => {
    const { bus } = await node([Ledger], { inbox: { lease: '60ms' } });
    const errors: unknown[] = [];
    work.handle = async (event: Paid, context: HandlerContext, parts: { log: EventLog; inbox: Inbox }) => {
      if (errors.length === 0) {
        // As if this node had been frozen and another one had taken the message and finished it.
        const { version } = (await store.getRecord('catga.inbox', 'ledger|m1')) as { version: number };
        store.commit({
          records: [{ collection: 'catga.inbox', key: 'ledger|m1', value: 'done', ifVersion: version }],
        });
      }
      await (book(event, context, parts) as Promise<void>).catch((error: unknown) => {
        errors.push(error);
        throw error;
      });
    };
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('it was refused', () => errors.length === 1);
    await settle();
    expect((errors[0] as { code: string }).code).toMatch(/CATGA_(INBOX_CLAIM_LOST|RECORD_CONFLICT)/);
    expect([await balance('a'), runs]).toEqual([0, ['ledger m1 1']]);
  });

  it('replayed from the dead letters are handled, unless their effect is there', async () => {
    const { bus, dead } = await node();
    work.handle = () => {
      throw new Error('broken');
    };
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('a dead letter', async () => (await dead.count('ledger')) === 1);
    work.handle = book;
    expect(await dead.replayAll('ledger')).toBe(1);
    await until('the effect', async () => (await balance('a')) === 1);
    await bus.publish(new Paid('a'), { id: 'm1' });
    await settle();
    expect(await balance('a')).toBe(1);
  });

  it('have an inbox entry that is kept as long as the options say', async () => {
    const { bus } = await node([Ledger], { inbox: { keepFor: '300ms' } });
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('it is done', async () => isDone());
    await new Promise((resolve) => setTimeout(resolve, 350));
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('it is handled again', () => runs.length === 2);
    expect(runs).toEqual(['ledger m1 1', 'ledger m1 1']);
  });

  it('are tried again when the store is away, before their handler or after it', async () => {
    const { bus } = await node();
    let failures = 0;
    const commit = store.commit.bind(store);
    store.commit = (batch: CommitBatch): CommitResult => {
      const isInbox = batch.records?.some(({ collection }) => collection === 'catga.inbox') === true;
      if (isInbox && ++failures <= 1) throw new Error('the disk is away');
      return commit(batch);
    };
    await bus.publish(new Paid('a'), { id: 'm1' });
    await until('it is handled', () => runs.length === 1);
    expect(runs).toEqual(['ledger m1 2']);
  });

  it('give no entry to handlers of messages that came otherwise', async () => {
    const { app } = await node();
    expect(await app.get(Inbox).entry({ delivery: undefined })).toEqual([]);
    expect(await app.get(Inbox).entry({ delivery: { subscription: 's', attempt: 1, publishedAt: 0 } })).toEqual([]);
    expect(logs.of('Messaging').join()).not.toContain('lost');
  });
});
