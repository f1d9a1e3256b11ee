import 'reflect-metadata';
import type { Server } from 'node:http';
import {
  ForbiddenException,
  Injectable,
  Module,
  type CanActivate,
  type ExecutionContext,
  type INestApplication,
} from '@nestjs/common';
import { RouterModule } from '@nestjs/core';
import { Type as Nested } from 'class-transformer';
import { IsInt, IsNotEmpty, IsString, Min, ValidateNested } from 'class-validator';
import request from 'supertest';
import { z } from 'zod';
import { DomainError } from '../../src/foundation/index.js';
import {
  CatgaProcessesHttpModule,
  createProcessesController,
  type ProcessesHttpOptions,
} from '../../src/http/index.js';
import { Command } from '../../src/messages/index.js';
import {
  ProcessCancelledError,
  ProcessDivergedError,
  ProcessFailedError,
  ProcessParkedError,
} from '../../src/processes/index.js';
import { InvalidCursorError, StoreUnavailableError } from '../../src/store/index.js';
import { ADAPTERS } from './support/adapters.js';
import { httpApp, inEnvironment, type HttpApp } from './support/http-app.js';

class PlainOrder extends Command<string> {
  constructor(readonly orderId: string) {
    super();
  }
}

class SchemaOrder extends Command<string> {
  static readonly schema = z.object({
    orderId: z.string().min(1),
    items: z.array(z.object({ quantity: z.number().int().positive() })).default([]),
  });
  constructor(readonly orderId: string) {
    super();
  }
}

class DecoratedItem {
  @IsInt()
  @Min(1)
  readonly quantity!: number;
}

class DecoratedOrder extends Command<string> {
  @IsString()
  @IsNotEmpty()
  readonly orderId: string;

  @ValidateNested({ each: true })
  @Nested(() => DecoratedItem)
  readonly items: DecoratedItem[];

  constructor(order: { orderId: string; items: DecoratedItem[] }) {
    super();
    this.orderId = order.orderId;
    this.items = order.items;
  }
}

@Injectable()
class TokenGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<{ headers: Record<string, string> }>();
    if (headers['x-token'] === 'right') return true;
    throw new ForbiddenException('No token');
  }
}

describe.each(ADAPTERS)('the process endpoints on %s', (adapter) => {
  let current: HttpApp | undefined;

  const start = async (
    options?: ProcessesHttpOptions,
    metadata?: Parameters<typeof httpApp>[1],
    prepare?: (app: INestApplication) => void,
  ) => {
    current = await httpApp(options, metadata, prepare, adapter);
    for (const command of [PlainOrder, SchemaOrder, DecoratedOrder]) {
      current.processes.commands.set(command.name.replace('Order', 'Process'), command);
    }
    return { ...current, http: request(current.app.getHttpServer() as Server) };
  };

  afterEach(async () => {
    await current?.app.close();
    current = undefined;
  });

  describe('reading', () => {
    it('lists with every filter translated, times as milliseconds or ISO text', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1');
      const query = 'name=OrderProcess&status=failed&tag=customer:7&from=2026-01-01T00:00:00Z&to=99&limit=3&cursor=abc';
      const { body } = await http.get(`/processes?${query}`).expect(200);
      expect(body).toMatchObject({ processes: [{ id: 'OrderProcess:1' }], cursor: 'next' });
      expect(processes.filter).toEqual({
        ...{ name: 'OrderProcess', status: 'failed', tag: 'customer:7', limit: 3, cursor: 'abc' },
        ...{ from: Date.UTC(2026, 0, 1), to: 99 },
      });
    });

    it('refuses an unknown, mistyped or repeated parameter with all of its faults, instead of finding nothing', async () => {
      const { http } = await start();
      const { body, headers } = await http
        .get('/processes?status=done&limit=501&from=soon&nmae=x&tag=a&tag=b')
        .expect(400);
      expect(headers['content-type']).toContain('application/problem+json');
      expect(body).toMatchObject({ code: 'CATGA_INVALID_QUERY', status: 400, instance: '/processes' });
      const paths = (body as { errors: { path: string }[] }).errors.map(({ path }) => path);
      expect(paths.sort()).toEqual(['from', 'limit', 'nmae', 'status', 'tag']);
    });

    it('answers 400 for a cursor of another query', async () => {
      const { http, processes } = await start();
      processes.failWith = new InvalidCursorError('xyz', 'newest');
      const { body } = await http.get('/processes?cursor=xyz').expect(400);
      expect(body).toMatchObject({ code: 'CATGA_INVALID_CURSOR' });
    });

    it('takes definitions for what they are and not for an id', async () => {
      const { http } = await start();
      const { body } = await http.get('/processes/definitions').expect(200);
      expect(body).toEqual([{ name: 'OrderProcess', command: 'CreateOrder', version: '1', steps: [], flow: [] }]);
    });

    it('finds ids with colons, slashes and spaces, plain or percent-encoded', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:42');
      processes.put('OrderProcess:a/b c');
      await http.get('/processes/OrderProcess:42').expect(200);
      await http.get('/processes/OrderProcess%3A42/status').expect(200);
      const { body } = await http.get(`/processes/${encodeURIComponent('OrderProcess:a/b c')}/events`).expect(200);
      expect(body).toEqual({ events: [] });
    });

    it('answers 404 as a problem for an unknown id, on every route of a run', async () => {
      const { http } = await start();
      for (const path of ['', '/status', '/events', '/events/stream']) {
        const { body, headers } = await http.get(`/processes/OrderProcess:9${path}?`).expect(404);
        expect(headers['content-type']).toContain('application/problem+json');
        expect(body).toEqual({
          type: 'urn:catga:problem:CATGA_PROCESS_NOT_FOUND',
          title: 'Not Found',
          status: 404,
          detail: expect.stringContaining('OrderProcess:9') as unknown,
          instance: `/processes/OrderProcess:9${path}`,
          code: 'CATGA_PROCESS_NOT_FOUND',
        });
      }
    });

    it('pages through the journal by version', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1');
      for (const type of ['ProcessStarted', 'ProcessStepStarted', 'ProcessStepCompleted']) {
        processes.append('OrderProcess:1', type);
      }
      const { body } = await http.get('/processes/OrderProcess:1/events?after=1&limit=1').expect(200);
      expect((body as { events: object[] }).events).toMatchObject([{ version: 2, type: 'ProcessStepStarted' }]);
      await http.get('/processes/OrderProcess:1/events?after=-1').expect(400);
    });

    it('shows values that JSON has no form for, redacts named fields at any depth, and hides stacks', async () => {
      const { http, processes } = await start({ redact: ['CardNumber', 'id'] });
      const circular: Record<string, unknown> = { amount: 12n };
      circular['self'] = circular;
      processes.put('OrderProcess:1', {
        input: { cardnumber: '4111', lines: new Map([['a', { CARDNUMBER: 4111, tags: new Set([1n]) }]]), circular },
        result: { at: new Date(0), bytes: Buffer.from('abc'), failure: new TypeError('bad') },
      });
      processes.append('OrderProcess:1', 'ProcessStarted', { input: { cardNumber: '4111', id: 7 } });
      const { body, text } = await http.get('/processes/OrderProcess:1').expect(200);
      expect(body).toMatchObject({
        id: 'OrderProcess:1',
        input: {
          cardnumber: '[redacted]',
          lines: { a: { CARDNUMBER: '[redacted]', tags: ['1'] } },
          circular: { amount: '12', self: '[circular]' },
        },
        result: {
          at: '1970-01-01T00:00:00.000Z',
          bytes: 'base64:YWJj',
          failure: { name: 'TypeError', message: 'bad' },
        },
        steps: [{ key: 'pay:1', input: { cardnumber: '[redacted]' } }],
      });
      expect(text).not.toMatch(/4111|secret\.ts/);
      const events = await http.get('/processes/OrderProcess:1/events').expect(200);
      expect(events.body).toMatchObject({
        events: [{ data: { input: { cardNumber: '[redacted]', id: '[redacted]' } } }],
      });
    });
  });

  describe('starting', () => {
    it('starts with an instance of the command class and answers 202 with the place of the run', async () => {
      const { http, processes } = await start();
      const { body, headers } = await http
        .post('/processes/PlainProcess?tag=vip&tag=eu&onExisting=newRun')
        .set('X-Correlation-Id', 'corr-1')
        .send({ orderId: '7/8', amount: 3 })
        .expect(202);
      expect(body).toEqual({ processId: 'PlainProcess:7/8', started: true });
      expect(headers['location']).toBe('/processes/PlainProcess:7%2F8');
      const [, name, command, options] = processes.calls[0] as [string, string, object, object];
      expect(name).toBe('PlainProcess');
      expect(command).toBeInstanceOf(PlainOrder);
      expect(command).toEqual({ orderId: '7/8', amount: 3 });
      expect(options).toEqual({ tags: ['vip', 'eu'], onExisting: 'newRun', correlationId: 'corr-1' });
    });

    it('says that it attached to a run that exists, and 409 when it was told to reject', async () => {
      const { http, processes } = await start();
      processes.put('PlainProcess:1', { status: 'completed' });
      const { body } = await http.post('/processes/PlainProcess').send({ orderId: '1' }).expect(202);
      expect(body).toEqual({ processId: 'PlainProcess:1', started: false });
      const rejected = await http.post('/processes/PlainProcess?onExisting=reject').send({ orderId: '1' }).expect(409);
      expect(rejected.body).toMatchObject({ code: 'CATGA_PROCESS_ALREADY_EXISTS' });
    });

    it('answers 404 for a process nobody has', async () => {
      const { http } = await start();
      const { body } = await http.post('/processes/OderProcess').send({}).expect(404);
      expect(body).toMatchObject({
        code: 'CATGA_PROCESS_UNKNOWN',
        detail: expect.stringContaining('OderProcess') as unknown,
      });
    });

    it('checks the body against the Standard Schema of the command and names the path of each fault', async () => {
      const { http, processes } = await start();
      const { body, headers } = await http
        .post('/processes/SchemaProcess')
        .send({ orderId: '', items: [{ quantity: 1 }, { quantity: 0 }] })
        .expect(422);
      expect(headers['content-type']).toContain('application/problem+json');
      expect(body).toMatchObject({ code: 'CATGA_INVALID_BODY', status: 422, title: 'Unprocessable Entity' });
      expect((body as { errors: object[] }).errors).toMatchObject([
        { path: 'orderId', pointer: '#/orderId' },
        { path: 'items.1.quantity', pointer: '#/items/1/quantity' },
      ]);
      expect(processes.calls).toEqual([]);
    });

    it('starts with what the schema made of the body, still an instance of the command class', async () => {
      const { http, processes } = await start();
      await http.post('/processes/SchemaProcess').send({ orderId: '1', unknown: true }).expect(202);
      const command = processes.calls[0]?.[2];
      expect(command).toBeInstanceOf(SchemaOrder);
      expect(command).toEqual({ orderId: '1', items: [] });
    });

    it('checks the body with class-validator, nested classes included, although the constructor wants parameters', async () => {
      const { http, processes } = await start();
      const { body } = await http
        .post('/processes/DecoratedProcess')
        .send({ items: [{ quantity: 1 }, { quantity: 'two' }] })
        .expect(422);
      const paths = (body as { errors: { path: string }[] }).errors.map(({ path }) => path);
      expect(new Set(paths)).toEqual(new Set(['orderId', 'items.1.quantity']));
      await http
        .post('/processes/DecoratedProcess')
        .send({ orderId: '1', items: [{ quantity: 2 }] })
        .expect(202);
      expect(processes.calls[0]?.[2]).toBeInstanceOf(DecoratedOrder);
    });

    it('refuses a body that is no JSON object', async () => {
      const { http } = await start();
      const { body } = await http.post('/processes/PlainProcess').send([1, 2]).expect(422);
      expect(body).toMatchObject({ code: 'CATGA_INVALID_BODY', errors: [{ path: '', pointer: '#' }] });
    });

    it('cannot be made to change the class of the command by a field called __proto__', async () => {
      const { http, processes } = await start();
      const poison = '{"orderId":"1","__proto__":{"admin":true},"constructor":{"prototype":{"admin":true}}}';
      const sent = http.post('/processes/PlainProcess').type('json').send(poison);
      if (adapter === 'fastify') {
        // Its parser refuses such a body itself.
        await sent.expect(400);
        expect(processes.calls).toEqual([]);
        return;
      }
      await sent.expect(202);
      const command = processes.calls[0]?.[2] as { admin?: unknown };
      expect(command).toBeInstanceOf(PlainOrder);
      expect(command.admin).toBeUndefined();
      expect(({} as { admin?: unknown }).admin).toBeUndefined();
    });

    it.each([
      ['?wait=true', {}],
      ['?wait', {}],
      ['', { Prefer: 'wait=5' }],
    ])('gives the result when the caller waits (%s %j)', async (query, headers) => {
      const { http, processes } = await start({ redact: ['secret'] });
      processes.put('PlainProcess:1', { outcome: Promise.resolve({ total: 5n, secret: 'x' }) });
      const answer = await http.post(`/processes/PlainProcess${query}`).set(headers).send({ orderId: '1' }).expect(200);
      expect(answer.headers['preference-applied']).toBe('Prefer' in headers ? 'wait' : undefined);
      expect(answer.body).toEqual({
        processId: 'PlainProcess:1',
        started: false,
        result: { total: '5', secret: '[redacted]' },
      });
    });

    it('answers 202 when the result takes longer than the limit, and a later failure harms nobody', async () => {
      const { http, processes } = await start({ maxWait: '20ms' });
      const failing = deferred<never>();
      processes.put('PlainProcess:1', { outcome: failing.promise });
      await http.post('/processes/PlainProcess?wait=true').send({ orderId: '1' }).expect(202);
      failing.reject(new Error('later'));
      await new Promise((resolve) => setImmediate(resolve));
    });

    it.each([
      [
        'a refusal of the business',
        new ProcessFailedError('P:1', new DomainError('Declined', { code: 'CARD_DECLINED' })),
        422,
      ],
      ['a failure of the server', new ProcessFailedError('P:1', new TypeError('cannot read secret of undefined')), 500],
      ['a cancellation', new ProcessCancelledError('P:1', 'by hand'), 409],
      ['a parked run', new ProcessParkedError('P:1', 'diverged', 'Its code has changed.'), 409],
    ])('tells %s of a waited-for run by the status', async (_what, error, status) => {
      const { http, processes } = await start();
      const outcome = Promise.reject<unknown>(error);
      outcome.catch(() => undefined);
      processes.put('PlainProcess:1', { outcome });
      const { body, text } = await http.post('/processes/PlainProcess?wait=true').send({ orderId: '1' }).expect(status);
      expect(body).toMatchObject({ status, code: error.code });
      expect(text).not.toContain('secret');
      if (status === 422)
        expect(body).toMatchObject({ processId: 'P:1', reason: { code: 'CARD_DECLINED', message: 'Declined' } });
    });
  });

  describe('operating', () => {
    it('cancels with who, why and without compensation, and answers how far the run is', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1');
      const { body } = await http
        .post('/processes/OrderProcess:1/cancel')
        .send({ by: 'anna', reason: 'duplicate', compensate: false })
        .expect(202);
      expect(body).toMatchObject({ id: 'OrderProcess:1', status: 'compensating' });
      expect(processes.calls).toEqual([
        ['cancel', 'OrderProcess:1', { by: 'anna', reason: 'duplicate', compensate: false }],
      ]);
    });

    it('needs no body to cancel or retry', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1', { status: 'diverged' });
      await http.post('/processes/OrderProcess:1/retry').expect(202);
      await http.post('/processes/OrderProcess:1/cancel').expect(202);
      expect(processes.calls).toEqual([
        ['retry', 'OrderProcess:1', {}],
        ['cancel', 'OrderProcess:1', {}],
      ]);
    });

    it.each(['retry', 'skip', 'done'])('decides %s about a compensation that gave up', async (decision) => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1', { status: 'compensation-stuck' });
      await http.post(`/processes/OrderProcess:1/compensations/pay:1/${decision}`).send({ by: 'anna' }).expect(202);
      expect(processes.calls).toEqual([['decide', 'OrderProcess:1', 'pay:1', decision, { by: 'anna' }]]);
    });

    it('answers 404 for an unknown step or run and 409 for what is decided already', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1', { status: 'completed' });
      const step = await http.post('/processes/OrderProcess:1/compensations/nope/skip').expect(404);
      expect(step.body).toMatchObject({ code: 'CATGA_PROCESS_STEP_NOT_FOUND' });
      const conflict = await http.post('/processes/OrderProcess:1/cancel').expect(409);
      expect(conflict.body).toMatchObject({ code: 'CATGA_PROCESS_CONFLICT', title: 'Conflict' });
      await http.post('/processes/OrderProcess:2/cancel').expect(404);
      await http.post('/processes/OrderProcess:1/compensations/pay/undo').expect(404);
    });

    it('refuses a body with fields that the operation does not know, or of another type', async () => {
      const { http, processes } = await start();
      processes.put('OrderProcess:1');
      const wrong = { by: 7, reson: 'typo', compensate: 'no' };
      const { body } = await http.post('/processes/OrderProcess:1/cancel').send(wrong).expect(422);
      const paths = (body as { errors: { path: string }[] }).errors.map(({ path }) => path);
      expect(paths).toEqual(['by', 'reson', 'compensate']);
      await http.post('/processes/OrderProcess:1/retry').send({ compensate: true }).expect(422);
      expect(processes.calls).toEqual([]);
    });
  });

  describe('errors', () => {
    it('answers 503 with the code of the store and when to come back', async () => {
      const { http, processes } = await start();
      processes.failWith = new StoreUnavailableError('disk-full', 'The disk is full. Free some space.');
      const { body, headers } = await http.get('/processes').expect(503);
      expect(body).toMatchObject({ code: 'CATGA_STORE_DISK_FULL', detail: 'The disk is full. Free some space.' });
      expect(headers['retry-after']).toBeDefined();
    });

    it.each([
      ['an error of nobody knows whom', new Error('password is hunter2'), 'INTERNAL_SERVER_ERROR'],
      ['an internal error of Catga', new ProcessDivergedError('P:1', 'hunter2', 'b'), 'CATGA_PROCESS_DIVERGED'],
      ['something that is no error', 'hunter2', 'INTERNAL_SERVER_ERROR'],
    ])('keeps the text of %s in the log, with its code in the answer', async (_what, error, code) => {
      const { http, processes, logs } = await start();
      processes.failWith = error;
      const { body, text } = await http.get('/processes').expect(500);
      expect(body).toMatchObject({ code, status: 500 });
      expect(text).not.toMatch(/hunter2|stack|\.ts/);
      expect(logs.lines.join()).toContain('hunter2');
    });

    it('leaves routes of the application to the application', async () => {
      const { http } = await start();
      const { body, headers } = await http.get('/elsewhere').expect(404);
      expect(headers['content-type']).toContain('application/json');
      expect(body).toMatchObject({ statusCode: 404 });
    });
  });

  describe('who may change something', () => {
    const posts = [
      '/processes/PlainProcess',
      '/processes/PlainProcess:1/cancel',
      '/processes/PlainProcess:1/retry',
      '/processes/PlainProcess:1/compensations/pay/skip',
    ];

    it.each(['production', 'staging'])('nobody, when NODE_ENV is %s and nothing is configured', async (nodeEnv) => {
      await inEnvironment(nodeEnv, async () => {
        const { http, processes, logs } = await start();
        processes.put('PlainProcess:1');
        for (const path of posts) {
          const { body, headers } = await http.post(path).send({ orderId: '1' }).expect(403);
          expect(headers['content-type']).toContain('application/problem+json');
          expect(body).toMatchObject({ code: 'CATGA_OPERATIONS_CLOSED', status: 403 });
          expect((body as { detail: string }).detail).toContain('allowOperations: true');
          expect((body as { detail: string }).detail).toContain('guards');
        }
        await http.get('/processes/PlainProcess:1').expect(200);
        expect(processes.calls).toEqual([]);
        expect(logs.lines.join('\n')).toMatch(/log Process endpoints at \/processes: .*closed.*NODE_ENV is "/);
      });
    });

    it('everybody in development, in tests and where NODE_ENV is not set, with a warning at boot', async () => {
      for (const nodeEnv of ['development', 'test', undefined]) {
        await inEnvironment(nodeEnv, async () => {
          const { http, app, logs } = await start();
          await http.post('/processes/PlainProcess').send({ orderId: '1' }).expect(202);
          expect(logs.lines.join('\n')).toMatch(/warn Process endpoints at \/processes: .*are open/);
          await app.close();
        });
      }
    });

    it('everybody, where that was said in words', async () => {
      await inEnvironment('production', async () => {
        const { http, logs } = await start({ allowOperations: true });
        await http.post('/processes/PlainProcess').send({ orderId: '1' }).expect(202);
        expect(logs.lines.join('\n')).toContain('allowOperations is true');
      });
    });

    it('whom the guards let in, who decide about reading as well and keep their status', async () => {
      await inEnvironment('production', async () => {
        const { http } = await start({ guards: [TokenGuard] });
        const refused = await http.post('/processes/PlainProcess').send({ orderId: '1' }).expect(403);
        expect(refused.body).toMatchObject({ code: 'FORBIDDEN', detail: 'No token', title: 'Forbidden' });
        await http.get('/processes').expect(403);
        await http.get('/processes').set('x-token', 'right').expect(200);
        await http.post('/processes/PlainProcess').set('x-token', 'right').send({ orderId: '1' }).expect(202);
      });
    });

    it('nobody, when operations are switched off, not even with a guard or in development', async () => {
      const { http } = await start({ guards: [TokenGuard], allowOperations: false });
      const { body } = await http
        .post('/processes/PlainProcess')
        .set('x-token', 'right')
        .send({ orderId: '1' })
        .expect(403);
      expect(body).toMatchObject({ code: 'CATGA_OPERATIONS_CLOSED' });
    });
  });

  describe('mounting', () => {
    it('follows path and global prefix, also in Location', async () => {
      const { http } = await start({ path: 'admin/runs' }, {}, (app) => app.setGlobalPrefix('api'));
      const { headers } = await http.post('/api/admin/runs/PlainProcess').send({ orderId: '1' }).expect(202);
      expect(headers['location']).toBe('/api/admin/runs/PlainProcess:1');
      await http.get('/api/admin/runs/PlainProcess:1').expect(200);
      await http.get('/processes').expect(404);
    });

    it('mounts twice with different guards, neither mount knowing of the other', async () => {
      const second = CatgaProcessesHttpModule.forRoot({ path: 'guarded', guards: [TokenGuard] });
      const { http } = await start(undefined, { imports: [second] });
      await http.get('/processes').expect(200);
      await http.get('/guarded').expect(403);
    });

    it('lets RouterModule choose the place', async () => {
      @Module({ controllers: [createProcessesController({ path: '' })] })
      class AdminModule {}
      const routes = RouterModule.register([{ path: 'backoffice', module: AdminModule }]);
      const { http } = await start(undefined, { imports: [AdminModule, routes] });
      await http.get('/backoffice/definitions').expect(200);
    });

    it.each([
      [{ pathh: 'x' }, 'CATGA_UNKNOWN_OPTION', 'path'],
      [{ path: 7 }, 'CATGA_INVALID_OPTION', 'endpoints.path'],
      [{ guards: [{}] }, 'CATGA_INVALID_OPTION', 'endpoints.guards'],
      [{ allowOperations: 'yes' }, 'CATGA_INVALID_OPTION', 'endpoints.allowOperations'],
      [{ redact: 'cardNumber' }, 'CATGA_INVALID_OPTION', 'endpoints.redact'],
      [{ limits: { text: 0 } }, 'CATGA_INVALID_OPTION', 'endpoints.limits'],
      [{ limits: { texts: 1 } }, 'CATGA_UNKNOWN_OPTION', 'text'],
      [{ heartbeat: 'often' }, 'CATGA_INVALID_DURATION', 'endpoints.heartbeat'],
    ])('refuses %j at boot', (options, code, mentions) => {
      const mount = () => CatgaProcessesHttpModule.forRoot(options as ProcessesHttpOptions);
      expect(mount).toThrow(expect.objectContaining({ code, message: expect.stringContaining(mentions) as unknown }));
    });
  });
});

function deferred<T>() {
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((_resolve, refuse) => {
    reject = refuse;
  });
  return { promise, reject };
}
