import 'reflect-metadata';
import type { Server } from 'node:http';
import { jest } from '@jest/globals';
import {
  ConsoleLogger,
  Controller,
  ForbiddenException,
  Get,
  Global,
  Module,
  type CanActivate,
  type DynamicModule,
} from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { HealthCheckService, TerminusModule } from '@nestjs/terminus';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import { CatgaHealthIndicator, CatgaHealthModule, type CatgaHealthOptions } from '../../src/health/index.js';
import { CatgaProblemFilter } from '../../src/http/index.js';
import { Processes, type ProcessFilter, type ProcessPage, type ProcessStatus } from '../../src/processes/index.js';
import { MemoryStore, Store, StoreUnavailableError } from '../../src/store/index.js';

/** A store that answers a ping as the test wants. */
class PingedStore extends MemoryStore {
  pings = 0;
  pong: () => Promise<void> = () => Promise.resolve();
  override ping(): Promise<void> {
    this.pings++;
    return this.pong();
  }
}

const away = (): Promise<void> => Promise.reject(new StoreUnavailableError('disk-full', 'The disk is full.'));
const silent = (): Promise<void> => new Promise(() => undefined);

/** Only the list of processes, which is all that health looks at. */
class ListedProcesses {
  parked: ProcessStatus[] = [];
  list = async ({ status }: ProcessFilter): Promise<ProcessPage> => ({
    processes: this.parked.filter((one) => one === status).map((one, n) => ({ id: `P:${n}`, status: one }) as never),
  });
}

@Global()
@Module({})
class FakeCatgaModule {
  static with(store: Store, processes?: ListedProcesses): DynamicModule {
    const provided = processes ? [{ provide: Processes, useValue: processes }] : [];
    return {
      module: FakeCatgaModule,
      providers: [{ provide: Store, useValue: store }, ...provided],
      exports: [Store, ...(processes ? [Processes] : [])],
    };
  }
}

describe('health', () => {
  let close: () => Promise<void> = async () => undefined;
  afterEach(() => close());

  const start = async (options?: CatgaHealthOptions, metadata: Parameters<typeof Test.createTestingModule>[0] = {}) => {
    const store = new PingedStore();
    const processes = new ListedProcesses();
    const { imports = [], ...rest } = metadata;
    const module = await Test.createTestingModule({
      imports: [
        FakeCatgaModule.with(store, processes),
        CatgaHealthModule.forRoot({ terminus: { logger: false }, ...options }),
        ...imports,
      ],
      ...rest,
    })
      .setLogger(new ConsoleLogger({ logLevels: [] }))
      .compile();
    const app = module.createNestApplication();
    await app.init();
    close = () => app.close();
    const http = request(app.getHttpServer() as Server);
    return { app, store, processes, http, indicator: app.get(CatgaHealthIndicator) };
  };

  it('is up with every part named when all is well', async () => {
    const { http } = await start();
    const { body } = await http.get('/health').expect(200);
    expect(body).toMatchObject({ status: 'ok', error: {} });
    expect((body as { details: object }).details).toEqual({
      application: { status: 'up' },
      transport: { status: 'up', name: 'memory' },
      eventStore: { status: 'up', name: 'memory', durable: false },
      processStore: { status: 'up', name: 'memory', durable: false },
      messageQueue: { status: 'up', name: 'memory' },
    });
  });

  it('shows what puts the data of the store at risk, and stays up', async () => {
    const { http, store } = await start();
    const warnings = [{ code: 'fake-limit', message: 'Old events are thrown away.' }];
    store.warnings = () => warnings;
    const { body } = await http.get('/health').expect(200);
    expect(body).toMatchObject({ details: { eventStore: { status: 'up', warnings } } });
  });

  it('goes down with the store, says why, stays alive, and is ready again when the store is back', async () => {
    const { http, store } = await start();
    await http.get('/health/ready').expect(200);
    store.pong = away;
    const { body, headers } = await http.get('/health').expect(503);
    expect(headers['content-type']).toContain('application/json');
    expect(body).toMatchObject({
      status: 'error',
      error: { eventStore: { status: 'down', message: 'The disk is full.', code: 'CATGA_STORE_DISK_FULL' } },
      details: { transport: { status: 'up' }, processStore: { status: 'down' } },
    });
    await http.get('/health/ready').expect(503);
    await http.get('/health/live').expect(200);
    store.pong = () => Promise.resolve();
    await http.get('/health/ready').expect(200);
    await http.get('/health').expect(200);
  });

  it('is down when the store does not answer in time, and up as soon as a new question is answered', async () => {
    const { http, store } = await start({ timeout: 40 });
    store.pong = silent;
    const { body } = await http.get('/health/ready').expect(503);
    expect(body).toMatchObject({ error: { eventStore: { message: 'Store "memory" did not answer within 40 ms' } } });
    store.pong = () => Promise.resolve();
    await new Promise((resolve) => setTimeout(resolve, 50));
    await http.get('/health/ready').expect(200);
  });

  it('asks the store once for all parts of one check', async () => {
    const { http, store } = await start();
    await http.get('/health').expect(200);
    expect(store.pings).toBe(1);
    await http.get('/health').expect(200);
    expect(store.pings).toBe(2);
  });

  it('is degraded, and still ready, while runs wait for a decision', async () => {
    const { http, processes } = await start();
    processes.parked = ['diverged', 'compensation-stuck', 'diverged'];
    const { body } = await http.get('/health').expect(200);
    expect(body).toMatchObject({
      status: 'degraded',
      details: { processStore: { status: 'degraded', parked: { diverged: 2, 'compensation-stuck': 1 } } },
    });
    const ready = await http.get('/health/ready').expect(200);
    expect(ready.body).toMatchObject({ status: 'ok' });
  });

  it.each<[CatgaHealthOptions, number, string]>([
    [{ parked: 'down' }, 503, 'error'],
    [{ parked: 'ignore' }, 200, 'ok'],
    [{ maxParked: 2 }, 200, 'ok'],
    [{ maxParked: 1, parked: 'down' }, 503, 'error'],
  ])('can be told what two parked runs mean: %j', async (options, status, text) => {
    const { http, processes } = await start(options);
    processes.parked = ['poisoned', 'history-limit'];
    const { body } = await http.get('/health').expect(status);
    expect(body).toMatchObject({ status: text });
  });

  it('is down, and does not throw, when the runs cannot be listed', async () => {
    const { http, processes } = await start();
    processes.list = () => Promise.reject(new Error('no list'));
    const { body } = await http.get('/health').expect(503);
    expect(body).toMatchObject({ error: { processStore: { status: 'down', message: 'no list' } } });
  });

  it('is not ready before it has started nor once it shuts down', async () => {
    const store = new PingedStore();
    const module = await Test.createTestingModule({
      imports: [FakeCatgaModule.with(store), CatgaHealthModule.forRoot()],
    })
      .setLogger(new ConsoleLogger({ logLevels: [] }))
      .compile();
    const app = module.createNestApplication();
    const indicator = app.get(CatgaHealthIndicator);
    expect(await indicator.application()).toMatchObject({
      application: { status: 'down', message: 'The application is starting.' },
    });
    await app.init();
    expect(await indicator.application()).toEqual({ application: { status: 'up' } });
    await app.close();
    expect(await indicator.application()).toMatchObject({ application: { status: 'down' } });
  });

  it('puts all parts under one key for a health check of your own, the worst part deciding', async () => {
    const { indicator, store, processes } = await start();
    expect(await indicator.isHealthy('catga')).toMatchObject({
      catga: { status: 'up', messageQueue: { status: 'up' } },
    });
    processes.parked = ['diverged'];
    expect(await indicator.isHealthy('catga')).toMatchObject({
      catga: { status: 'degraded', eventStore: { status: 'up' }, processStore: { status: 'degraded' } },
    });
    expect(await indicator.isHealthy('catga', ['transport', 'eventStore'])).toMatchObject({ catga: { status: 'up' } });
    store.pong = () => {
      throw new Error('thrown, not rejected');
    };
    expect(await indicator.isHealthy('catga')).toMatchObject({
      catga: { status: 'down', eventStore: { status: 'down', message: 'thrown, not rejected' } },
    });
    expect(await indicator.sagaStore()).toMatchObject({ sagaStore: { status: 'down' } });
  });

  it('works in a health check of the application with nothing but Terminus and a store', async () => {
    @Controller('own')
    class OwnController {
      constructor(
        private readonly health: HealthCheckService,
        private readonly catga: CatgaHealthIndicator,
      ) {}
      @Get()
      check() {
        return this.health.check([() => this.catga.isHealthy('catga'), () => this.catga.eventStore('db')]);
      }
    }
    const module = await Test.createTestingModule({
      imports: [FakeCatgaModule.with(new PingedStore()), TerminusModule],
      controllers: [OwnController],
      providers: [CatgaHealthIndicator],
    }).compile();
    const app = module.createNestApplication();
    await app.init();
    close = () => app.close();
    const { body } = await request(app.getHttpServer() as Server)
      .get('/own')
      .expect(200);
    expect(body).toMatchObject({ status: 'ok', details: { catga: { status: 'up' }, db: { status: 'up' } } });
  });

  it('keeps its body under a filter of the application that turns errors into problems', async () => {
    const { http, store } = await start(undefined, {
      providers: [{ provide: APP_FILTER, useClass: CatgaProblemFilter }],
    });
    store.pong = away;
    const { body } = await http.get('/health').expect(503);
    expect(body).toMatchObject({ status: 'error', details: { eventStore: { status: 'down' } } });
  });

  it('follows its path and guards', async () => {
    class Closed implements CanActivate {
      canActivate(): boolean {
        throw new ForbiddenException();
      }
    }
    const { http } = await start(
      { path: 'internal/health' },
      { imports: [CatgaHealthModule.forRoot({ guards: [Closed] })] },
    );
    await http.get('/internal/health/live').expect(200);
    await http.get('/health/live').expect(403);
  });

  it.each([
    [{ paht: 'x' }, 'CATGA_UNKNOWN_OPTION'],
    [{ parked: 'up' }, 'CATGA_INVALID_OPTION'],
    [{ maxParked: -1 }, 'CATGA_INVALID_OPTION'],
    [{ timeout: '0s' }, 'CATGA_INVALID_OPTION'],
    [{ timeout: 'soon' }, 'CATGA_INVALID_DURATION'],
  ])('refuses %j at boot', (options, code) => {
    expect(() => CatgaHealthModule.forRoot(options as CatgaHealthOptions)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the entry points', () => {
  it('has health under @catga/core/health, and loads the main one where Terminus is not installed', async () => {
    const entry = (await import('@catga/core/health')) as { CatgaHealthModule: unknown };
    expect(entry.CatgaHealthModule).toBe(CatgaHealthModule);
    jest.resetModules();
    jest.unstable_mockModule('@nestjs/terminus', () => {
      throw new Error('not installed');
    });
    await expect(import('@catga/core')).resolves.toHaveProperty('Mediator');
    await expect(import('@catga/core/health')).rejects.toThrow('not installed');
  });
});
