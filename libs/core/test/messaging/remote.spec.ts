import 'reflect-metadata';
import {
  CatgaError,
  Command,
  CommandHandler,
  DomainError,
  EventHandler,
  HandlerNotFoundError,
  IdempotencyBehavior,
  isCatgaError,
  MemoryBroker,
  MemoryTransport,
  Query,
  QueryHandler,
  Remote,
  Transport,
  UseBehaviors,
  type HandlerContext,
  type TransportCapabilities,
} from '@catga/core';
import { closeApps, deferred, isPending, startApp, type AppParts } from '../mediator/support/start-app.js';

class Distributed extends MemoryTransport {
  override readonly capabilities: TransportCapabilities = {
    name: 'fake',
    distributed: true,
    durable: true,
    qos: [0, 1, 2],
    deduplicationWindow: 120_000,
  };
}

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
}
class Reserve extends Command<{ id: string; at: Date; price: Money }> {
  constructor(
    readonly item: string,
    readonly count: number,
    readonly until: Date,
  ) {
    super();
  }
  get isMany() {
    return this.count > 10;
  }
}
class Stock extends Query<number | undefined> {
  constructor(readonly item: string) {
    super();
  }
}
class Fail extends Command<void> {
  constructor(readonly how: string) {
    super();
  }
}
class Wait extends Command<string> {}

class OutOfStockError extends CatgaError {
  readonly code = 'CATGA_TEST_OUT_OF_STOCK';
  readonly kind = 'business';
}

const seen: { message: unknown; context: HandlerContext }[] = [];
const gate = { current: deferred() };

@Remote()
@CommandHandler(Reserve)
class ReserveHandler {
  async execute(message: Reserve, context: HandlerContext) {
    seen.push({ message, context });
    return { id: message.item, at: message.until, price: new Money(10n, 'EUR') };
  }
}
@Remote()
@QueryHandler(Stock)
class StockHandler {
  execute({ item }: Stock) {
    return item === 'none' ? undefined : 5;
  }
}
@Remote()
@CommandHandler(Fail)
class FailHandler {
  async execute({ how }: Fail) {
    if (how === 'coded') throw new OutOfStockError('Nothing left.', { details: { item: 'chair' } });
    if (how === 'domain') throw new DomainError('Card declined', { code: 'CARD_DECLINED' });
    if (how === 'odd') throw Object.assign(new TypeError('odd'), { secret: () => 1 });
    throw new Error('plain');
  }
}
@Remote()
@CommandHandler(Wait)
class WaitHandler {
  async execute(message: Wait, context: HandlerContext) {
    seen.push({ message, context });
    await Promise.race([
      gate.current.promise,
      new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(new Error('aborted')))),
    ]);
    return 'waited';
  }
}
const handlers = [ReserveHandler, StockHandler, FailHandler, WaitHandler];

describe('requests to other nodes', () => {
  let broker = new MemoryBroker();
  beforeEach(() => {
    broker = new MemoryBroker();
    seen.length = 0;
    gate.current = deferred();
  });
  afterEach(closeApps);
  const node = (parts: AppParts = {}) =>
    startApp({ ...parts, options: { transport: new Distributed({ broker }), ...parts.options } });

  it('reach the handler of another node as the message they were, and its answer comes back', async () => {
    await node({ providers: handlers });
    const { mediator } = await node();
    const until = new Date(5);
    const result = await mediator.send(new Reserve('chair', 20, until));
    expect(result).toEqual({ id: 'chair', at: until, price: { amount: 10n, currency: 'EUR' } });
    expect(result.at).toBeInstanceOf(Date);
    const message = seen[0]?.message as Reserve;
    expect(message).toBeInstanceOf(Reserve);
    expect(message).toEqual(new Reserve('chair', 20, until));
    expect(message.isMany).toBe(true);
    expect(await mediator.query(new Stock('x'))).toBe(5);
    expect(await mediator.query(new Stock('none'))).toBeUndefined();
  });

  it('carry the context on', async () => {
    await node({ providers: handlers });
    const { mediator } = await node();
    const headers = { 'X-User': 'Zoë', plain: 'b', odd: 'two\nlines', 'catga-tenant': 'not ours' };
    await mediator.send(new Reserve('chair', 1, new Date()), {
      messageId: 'm-1',
      correlationId: 'c-1',
      causationId: 'cause',
      tenant: 'ten\nant',
      traceparent: '00-aa-bb-01',
      idempotencyKey: 'once',
      headers,
    });
    const { context } = seen[0] as { context: HandlerContext };
    expect(JSON.parse(JSON.stringify(context))).toEqual({
      messageId: 'm-1',
      correlationId: 'c-1',
      causationId: 'cause',
      tenant: 'ten\nant',
      traceparent: '00-aa-bb-01',
      idempotencyKey: 'once',
      headers,
    });
  });

  it('fail with the coded error they failed with there, which says where it came from', async () => {
    await node({ providers: handlers });
    const { mediator } = await node();
    const coded: unknown = await mediator.send(new Fail('coded')).catch((error: unknown) => error);
    expect(coded).toBeInstanceOf(CatgaError);
    expect(isCatgaError(coded, 'CATGA_TEST_OUT_OF_STOCK')).toBe(true);
    expect(coded).toMatchObject({
      name: 'OutOfStockError',
      message: 'Nothing left.',
      kind: 'business',
      details: {
        item: 'chair',
        remoteNode: expect.stringContaining(`#${process.pid}`),
        remoteStack: expect.stringContaining('FailHandler'),
      },
    });
    expect((coded as Error).stack).not.toContain('FailHandler');
    const domain: unknown = await mediator.send(new Fail('domain')).catch((error: unknown) => error);
    expect(domain).toBeInstanceOf(DomainError);
    expect(domain).toMatchObject({ code: 'CARD_DECLINED', message: 'Card declined' });
    await expect(mediator.send(new Fail('plain'))).rejects.toThrow('plain');
    await expect(mediator.send(new Fail('odd'))).rejects.toMatchObject({ name: 'TypeError', message: 'odd' });
    expect(await mediator.trySend(new Fail('coded'))).toMatchObject({
      ok: false,
      error: { code: 'CATGA_TEST_OUT_OF_STOCK' },
    });
  });

  it('go to the handler of this node when there is one', async () => {
    await node({ providers: [ReserveHandler] });
    class Local {
      execute() {
        return { id: 'local', at: new Date(0), price: new Money(1n, 'EUR') };
      }
    }
    CommandHandler(Reserve)(Local);
    const { mediator } = await node({ providers: [Local] });
    expect((await mediator.send(new Reserve('a', 1, new Date()))).id).toBe('local');
    expect(seen).toEqual([]);
  });

  it('are shared by the nodes that have @Remote', async () => {
    const answered = new Set<string>();
    const nodeOf = async (name: string) => {
      class Named {
        execute() {
          answered.add(name);
          return 1;
        }
      }
      QueryHandler(Stock)(Named);
      Remote()(Named);
      return node({ providers: [Named] });
    };
    await nodeOf('one');
    await nodeOf('two');
    const { mediator } = await node();
    for (let round = 0; round < 10; round++) await mediator.query(new Stock('x'));
    expect([...answered].sort()).toEqual(['one', 'two']);
  });

  it('that nobody answers say that neither this node nor another one does', async () => {
    class Local {
      execute() {
        return 1;
      }
    }
    QueryHandler(Stock)(Local); // without @Remote
    await node({ providers: [Local] });
    const { mediator } = await node();
    const error: unknown = await mediator.query(new Stock('x')).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HandlerNotFoundError);
    expect((error as Error).message).toMatch(/No handler for Stock on this node\..*no node answers "request\.Stock"/);
    expect(error).toMatchObject({ details: { transport: 'fake', subject: 'request.Stock' } });
    await closeApps();
    const { mediator: alone } = await startApp({});
    await expect(alone.query(new Stock('x'))).rejects.toThrow(/^No handler for Stock\. Decorate/);
  });

  it('end when the caller gives up, on the node that works on them too', async () => {
    await node({ providers: handlers });
    const { mediator } = await node();
    const abort = new AbortController();
    const sent = mediator.send(new Wait(), { signal: abort.signal });
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const reason = new Error('changed my mind');
    abort.abort(reason);
    await expect(sent).rejects.toBe(reason);
    const { context } = seen[0] as { context: HandlerContext };
    while (!context.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('time out with a coded error, and the handler is told', async () => {
    await node({ providers: handlers });
    const { mediator } = await node({ options: { messaging: { requestTimeout: '100ms' } } });
    await expect(mediator.send(new Wait())).rejects.toMatchObject({ code: 'CATGA_REQUEST_TIMEOUT', timeout: 100 });
    const { context } = seen[0] as { context: HandlerContext };
    while (!context.signal.aborted) await new Promise((resolve) => setTimeout(resolve, 5));
  });

  it('under way are answered before a node shuts down', async () => {
    const { app } = await node({ providers: handlers });
    const { mediator } = await node();
    const sent = mediator.send(new Wait());
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    const closing = app.close();
    expect(await isPending(closing)).toBe(true);
    await expect(mediator.query(new Stock('x'))).rejects.toMatchObject({ code: 'CATGA_HANDLER_NOT_FOUND' });
    gate.current.resolve();
    expect(await sent).toBe('waited');
    await closing;
  });

  it('run through the behaviours of the handler, idempotency included', async () => {
    let runs = 0;
    @Remote()
    @UseBehaviors(IdempotencyBehavior)
    @QueryHandler(Stock)
    class Counting {
      async execute(_query: Stock) {
        return ++runs;
      }
    }
    await node({ providers: [Counting] });
    const { mediator } = await node();
    const send = () => mediator.send(new Stock('x'), { idempotencyKey: 'k' });
    expect([await send(), await send(), runs]).toEqual([1, 1, 1]);
  });

  it('that this node cannot read are refused with the reason, and nothing is handled', async () => {
    await node({ providers: handlers });
    const { app } = await node();
    const ask = async (headers: Record<string, string>, body: string) =>
      (await app.get(Transport).request({ id: 'r', subject: 'request.Stock', headers, body })).body;
    expect(await ask({}, 'no json')).toContain('CATGA_UNREADABLE_REQUEST');
    expect(await ask({ 'catga-version': '2' }, '{"item":"x"}')).toContain(
      'it has version 2, this node knows version 1',
    );
    expect(await ask({ 'catga-codec': 'msgpack' }, '{"item":"x"}')).toContain('written with codec');
    expect(await ask({}, '5')).toContain('its body is no object');
    expect(await ask({}, '{"item":"x"}')).toBe('5');
  });

  it('cannot be declared for events', async () => {
    class Happened {}
    @Remote()
    @EventHandler(Happened)
    class Wrong {
      handle() {}
    }
    await expect(node({ providers: [Wrong] })).rejects.toMatchObject({
      code: 'CATGA_MESSAGING_DECORATOR',
      message: expect.stringContaining('@Remote of Wrong'),
    });
  });
});
