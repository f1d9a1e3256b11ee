import {
  type CallHandler,
  Controller,
  type ExecutionContext,
  type NestInterceptor,
  Scope,
  UseFilters,
  UseGuards,
  UseInterceptors,
  UsePipes,
} from '@nestjs/common';
import {
  BaseRpcExceptionFilter,
  Ctx,
  EventPattern,
  MessagePattern,
  Payload,
  RpcException,
} from '@nestjs/microservices';
import { CatgaContext, CatgaRecordBuilder } from '@catga/core/microservices';
import {
  concat,
  concatMap,
  delay,
  finalize,
  firstValueFrom,
  from,
  interval,
  lastValueFrom,
  map,
  NEVER,
  of,
  take,
  throwError,
  timeout,
  toArray,
  type Observable,
} from 'rxjs';
import { brokers } from './support/brokers.js';
import { closing, gate, Notes, pause, startService, until } from './support/service.js';

/** What a promise is rejected with, whatever it is. */
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => {
      throw new Error(`It should have failed; it gave ${JSON.stringify(value)}`);
    },
    (error: unknown) => error,
  );

describe.each(brokers)('requests to a Nest microservice on %s', (_name, newBroker) => {
  it('are answered with what the method returns', async () => {
    @Controller()
    class Sums {
      @MessagePattern({ cmd: 'sum' })
      sum(numbers: number[]): number {
        return numbers.reduce((one, other) => one + other, 0);
      }
      @MessagePattern('later')
      async later(data: unknown): Promise<unknown> {
        return Promise.resolve({ data, at: new Date(7) });
      }
      @MessagePattern('nothing')
      nothing(_data: unknown): void {
        return undefined;
      }
      @MessagePattern('empty')
      empty(_data: unknown): Observable<never> {
        return from([]);
      }
      @MessagePattern('context')
      context(@Payload() data: unknown, @Ctx() context: CatgaContext): unknown {
        return [
          data,
          context.getMessageId(),
          context.getHeaders()['tenant'],
          context.getPattern(),
          context.getAttempt(),
        ];
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'sums' }), [Sums]);
    const client = closing(broker.client());
    // The order of the fields of a pattern does not matter.
    expect(await firstValueFrom(client.send({ cmd: 'sum' }, [1, 2, 3]))).toBe(6);
    expect(await firstValueFrom(client.send('later', { a: 1 }))).toEqual({ data: { a: 1 }, at: new Date(7) });
    expect(await firstValueFrom(client.send('nothing', 1))).toBeUndefined();
    expect(await lastValueFrom(client.send('empty', 1).pipe(toArray()))).toEqual([]);
    const record = new CatgaRecordBuilder('data').setId('r-1').setHeaders({ tenant: 'acme' }).build();
    expect(await firstValueFrom(client.send('context', record))).toEqual(['data', 'r-1', 'acme', 'context', 1]);
  });

  it('get all values of an observable, at once or as they come', async () => {
    const notes = new Notes();
    const door = gate();
    @Controller()
    class Values {
      @MessagePattern('at once')
      atOnce(count: number): Observable<number> {
        return from(Array.from({ length: count }, (_, number) => number));
      }
      @MessagePattern('slowly')
      slowly(_data: unknown): Observable<string> {
        const second = from(door.passed).pipe(map(() => 'second'));
        return concat(of('first'), second, of('third').pipe(delay(10))).pipe(finalize(() => notes.add('end')));
      }
      @MessagePattern('large')
      large(_data: unknown): Observable<string> {
        return from(['a', 'b', 'c', 'd']).pipe(map((letter) => letter.repeat(500_000)));
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'values' }), [Values]);
    const client = closing(broker.client());
    expect(await lastValueFrom(client.send('at once', 3).pipe(toArray()))).toEqual([0, 1, 2]);
    const seen = new Notes();
    const all = lastValueFrom(client.send<string>('slowly', 1).pipe(concatMap(async (value) => seen.add(value))));
    // The first is here while the second is not there yet.
    expect(await seen.reach(1)).toEqual(['first']);
    door.open();
    await all;
    expect(seen.list).toEqual(['first', 'second', 'third']);
    await notes.reach(1);
    // Together larger than any message may be.
    const large = await lastValueFrom(client.send<string>('large', 1).pipe(toArray()));
    expect(large.map((value) => `${value.length}${value[0]}`)).toEqual(['500000a', '500000b', '500000c', '500000d']);
  });

  it('end the method when the caller wants no more', async () => {
    const notes = new Notes();
    @Controller()
    class Values {
      @MessagePattern('endless')
      endless(_data: unknown): Observable<number> {
        return interval(5).pipe(finalize(() => notes.add('end')));
      }
      @MessagePattern('one and no more')
      oneAndNoMore(_data: unknown): Observable<number> {
        return concat(of(1), NEVER).pipe(finalize(() => notes.add('end')));
      }
      @MessagePattern('none')
      none(@Payload() _data: unknown, @Ctx() context: CatgaContext): Observable<never> {
        context.getSignal().addEventListener('abort', () => notes.add('abort'));
        return NEVER.pipe(finalize(() => notes.add('end')));
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'values' }), [Values]);
    const client = closing(broker.client());
    expect(await lastValueFrom(client.send('endless', 1).pipe(take(3), toArray()))).toEqual([0, 1, 2]);
    await notes.reach(1);
    // While it waits for the next one.
    const waiting = client.send('one and no more', 1).subscribe();
    await pause(150);
    expect(notes.list).toHaveLength(1);
    waiting.unsubscribe();
    await notes.reach(2);
    // Before there was any.
    const impatient = closing(broker.client({ timeout: 150 }));
    expect(await failure(lastValueFrom(impatient.send('none', 1)))).toMatchObject({ code: 'CATGA_REQUEST_TIMEOUT' });
    await notes.reach(4);
    expect(notes.list.slice(2).map(String).sort()).toEqual(['abort', 'end']);
  });

  it('fail with what the method threw, as other transports of Nest have it', async () => {
    @UseFilters(new BaseRpcExceptionFilter())
    @Controller()
    class Failing {
      @MessagePattern('object')
      object(_data: unknown): void {
        throw new RpcException({ code: 7, detail: 'x' });
      }
      @MessagePattern('text')
      text(_data: unknown): Observable<never> {
        return throwError(() => new RpcException('said'));
      }
      @MessagePattern('secret')
      async secret(_data: unknown): Promise<void> {
        return Promise.reject(new Error('password is 1234'));
      }
      @MessagePattern('midway')
      midway(_data: unknown): Observable<number> {
        return concat(
          of(1),
          of(2).pipe(delay(20)),
          throwError(() => new RpcException('broken')),
        );
      }
      @MessagePattern('unencodable')
      unencodable(_data: unknown): unknown {
        return { call: () => 1 };
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'failing' }), [Failing]);
    const client = closing(broker.client());
    expect(await failure(firstValueFrom(client.send('object', 1)))).toEqual({ code: 7, detail: 'x' });
    expect(await failure(firstValueFrom(client.send('text', 1)))).toEqual({ status: 'error', message: 'said' });
    const hidden = { status: 'error', message: 'Internal server error' };
    expect(await failure(firstValueFrom(client.send('secret', 1)))).toEqual(hidden);
    const seen: unknown[] = [];
    const midway = lastValueFrom(client.send('midway', 1).pipe(map((value) => seen.push(value))));
    expect(await failure(midway)).toEqual({ status: 'error', message: 'broken' });
    expect(seen).toEqual([1, 2]);
    const unencodable = { status: 'error', code: 'CATGA_UNENCODABLE_VALUE' };
    expect(await failure(firstValueFrom(client.send('unencodable', 1)))).toMatchObject(unencodable);
    const transport = closing(await broker.transport());
    const reply = await transport.request({ id: 'u-1', subject: 'rpc.text', body: '{' });
    expect(String(reply.body)).toContain('CATGA_UNDECODABLE_PAYLOAD');
  });

  it('fail at once when nobody answers, and in time when the answer does not come', async () => {
    const signals: AbortSignal[] = [];
    @Controller()
    class Silent {
      @MessagePattern('silent')
      silent(@Payload() _data: unknown, @Ctx() context: CatgaContext): Observable<never> {
        signals.push(context.getSignal());
        return NEVER;
      }
      @EventPattern('event only')
      event(_data: unknown): void {
        return undefined;
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'silent', drainTimeout: 50 }), [Silent]);
    const client = closing(broker.client({ timeout: 200 }));
    const patient = closing(broker.client());
    const nobody = await failure(firstValueFrom(patient.send('nobody', 1)));
    expect(nobody).toMatchObject({ code: 'CATGA_NO_RESPONDER' });
    expect(await failure(firstValueFrom(patient.send('event only', 1)))).toMatchObject({ code: 'CATGA_NO_RESPONDER' });
    const late = await failure(firstValueFrom(client.send('silent', 1)));
    expect(late).toMatchObject({ code: 'CATGA_REQUEST_TIMEOUT' });
    const impatient = await failure(firstValueFrom(patient.send('silent', 1).pipe(timeout(50))));
    expect(impatient).toMatchObject({ name: 'TimeoutError' });
    expect(signals).toHaveLength(2);
  });

  it('pass guards, pipes, interceptors and scopes of Nest', async () => {
    const notes = new Notes();
    class Doubling implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler<number>): Observable<number> {
        notes.add(`${context.getType()} ${context.switchToRpc().getContext<CatgaContext>().getPattern()}`);
        return next.handle().pipe(map((value) => value * 2));
      }
    }
    let instances = 0;
    @Controller({ scope: Scope.REQUEST })
    class Scoped {
      private readonly number = ++instances;
      @UseGuards({ canActivate: (context) => context.switchToRpc().getData<number>() < 100 })
      @UsePipes({ transform: (value: unknown) => (typeof value === 'number' ? value + 1 : value) })
      @UseInterceptors(Doubling)
      @MessagePattern('scoped')
      scoped(@Payload() value: number): number {
        return value * 10 ** this.number;
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'scoped' }), [Scoped]);
    const client = closing(broker.client());
    expect(await firstValueFrom(client.send('scoped', 4))).toBe(100);
    expect(await firstValueFrom(client.send('scoped', 4))).toBe(1000);
    const forbidden = { status: 'error', message: 'Forbidden resource' };
    expect(await failure(firstValueFrom(client.send('scoped', 100)))).toEqual(forbidden);
    expect(notes.list).toEqual(['rpc scoped', 'rpc scoped']);
  });

  it('reach their pattern whatever it is made of, and no other', async () => {
    const patterns = ['a b', 'a_20b', 'a_b', 'a.b', 'a..b', 'ä/€', 'x'.repeat(300), 42, { b: 2, a: { c: '.' } }];
    @Controller()
    class Echo {
      @MessagePattern(patterns)
      echo(@Payload() _data: unknown, @Ctx() context: CatgaContext): string {
        return context.getPattern();
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'echo' }), [Echo]);
    const client = closing(broker.client());
    for (const pattern of patterns) {
      const route = typeof pattern === 'object' ? '{"a":{"c":"."},"b":2}' : String(pattern);
      expect(await firstValueFrom(client.send(pattern, 1))).toBe(route);
    }
  });

  it('under way are answered before the service closes; answers that go on are given time, then interrupted', async () => {
    const notes = new Notes();
    const door = gate();
    @Controller()
    class Slow {
      @MessagePattern('slow')
      async slow(_data: unknown): Promise<string> {
        notes.add('slow');
        await door.passed;
        return 'done';
      }
      @MessagePattern('few')
      few(_data: unknown): Observable<number> {
        return interval(30).pipe(take(4));
      }
      @MessagePattern('endless')
      endless(_data: unknown): Observable<number> {
        return interval(10);
      }
    }
    const broker = newBroker();
    const app = await startService(broker.server({ group: 'slow', drainTimeout: 600 }), [Slow]);
    const client = closing(broker.client());
    const slow = firstValueFrom(client.send('slow', 1));
    const few = lastValueFrom(client.send('few', 1).pipe(toArray()));
    const endless = failure(lastValueFrom(client.send('endless', 1).pipe(map(() => notes.add('endless')))));
    await notes.reach(3);
    await until(() => notes.list.includes('slow') && notes.list.includes('endless'));
    const closed = app.close();
    await pause(20);
    door.open();
    expect(await slow).toBe('done');
    expect(await few).toEqual([0, 1, 2, 3]);
    await closed;
    expect(await endless).toMatchObject({ code: 'CATGA_REPLY_INTERRUPTED' });
  });
});
