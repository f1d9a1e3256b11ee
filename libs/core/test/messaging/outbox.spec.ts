import 'reflect-metadata';
import { jest } from '@jest/globals';
import {
  Event,
  EventDelivery,
  EventHandler,
  EventLog,
  MemoryBroker,
  MemoryStore,
  MemoryTransport,
  MessageBus,
  Outbox,
  Subscribe,
  TransportUnavailableError,
  type CatgaModuleOptions,
  type HandlerContext,
  type PublishOptions,
  type TransportMessage,
} from '@catga/core';
import { closeApps, logs, startApp } from '../mediator/support/start-app.js';

@Event('sale.made')
@EventDelivery<SaleMade>({ key: (event) => event.shop })
class SaleMade {
  constructor(
    readonly shop: string,
    readonly number: number,
    readonly note = '',
  ) {}
}
@Event('sale.internal')
class Internal {
  constructor(readonly number: number) {}
}

const got: { event: SaleMade; context: HandlerContext }[] = [];
@Subscribe('reports')
@EventHandler(SaleMade)
class Reports {
  handle(event: SaleMade, context: HandlerContext) {
    got.push({ event, context });
  }
}

/** A transport whose broker may be away, or die after it has stored. */
class Shaky extends MemoryTransport {
  away = false;
  refused = 0;
  answersLost = 0;
  published = 0;
  override async publish(messages: readonly TransportMessage[], options?: PublishOptions) {
    if (this.away) this.refused++;
    if (this.away) throw new TransportUnavailableError('connection', 'The broker is away.');
    await super.publish(messages, options);
    this.published += messages.length;
    if (this.answersLost > 0) {
      this.answersLost--;
      throw new TransportUnavailableError('connection', 'No answer.');
    }
  }
}

async function until(what: string, check: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error(`Not in time: ${what}; got ${got.length}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe('the outbox', () => {
  let broker = new MemoryBroker();
  let store = new MemoryStore({ mode: 'copy' });
  beforeEach(() => {
    broker = new MemoryBroker();
    store = new MemoryStore({ mode: 'copy' });
    store.close = async () => undefined; // shared by the nodes of a test
    got.length = 0;
  });
  afterEach(closeApps);
  const node = async (messaging: CatgaModuleOptions['messaging'] = {}, providers: unknown[] = [Reports]) => {
    const transport = new Shaky({ broker });
    const { app } = await startApp({ providers: providers as [], options: { transport, store, messaging } });
    return { app, transport, outbox: app.get(Outbox), log: app.get(EventLog), bus: app.get(MessageBus) };
  };
  const waiting = async (collection = 'catga.outbox') => (await store.findRecords({ collection })).records.length;
  const numbers = () => got.map(({ event }) => event.number);

  it('publishes what was committed with the state, with its context, and forgets it', async () => {
    const { outbox, log } = await node();
    await log.commit({
      appends: [{ stream: 'sale-1', expectedVersion: 'no-stream', events: [new Internal(1)] }],
      records: await outbox.entries([new SaleMade('a', 1), new SaleMade('a', 2)], {
        id: 'm',
        correlationId: 'c',
        headers: { h: 'v' },
      }),
    });
    await until('both', () => got.length === 2);
    expect(numbers()).toEqual([1, 2]);
    expect(got[0]?.event).toBeInstanceOf(SaleMade);
    expect(got[0]?.context).toMatchObject({ messageId: 'm:0', correlationId: 'c', headers: { h: 'v' } });
    expect(got[0]?.context.delivery).toMatchObject({ key: 'a' });
    await until('nothing is left', async () => (await waiting()) === 0);
  });

  it('costs a store in memory nothing until something is published through it', async () => {
    const listeners = jest.spyOn(store, 'onCommit');
    const { outbox } = await node({}, []);
    expect(listeners).not.toHaveBeenCalled();
    await outbox.publish(new SaleMade('a', 1));
    await outbox.publish(new SaleMade('a', 2));
    expect(listeners).toHaveBeenCalledTimes(1);
    await until('nothing is left', async () => (await waiting()) === 0);
  });

  it('publishes nothing of a commit that failed', async () => {
    const { outbox, log } = await node();
    const records = await outbox.entries(new SaleMade('a', 1));
    const commit = { appends: [{ stream: 's', expectedVersion: 5 as const, events: [new Internal(1)] }], records };
    await expect(log.commit(commit)).rejects.toMatchObject({ code: 'CATGA_VERSION_CONFLICT' });
    await outbox.publish(new SaleMade('a', 2));
    await until('the other', () => got.length === 1);
    expect(numbers()).toEqual([2]);
  });

  it('publishes events of the classes it is told of whenever they are appended', async () => {
    const { log } = await node({ outbox: { events: [SaleMade] } });
    await log.append('shop-a', [new SaleMade('a', 1), new Internal(1)], {
      metadata: { headers: { user: 'u' }, correlationId: 'c' },
    });
    await log.append('shop-a', [new SaleMade('a', 2)]);
    await until('both', () => got.length === 2);
    expect(numbers()).toEqual([1, 2]);
    expect(got[0]?.context).toMatchObject({ messageId: 'shop-a@1', correlationId: 'c', headers: { user: 'u' } });
    expect(got[1]?.context.messageId).toBe('shop-a@3');
  });

  it('keeps everything in order while the broker is away', async () => {
    const { outbox, transport } = await node();
    transport.away = true;
    for (let number = 0; number < 20; number++) await outbox.publish(new SaleMade('a', number));
    await until('it was tried', () => transport.refused >= 2);
    expect([await waiting(), got.length]).toEqual([20, 0]);
    transport.away = false;
    await until('all', () => got.length === 20);
    expect(numbers()).toEqual(Array.from({ length: 20 }, (_, index) => index));
    await until('nothing is left', async () => (await waiting()) === 0);
    expect(logs.of('Messaging').join()).toMatch(/The outbox could not be published and is tried again/);
  });

  it('publishes again with the same id what it does not know to be stored', async () => {
    const { outbox, transport } = await node();
    transport.answersLost = 1;
    await outbox.publish(new SaleMade('a', 1), { qos: 2 });
    await until('nothing is left', async () => (await waiting()) === 0 && got.length >= 1);
    await outbox.publish(new SaleMade('a', 2), { qos: 2 });
    await until('the next', () => got.length >= 2);
    expect([transport.published, numbers()]).toEqual([3, [1, 2]]);
  });

  it('publishes what another node has committed and left behind', async () => {
    const first = await node({ outbox: { relay: false } });
    await first.outbox.publish([new SaleMade('a', 1), new SaleMade('a', 2)]);
    await first.app.close();
    expect(await waiting()).toBe(2);
    await node();
    await until('both', () => got.length === 2);
    expect(numbers()).toEqual([1, 2]);
  });

  it('is published by one node at a time, and by the next one when that one ends', async () => {
    const one = await node();
    const two = await node();
    for (let number = 0; number < 100; number++)
      await (number % 2 ? one : two).outbox.publish(new SaleMade('a', number));
    await until('all', () => got.length === 100);
    expect(numbers()).toEqual(Array.from({ length: 100 }, (_, index) => index));
    expect(one.transport.published + two.transport.published).toBe(100);
    const relay = one.transport.published > 0 ? one : two;
    const other = relay === one ? two : one;
    await relay.app.close();
    await other.outbox.publish(new SaleMade('a', 100));
    await until('the last', () => got.length === 101);
  });

  it('is taken over from a node that died with the lease', async () => {
    const { outbox } = await node({ outbox: { lease: '200ms' } });
    const expiresAt = (await store.now()) + 150;
    const lease = { collection: 'catga.outbox-relay', key: 'relay', value: 'somebody', expiresAt };
    store.commit({ records: [lease] });
    await outbox.publish(new SaleMade('a', 1));
    expect(got).toHaveLength(0);
    await until('it is published', () => got.length === 1);
    expect(await store.now()).toBeGreaterThanOrEqual(expiresAt);
  });

  it('publishes delayed events when they are due, in the order of their times', async () => {
    const { outbox } = await node();
    const began = performance.now();
    await outbox.publish(new SaleMade('a', 3), { delay: '400ms' });
    await outbox.publish(new SaleMade('b', 2), { delay: 200 });
    await outbox.publish(new SaleMade('c', 1));
    await until('the second', () => got.length === 2);
    expect(performance.now() - began).toBeGreaterThan(190);
    await until('the third', () => got.length === 3);
    expect(performance.now() - began).toBeGreaterThan(390);
    expect(numbers()).toEqual([1, 2, 3]);
    await until('nothing is left', async () => (await waiting('catga.outbox-later')) === 0);
  });

  it('puts aside what the transport refuses, and nothing waits behind it', async () => {
    const { outbox } = await node();
    const large = new SaleMade('a', 1, 'x'.repeat(2_000_000));
    store.commit({
      records: [...(await outbox.entries([new SaleMade('a', 0), large, new SaleMade('a', 2)]))],
    });
    await until('the others', () => got.length === 2);
    expect(numbers()).toEqual([0, 2]);
    await until('it is put aside', async () => (await waiting('catga.outbox-refused')) === 1);
    expect(await waiting()).toBe(0);
    expect(logs.of('Messaging').join()).toMatch(/was put aside: MessageTooLargeError/);
  });

  it('refuses what cannot be published at once, and options that do not exist', async () => {
    const { outbox } = await node();
    await expect(outbox.entries({})).rejects.toMatchObject({ code: 'CATGA_NOT_AN_EVENT' });
    await expect(outbox.entries(new Internal(1), { dely: 5 } as never)).rejects.toThrow(/Outbox has no option "dely"/);
    await expect(outbox.entries(new Internal(1), { delay: 'soon' as never })).rejects.toThrow(/not a duration/);
    await expect(node({ outbox: { events: ['x'] as never } })).rejects.toThrow(/messaging.outbox.events/);
    await expect(node({ outbox: { batch: 0 } })).rejects.toThrow(/messaging.outbox.batch/);
  });
});
