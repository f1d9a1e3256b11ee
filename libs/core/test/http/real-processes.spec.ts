import 'reflect-metadata';
import type { Server } from 'node:http';
import {
  Body,
  Controller,
  Injectable,
  Module,
  Post,
  UseFilters,
  type INestApplication,
  type Type,
} from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import request, { type Response } from 'supertest';
import { z } from 'zod';
import {
  CatgaModule,
  CatgaProblemFilter,
  CatgaProcess,
  Command,
  CommandHandler,
  DomainError,
  Mediator,
  NonRetriableError,
  Processes,
  type CatgaModuleOptions,
} from '../../src/index.js';
import { ValidationBehavior } from '../../src/mediator/index.js';
import { CatgaHealthModule } from '../../src/health/index.js';
import { ADAPTERS, initApp, newAdapter } from './support/adapters.js';
import { LogLines } from './support/http-app.js';

class Reserve extends Command<{ reservationId: string; cardNumber: string }> {
  constructor(readonly orderId: string) {
    super();
  }
}

class Release extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}

class Charge extends Command<bigint> {
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}

class PlaceOrder extends Command<{ paid: bigint }> {
  static readonly schema = z.object({ orderId: z.string().min(1), amount: z.number() });
  constructor(
    readonly orderId: string,
    readonly amount: number,
  ) {
    super();
  }
}

/** What the outside world does in one test. */
@Injectable()
class World {
  charge: () => Promise<bigint> = async () => 10n;
  release: () => Promise<void> = async () => undefined;
}

@CommandHandler(Reserve)
class ReserveHandler {
  async execute(command: Reserve) {
    return { reservationId: `r-${command.orderId}`, cardNumber: '4111' };
  }
}

@CommandHandler(Release)
class ReleaseHandler {
  constructor(private readonly world: World) {}
  execute(): Promise<void> {
    return this.world.release();
  }
}

@CommandHandler(Charge)
class ChargeHandler {
  constructor(private readonly world: World) {}
  execute(): Promise<bigint> {
    return this.world.charge();
  }
}

@CatgaProcess(PlaceOrder)
class OrderProcess {
  constructor(private readonly mediator: Mediator) {}

  async execute(order: PlaceOrder): Promise<{ paid: bigint }> {
    await this.reserve(order.orderId);
    const paid = await this.charge(order.orderId, order.amount);
    return { paid };
  }

  async reserve(orderId: string) {
    return this.mediator.send(new Reserve(orderId));
  }

  async compensateReserve(orderId: string) {
    await this.mediator.send(new Release(orderId));
  }

  async charge(orderId: string, amount: number) {
    return this.mediator.send(new Charge(orderId, amount));
  }
}

class Unruled extends Command {
  constructor(readonly orderId: string) {
    super();
  }
}

@CatgaProcess(Unruled)
class UnruledProcess {
  async execute(command: Unruled): Promise<void> {
    await this.note(command.orderId);
  }
  async note(orderId: string): Promise<string> {
    return orderId;
  }
}

const handlers = [World, ReserveHandler, ReleaseHandler, ChargeHandler, OrderProcess, UnruledProcess];

describe.each(ADAPTERS)('the endpoints over the process engine on %s', (adapter) => {
  let app: INestApplication | undefined;

  const start = async (options: CatgaModuleOptions = {}) => {
    @Module({
      imports: [
        CatgaModule.forRoot({ processes: { defaultRetry: 1, steps: {} }, store: { mode: 'copy' }, ...options }),
        CatgaHealthModule.forRoot({ terminus: { logger: false } }),
      ],
      providers: handlers,
    })
    class AppModule {}
    return boot(AppModule);
  };

  const boot = async (module: Type<unknown>) => {
    app = await NestFactory.create(module, newAdapter(adapter), { logger: false });
    await initApp(app);
    const http = request(app.getHttpServer() as Server);
    const settled = (id: string) =>
      app
        ?.get(Processes)
        .handle(id)
        .then((handle) => handle.result().catch(() => undefined));
    return { app, http, world: app.get(World), settled };
  };

  afterEach(async () => {
    await app?.close();
    app = undefined;
  });

  it('are mounted at /processes by nothing but CatgaModule.forRoot()', async () => {
    @Module({ imports: [CatgaModule.forRoot()], providers: handlers })
    class AppModule {}
    const { http } = await boot(AppModule);
    const { body } = await http.get('/processes/definitions').expect(200);
    expect(body).toMatchObject([
      {
        name: 'OrderProcess',
        command: 'PlaceOrder',
        steps: [{ name: 'reserve', compensation: 'compensateReserve', attempts: 3 }, { name: 'charge' }],
        flow: [{ kind: 'step' }, { kind: 'step' }],
      },
      { name: 'UnruledProcess' },
    ]);
  });

  it('are mounted where the options say, with forRoot and beside the factory of forRootAsync, or not at all', async () => {
    const elsewhere = await start({ endpoints: { path: 'runs' } });
    await elsewhere.http.get('/runs').expect(200);
    await elsewhere.http.get('/processes').expect(404);
    await elsewhere.app.close();
    const none = await start({ endpoints: false });
    await none.http.get('/processes').expect(404);
    await none.app.close();
    @Module({ imports: [CatgaModule.forRootAsync({ endpoints: { path: 'async' }, useFactory: () => ({}) })] })
    class AsyncModule {}
    app = await NestFactory.create(AsyncModule, newAdapter(adapter), { logger: false });
    await initApp(app);
    await request(app.getHttpServer() as Server)
      .get('/async')
      .expect(200);
  });

  it('refuse options that come too late to shape the routes, or that do not exist', async () => {
    const late = CatgaModule.forRootAsync({ useFactory: () => ({ endpoints: { path: 'x' } }) });
    await expect(NestFactory.create(late, { logger: false, abortOnError: false })).rejects.toMatchObject({
      code: 'CATGA_INVALID_OPTION',
      message: expect.stringContaining('beside useFactory') as unknown,
    });
    const mistyped = { endpoints: { paht: 'x' } } as CatgaModuleOptions;
    expect(() => CatgaModule.forRoot(mistyped)).toThrow(expect.objectContaining({ code: 'CATGA_UNKNOWN_OPTION' }));
  });

  it('open no routes and say nothing about them in an application without HTTP', async () => {
    const logs = new LogLines();
    const context = await NestFactory.createApplicationContext(CatgaModule.forRoot(), { logger: logs });
    await context.close();
    expect(logs.lines.join('\n')).toContain('Store: memory');
    expect(logs.lines.join('\n')).not.toContain('endpoints');
  });

  it('start a run, show it with its journal and give its result to who asks again', async () => {
    const { http } = await start({ endpoints: { redact: ['cardNumber'] } });
    const first = await http
      .post('/processes/OrderProcess?wait=true&tag=vip')
      .send({ orderId: '1', amount: 10 })
      .expect(200);
    expect(first.body).toEqual({ processId: 'OrderProcess:1', started: true, result: { paid: '10' } });
    const again = await http.post('/processes/OrderProcess?wait=true').send({ orderId: '1', amount: 10 }).expect(200);
    expect(again.body).toEqual({ processId: 'OrderProcess:1', started: false, result: { paid: '10' } });

    const details = await http.get(first.headers['location'] as string).expect(200);
    expect(details.body).toMatchObject({
      id: 'OrderProcess:1',
      name: 'OrderProcess',
      status: 'completed',
      input: { orderId: '1', amount: 10 },
      result: { paid: '10' },
      steps: [
        { name: 'reserve', status: 'completed', result: { reservationId: 'r-1', cardNumber: '[redacted]' } },
        { name: 'charge', status: 'completed', result: '10' },
      ],
    });
    const status = await http.get('/processes/OrderProcess:1/status').expect(200);
    expect(status.body).toMatchObject({ status: 'completed', progress: 1, currentSteps: [] });
    const { body } = await http.get('/processes/OrderProcess:1/events').expect(200);
    const { events } = body as { events: { version: number; type: string }[] };
    expect(events[0]).toMatchObject({ version: 1, type: 'ProcessStarted' });
    expect(events.at(-1)).toMatchObject({ type: 'ProcessCompleted' });
    const rest = await http.get(`/processes/OrderProcess:1/events?after=${events.length - 1}`).expect(200);
    expect((rest.body as { events: object[] }).events).toEqual([events.at(-1)]);

    for (const query of ['name=OrderProcess', 'status=completed', 'tag=vip', 'from=0&limit=1']) {
      const list = await http.get(`/processes?${query}`).expect(200);
      expect((list.body as { processes: object[] }).processes).toMatchObject([
        { id: 'OrderProcess:1', status: 'completed' },
      ]);
    }
    const empty = await http.get('/processes?status=failed').expect(200);
    expect(empty.body).toEqual({ processes: [] });
  });

  it('page through the list without losing or repeating a run', async () => {
    const { http } = await start();
    for (const orderId of ['1', '2', '3', '4', '5']) {
      await http.post('/processes/OrderProcess?wait=true').send({ orderId, amount: 1 }).expect(200);
    }
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const query = cursor === undefined ? '' : `&cursor=${encodeURIComponent(cursor)}`;
      const { body } = await http.get(`/processes?limit=2${query}`).expect(200);
      const page = body as { processes: { id: string }[]; cursor?: string };
      seen.push(...page.processes.map(({ id }) => id));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual(['5', '4', '3', '2', '1'].map((orderId) => `OrderProcess:${orderId}`));
    const { body } = await http.get('/processes?cursor=nonsense').expect(400);
    expect(body).toMatchObject({ code: 'CATGA_INVALID_CURSOR' });
  });

  it('tell a refusal of the business with its code, after everything is undone', async () => {
    const { http, world } = await start();
    world.charge = () => Promise.reject(new DomainError('Card was declined', { code: 'CARD_DECLINED' }));
    const { body } = await http.post('/processes/OrderProcess?wait=true').send({ orderId: '1', amount: 1 }).expect(422);
    expect(body).toMatchObject({
      code: 'CATGA_PROCESS_FAILED',
      processId: 'OrderProcess:1',
      reason: { code: 'CARD_DECLINED', message: 'Card was declined' },
    });
    const details = await http.get('/processes/OrderProcess:1').expect(200);
    expect(details.body).toMatchObject({ status: 'failed', steps: [{ status: 'compensated' }, { status: 'failed' }] });
    expect(details.text).not.toContain('"stack"');
  });

  it('cancel a running run once, and answer 409 from then on', async () => {
    const { http, world, settled } = await start();
    let release!: () => void;
    world.charge = () => new Promise((resolve) => (release = () => resolve(1n)));
    await http.post('/processes/OrderProcess').send({ orderId: '1', amount: 1 }).expect(202);
    const cancelled = await http
      .post('/processes/OrderProcess:1/cancel')
      .send({ by: 'anna', reason: 'duplicate' })
      .expect(202);
    expect(cancelled.body).toMatchObject({ id: 'OrderProcess:1' });
    release?.();
    await settled('OrderProcess:1');
    const { body } = await http.get('/processes/OrderProcess:1/status').expect(200);
    expect(body).toMatchObject({ status: 'cancelled', compensatedSteps: ['reserve:1'] });
    const conflict = await http.post('/processes/OrderProcess:1/cancel').expect(409);
    expect(conflict.body).toMatchObject({ code: 'CATGA_PROCESS_CONFLICT' });
    await http.post('/processes/OrderProcess:1/retry').expect(409);
  });

  it.each([
    ['retry', 'compensated'],
    ['skip', 'compensation-skipped'],
    ['done', 'compensated'],
  ])('decide about a compensation that gave up: %s', async (decision, undone) => {
    const { http, world, settled } = await start();
    world.charge = () => Promise.reject(new DomainError('no'));
    world.release = () => Promise.reject(new NonRetriableError('cannot release'));
    const stuck = await http.post('/processes/OrderProcess?wait=true').send({ orderId: '1', amount: 1 }).expect(409);
    expect(stuck.body).toMatchObject({ code: 'CATGA_PROCESS_PARKED' });
    const health = await http.get('/health').expect(200);
    expect(health.body).toMatchObject({
      status: 'degraded',
      details: { processStore: { parked: { 'compensation-stuck': 1 } } },
    });
    world.release = async () => undefined;
    await http.post('/processes/OrderProcess:1/compensations/nothing/skip').expect(404);
    await http.post(`/processes/OrderProcess:1/compensations/reserve/${decision}`).send({ by: 'anna' }).expect(202);
    await settled('OrderProcess:1');
    const { body } = await http.get('/processes/OrderProcess:1').expect(200);
    expect(body).toMatchObject({ status: 'failed', steps: [{ name: 'reserve', status: undone }, { name: 'charge' }] });
    await http.post(`/processes/OrderProcess:1/compensations/reserve/${decision}`).expect(409);
    await http
      .get('/health')
      .expect(200)
      .expect(({ body: now }) => expect(now).toMatchObject({ status: 'ok' }));
  });

  it('refuse what is wrong with the body, the name and the id', async () => {
    const { http } = await start();
    const wrong = await http.post('/processes/OrderProcess').send({ orderId: '', amount: 'x' }).expect(422);
    const paths = (wrong.body as { errors: { path: string }[] }).errors.map(({ path }) => path);
    expect(paths).toEqual(['orderId', 'amount']);
    const nameless = await http.post('/processes/UnruledProcess').send({ amount: 1 }).expect(422);
    expect(nameless.body).toMatchObject({ code: 'CATGA_PROCESS_ID' });
    await http.post('/processes/OderProcess').send({}).expect(404);
    await http.get('/processes/OrderProcess:9').expect(404);
    const { body } = await http.get('/processes').expect(200);
    expect(body).toEqual({ processes: [] });
  });

  it('let a route of the application answer 422 for a message that the mediator refused', async () => {
    @Controller('orders')
    @UseFilters(CatgaProblemFilter)
    class OrdersController {
      constructor(private readonly mediator: Mediator) {}
      @Post()
      place(@Body() body: { orderId: string; amount: number }): Promise<unknown> {
        return this.mediator.send(new PlaceOrder(body.orderId, body.amount));
      }
    }
    const catga = CatgaModule.forRoot({ mediator: { behaviors: [ValidationBehavior] } });
    @Module({ imports: [catga], providers: [...handlers, ValidationBehavior], controllers: [OrdersController] })
    class AppModule {}
    const { http } = await boot(AppModule);
    const { body } = await http.post('/orders').send({ orderId: '1', amount: 'much' }).expect(422);
    expect(body).toMatchObject({ code: 'CATGA_MESSAGE_INVALID', errors: [{ path: 'amount', pointer: '#/amount' }] });
  });

  it('stream the journal of a run from its first event to its end', async () => {
    const { http, world } = await start();
    world.charge = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return 1n;
    };
    await http.post('/processes/OrderProcess').send({ orderId: '1', amount: 1 }).expect(202);
    const { text } = await http.get('/processes/OrderProcess:1/events/stream').buffer(true).parse(asText).expect(200);
    const types = [...text.matchAll(/"type":"(Process\w+)"/g)].map(([, type]) => type);
    const { body } = await http.get('/processes/OrderProcess:1/events').expect(200);
    expect(types).toEqual((body as { events: { type: string }[] }).events.map(({ type }) => type));
    expect(types.at(-1)).toBe('ProcessCompleted');
    expect(text).toMatch(/event: end\nid: \d+\ndata: \{.*"status":"completed"/);
    const last = String(types.length);
    await http.get('/processes/OrderProcess:1/events/stream').set('Last-Event-ID', last).expect(204);
  });
});

function asText(response: Response, done: (error: Error | null, body: unknown) => void): void {
  let text = '';
  response.on('data', (chunk: Buffer) => (text += chunk.toString()));
  response.on('end', () => {
    Object.assign(response, { text });
    done(null, text);
  });
}
