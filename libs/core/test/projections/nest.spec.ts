import type { DynamicModule, INestApplication } from '@nestjs/common';
import { Module } from '@nestjs/common';
import { DocumentBuilder, SwaggerModule } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import {
  CatgaModule,
  EventLog,
  On,
  Projection,
  ProjectionManager,
  ReadModels,
  type CatgaModuleOptions,
  type ProjectionContext,
} from '@catga/core';
import { CatgaHealthModule } from '@catga/core/health';
import { Ledger } from './support/ledger.js';
import { OrderPlaced, orderProjection, Orders, until } from './support/shop.js';

const open: INestApplication[] = [];
afterEach(async () => {
  for (const app of open.splice(0)) await app.close();
});

async function application(
  providers: unknown[],
  options: CatgaModuleOptions = {},
  imports: DynamicModule[] = [],
): Promise<INestApplication> {
  @Module({
    imports: [CatgaModule.forRoot({ store: { mode: 'copy' }, ...options }), ...imports],
    providers: providers as never,
  })
  class AppModule {}
  const module = await Test.createTestingModule({ imports: [AppModule] }).compile();
  const app = module.createNestApplication({ logger: false });
  open.push(app);
  await app.listen(0, '127.0.0.1');
  return app;
}

/** Fields of an answer that the OpenAPI document does not have, and those it promises that are not there. */
function undescribed(schema: Described | undefined, value: unknown, path = ''): string[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => undescribed(schema?.items, item, `${path}.${i}`));
  if (schema === undefined) return [`${path} is not described`];
  if (typeof value !== 'object' || value === null) return [];
  const missing = (schema.required ?? [])
    .filter((name) => !(name in value))
    .map((name) => `${path}.${name} is missing`);
  const inside = Object.entries(value).flatMap(([name, field]) =>
    undescribed(schema.properties?.[name], field, `${path}.${name}`),
  );
  return [...missing, ...inside];
}

interface Answer {
  readonly content: Readonly<Record<string, { readonly schema: Described }>>;
}

interface Described {
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Described>>;
  readonly items?: Described;
}

async function call(app: INestApplication, method: string, path: string, body?: object) {
  const response = await fetch(`${await app.getUrl()}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> };
}

describe('projections in a Nest application', () => {
  it('are found, injected, kept up and operated over HTTP', async () => {
    let broken = true;
    const projection = orderProjection({ onError: { attempts: 1, then: 'skip' } }, (event) => {
      if (broken && event instanceof OrderPlaced && event.orderId === '2') throw new Error('not yet');
    });
    const app = await application([projection]);
    const log = app.get(EventLog);
    await log.append('order-1', [new OrderPlaced('1', 'de', 5)]);
    const { position } = await log.append('order-2', [new OrderPlaced('2', 'de', 5)]);
    await app.get(ProjectionManager).waitFor(projection, position);
    expect(await app.get(ReadModels).of(projection, Orders).get('1')).toMatchObject({ amount: 5 });

    const all = await call(app, 'GET', '/projections');
    expect(all.body['projections']).toMatchObject([
      { name: 'order-list', condition: 'running', position: 2, deadLetters: 1, lag: { events: 0 } },
    ]);
    const letters = await call(app, 'GET', '/projections/order-list/dead-letters');
    expect(letters.body['deadLetters']).toMatchObject([{ id: '1-2', reason: 'failed', error: { message: 'not yet' } }]);
    expect(JSON.stringify(letters.body)).not.toContain('.ts:');
    const { paths } = SwaggerModule.createDocument(app, new DocumentBuilder().build());
    const schemaOf = (path: string, method: 'get' | 'post' = 'get'): Described | undefined => {
      const answer = paths[path]?.[method]?.responses['200'] as Answer | undefined;
      return answer?.content['application/json']?.schema;
    };
    expect(undescribed(schemaOf('/projections'), all.body)).toEqual([]);
    expect(undescribed(schemaOf('/projections/{name}/dead-letters'), letters.body)).toEqual([]);
    const failed = await call(app, 'POST', '/projections/order-list/dead-letters/1-2/replay');
    expect(failed.body).toHaveProperty('failed');
    expect(undescribed(schemaOf('/projections/{name}/dead-letters/{id}/replay', 'post'), failed.body)).toEqual([]);
    broken = false;
    const replay = await call(app, 'POST', '/projections/order-list/dead-letters/1-2/replay');
    expect(replay).toMatchObject({ status: 200, body: { replayed: 1 } });
    expect((await call(app, 'GET', '/projections/order-list/dead-letters/1-2')).status).toBe(404);

    const paused = await call(app, 'POST', '/projections/order-list/pause', { by: 'ada' });
    expect(paused.body).toMatchObject({ condition: 'paused', paused: { by: 'ada' } });
    expect(undescribed(schemaOf('/projections/{name}/pause', 'post'), paused.body)).toEqual([]);
    expect((await call(app, 'POST', '/projections/order-list/resume')).body).not.toHaveProperty('paused');
    expect((await call(app, 'POST', '/projections/order-list/rebuild')).status).toBe(202);
    await until(
      async () => ((await call(app, 'GET', '/projections/order-list')).body['generation'] as number) === 2,
      'it is rebuilt',
    );
    expect(await app.get(ReadModels).of(projection, Orders).get('2')).toMatchObject({ amount: 5 });
    expect((await call(app, 'POST', '/projections/order-list/rebuild/cancel')).status).toBe(200);
    expect(await call(app, 'GET', '/projections/order-lst')).toMatchObject({
      status: 404,
      body: { code: 'CATGA_PROJECTION_UNKNOWN', detail: expect.stringContaining('Did you mean "order-list"') },
    });
    expect((await call(app, 'POST', '/projections/order-list/pause', { who: 1 })).status).toBe(422);
    expect((await call(app, 'GET', '/projections/order-list/dead-letters?limt=1')).status).toBe(400);
  });

  it('are behind the guards of the process endpoints, and closed where those are', async () => {
    const closed = await application([orderProjection()], { endpoints: { allowOperations: false } });
    expect((await call(closed, 'GET', '/projections')).status).toBe(200);
    expect(await call(closed, 'POST', '/projections/order-list/rebuild')).toMatchObject({
      status: 403,
      body: { code: 'CATGA_OPERATIONS_CLOSED' },
    });
    class Nobody {
      canActivate(): boolean {
        return false;
      }
    }
    const guarded = await application([orderProjection()], { endpoints: { guards: [Nobody] } });
    expect((await call(guarded, 'GET', '/projections')).status).toBe(403);
    const none = await application([orderProjection()], { endpoints: false });
    expect((await call(none, 'GET', '/projections')).status).toBe(404);
  });

  it('make the health degraded when one stands still or is too far behind, and never down', async () => {
    const fault = { broken: true };
    const projection = orderProjection({ onError: { attempts: 1 } }, () => {
      if (fault.broken) throw new Error('no room');
    });
    const app = await application([projection], {}, [CatgaHealthModule.forRoot({ maxProjectionLag: '20ms' })]);
    const health = async () => {
      const { status: code, body } = await call(app, 'GET', '/health');
      const { projections } = body['details'] as { projections: { status: string; message?: string } };
      return { code, ...projections };
    };
    expect(await health()).toMatchObject({ status: 'up' });
    const { position } = await app.get(EventLog).append('order-1', [new OrderPlaced('1', 'de', 5)]);
    const manager = app.get(ProjectionManager);
    await until(async () => (await manager.status(projection)).condition === 'failed', 'it has failed');
    expect(await health()).toMatchObject({ status: 'degraded', message: expect.stringContaining('stands still') });
    fault.broken = false;
    await manager.resume(projection);
    await manager.waitFor(projection, position);
    expect(await health()).toMatchObject({ status: 'up' });
    await manager.pause(projection);
    await app.get(EventLog).append('order-2', [new OrderPlaced('2', 'de', 5)]);
    await until(async () => (await health()).status === 'degraded', 'it is behind');
    expect(await health()).toMatchObject({ message: expect.stringContaining('ms behind') });
    expect(await health()).toMatchObject({ code: 200, status: 'degraded' });
  });

  it('fail at boot, with what to write, when options or a target are wrong', async () => {
    const boot = (providers: unknown[], options?: object) => application(providers, options as never);
    await expect(boot([], { projections: { leese: '5s' } })).rejects.toMatchObject({ code: 'CATGA_UNKNOWN_OPTION' });
    await expect(boot([], { projections: { lease: '1ms' } })).rejects.toMatchObject({ code: 'CATGA_INVALID_OPTION' });
    await expect(boot([orderProjection({ name: '' })])).rejects.toMatchObject({ code: 'CATGA_PROJECTION_DEFINITION' });
    @Projection({ name: 'own', target: Ledger })
    class Own {
      @On(OrderPlaced) placed(): void {}
    }
    await expect(boot([Own])).rejects.toThrow('its target Ledger is no provider');
  });

  it('may keep their model and position in a database of their own, applied if newer', async () => {
    @Projection({ name: 'ledger', target: Ledger, batch: 2, onError: { attempts: 3, backoff: 1 } })
    class LedgerProjection {
      failures = 1;
      @On(OrderPlaced)
      placed(event: OrderPlaced, ctx: ProjectionContext<Map<string, number>>) {
        ctx.target.set(event.country, (ctx.target.get(event.country) ?? 0) + event.amount);
        if (event.orderId === '3' && this.failures-- > 0) throw new Error('once');
      }
    }
    const app = await application([LedgerProjection, Ledger]);
    const ledger = app.get(Ledger);
    // The answer of a transaction is lost: the position in the database says that it was applied.
    ledger.loseAnswer = true;
    let position = 0;
    for (let n = 1; n <= 6; n++)
      ({ position } = await app.get(EventLog).append(`order-${n}`, [new OrderPlaced(String(n), 'de', n)]));
    await app.get(ProjectionManager).waitFor(LedgerProjection, position);
    expect(ledger.sums.get('de')).toBe(21);
    expect(ledger.positions.get('ledger@1/0')).toBe(position);
  });
});
