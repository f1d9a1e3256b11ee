import {
  type ArgumentsHost,
  BadRequestException,
  Catch,
  Controller,
  type RpcExceptionFilter,
  Scope,
  UseFilters,
  UsePipes,
} from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload, RpcException } from '@nestjs/microservices';
import { Inbox, MemoryStore, type MessageDeadLetter, type Store, type Transport } from '@catga/core';
import {
  CatgaContext,
  CatgaRecordBuilder,
  type CatgaServer,
  type EventPatternOptions,
} from '@catga/core/microservices';
import { defer, delay, EMPTY, lastValueFrom, of, throwError, type Observable } from 'rxjs';
import { brokers } from './support/brokers.js';
import { closing, gate, Notes, pause, startService, until } from './support/service.js';

const quick = { backoff: 10, maxBackoff: 10, maxAttempts: 3 };

/** Once there are so many. */
async function letters(server: CatgaServer, subscription: string, count = 1): Promise<readonly MessageDeadLetter[]> {
  const { deadLetters } = server.unwrap<Transport>();
  const name = server.subscriptionOf(subscription);
  await until(async () => (await deadLetters.count(name)) >= count);
  return (await deadLetters.list({ subscription: name })).letters;
}

async function openStore(): Promise<Store> {
  const store = new MemoryStore();
  await store.open();
  return store;
}

describe.each(brokers)('events of a Nest microservice on %s', (_name, newBroker) => {
  it('reach the methods of their pattern with data and context', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern<string>('order.placed')
      placed(@Payload() order: unknown, @Ctx() context: CatgaContext): void {
        notes.add({
          order,
          isContext: context instanceof CatgaContext,
          id: context.getMessageId(),
          subject: context.getSubject(),
          pattern: context.getPattern(),
          attempt: context.getAttempt(),
          key: context.getKey(),
          header: context.getHeaders()['tenant'],
          own: context.getHeaders()['from'],
          metadata: context.getMetadata(),
          isAborted: context.getSignal().aborted,
          isRecent: Math.abs(Date.now() - context.getPublishedAt()) < 60_000,
        });
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'billing' }), [Orders]);
    const client = closing(broker.client({ headers: { From: 'shop', tenant: 'nobody' } }));
    client.setOnDispatchHook((packet) => (packet.metadata = { trace: 'a\nb' }));
    const order = { id: 1, at: new Date(5), none: null };
    const record = new CatgaRecordBuilder(order).setId('m-1').setKey('k').setHeaders({ Tenant: 'acme' }).build();
    await lastValueFrom(client.emit('order.placed', record));
    expect(await notes.reach(1)).toEqual([
      {
        order,
        isContext: true,
        id: 'm-1',
        subject: 'event.order.placed',
        pattern: 'order.placed',
        attempt: 1,
        key: 'k',
        header: 'acme',
        own: 'shop',
        metadata: { trace: 'a\nb' },
        isAborted: false,
        isRecent: true,
      },
    ]);
  });

  it('that were emitted while no node was there come when one is', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('placed')
      placed(order: unknown): void {
        notes.add(order);
      }
    }
    const broker = newBroker();
    const first = await startService(broker.server({ group: 'billing' }), [Orders]);
    await first.close();
    const client = closing(broker.client());
    await lastValueFrom(client.emit('placed', 'while away'));
    await startService(broker.server({ group: 'billing' }), [Orders]);
    expect(await notes.reach(1)).toEqual(['while away']);
  });

  it('are tried again after a failure, and not after a success', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('placed')
      async placed(@Ctx() context: CatgaContext): Promise<void> {
        notes.add(context.getAttempt());
        await Promise.resolve();
        if (context.getAttempt() < 3) throw new Error('not yet');
      }
    }
    const broker = newBroker();
    const server = broker.server({ group: 'billing', events: quick });
    await startService(server, [Orders]);
    await lastValueFrom(closing(broker.client()).emit('placed', 1));
    await notes.reach(3);
    await pause(100);
    expect(notes.list).toEqual([1, 2, 3]);
    expect(await server.unwrap<Transport>().deadLetters.count(server.subscriptionOf('placed'))).toBe(0);
  });

  it('that nobody can handle are dead letters with the error as it was thrown', async () => {
    class CardDeclined extends Error {
      override readonly name = 'CardDeclined';
      readonly code = 'CARD_DECLINED';
    }
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('thrown')
      thrown(_data: unknown): void {
        notes.add('thrown');
        throw new CardDeclined('no money');
      }
      @EventPattern('rejected')
      rejected(_data: unknown): Observable<never> {
        return throwError(() => new CardDeclined('still none'));
      }
      @EventPattern('rpc')
      rpc(_data: unknown): void {
        throw new RpcException({ message: 'as an object' });
      }
    }
    @Controller({ scope: Scope.REQUEST })
    class Scoped {
      @EventPattern('scoped')
      scoped(_data: unknown): void {
        throw new CardDeclined('in a scope');
      }
    }
    const broker = newBroker();
    const server = broker.server({ group: 'billing', events: quick });
    await startService(server, [Orders, Scoped]);
    const client = closing(broker.client());
    for (const pattern of ['thrown', 'rejected', 'rpc', 'scoped'])
      await lastValueFrom(client.emit(pattern, { pattern }));
    const [thrown] = await letters(server, 'thrown');
    expect(thrown).toMatchObject({
      attempts: 3,
      error: { name: 'CardDeclined', message: 'no money', code: 'CARD_DECLINED' },
    });
    expect(thrown?.error.stack).toContain('events.spec');
    expect(thrown?.message.body).toBe('{"pattern":"thrown"}');
    expect(notes.list).toEqual(['thrown', 'thrown', 'thrown']);
    expect((await letters(server, 'rejected'))[0]?.error).toMatchObject({
      name: 'CardDeclined',
      message: 'still none',
    });
    expect((await letters(server, 'rpc'))[0]?.error).toMatchObject({ message: 'as an object' });
    expect((await letters(server, 'scoped'))[0]?.error).toMatchObject({ name: 'CardDeclined', message: 'in a scope' });
  });

  it('are not tried again when they can never succeed: bad data, a refusal, an unreadable body', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @UsePipes({
        transform: (value: unknown, { type }: { type: string }) => {
          if (type === 'body') throw new BadRequestException('amount is missing');
          return value;
        },
      })
      @EventPattern('bad')
      bad(@Payload() data: unknown): void {
        notes.add(data);
      }
      @EventPattern('unreadable')
      unreadable(data: unknown): void {
        notes.add(data);
      }
    }
    const broker = newBroker();
    const server = broker.server({ group: 'billing', events: quick });
    await startService(server, [Orders]);
    await lastValueFrom(closing(broker.client()).emit('bad', {}));
    const transport = closing(await broker.transport());
    await transport.publish([{ id: 'u-1', subject: 'event.unreadable', body: '{' }]);
    const [bad] = await letters(server, 'bad');
    expect(bad).toMatchObject({ attempts: 1, error: { message: 'amount is missing' } });
    expect(bad?.error.stack).toMatch(/^BadRequestException/);
    expect(bad?.error.stack).toContain('events.spec');
    const [unreadable] = await letters(server, 'unreadable');
    expect(unreadable).toMatchObject({ attempts: 1, error: { code: 'CATGA_UNDECODABLE_PAYLOAD' } });
    expect(notes.list).toEqual([]);
  });

  it('succeed or fail as the filter of the application says', async () => {
    const notes = new Notes();
    @Catch()
    class Filter implements RpcExceptionFilter {
      catch(error: Error, host: ArgumentsHost): Observable<unknown> {
        const context = host.switchToRpc().getContext<CatgaContext>();
        notes.add(`${context.getPattern()} ${context.getAttempt()} ${error.message}`);
        if (error.message === 'ignored') return EMPTY;
        return throwError(() => new Error('by the filter'));
      }
    }
    @UseFilters(Filter)
    @Controller()
    class Orders {
      @EventPattern('ignored')
      ignored(_data: unknown): void {
        throw new Error('ignored');
      }
      @EventPattern('changed')
      changed(_data: unknown): void {
        throw new Error('original');
      }
    }
    const broker = newBroker();
    const server = broker.server({ group: 'billing', events: { ...quick, maxAttempts: 1 } });
    await startService(server, [Orders]);
    const client = closing(broker.client());
    await lastValueFrom(client.emit('ignored', 1));
    await lastValueFrom(client.emit('changed', 1));
    expect((await letters(server, 'changed'))[0]?.error.message).toBe('by the filter');
    await until(() => notes.list.length === 2);
    await pause(100);
    expect(notes.list.map(String).sort()).toEqual(['changed 1 original', 'ignored 1 ignored']);
    expect(await server.unwrap<Transport>().deadLetters.count(server.subscriptionOf('ignored'))).toBe(0);
  });

  it('end with the last value of an observable, also of an empty one', async () => {
    const notes = new Notes();
    const last = gate();
    @Controller()
    class Orders {
      @EventPattern('slow', { concurrency: 1 } satisfies EventPatternOptions)
      slow(@Payload() name: string): Observable<unknown> {
        notes.add(`${name} begins`);
        const end = defer(async () => {
          if (name === 'first') await last.passed;
          notes.add(`${name} ends`);
        });
        return name === 'empty' ? EMPTY : end;
      }
    }
    const broker = newBroker();
    const server = broker.server({ group: 'billing', events: quick });
    await startService(server, [Orders]);
    const client = closing(broker.client());
    for (const name of ['first', 'empty', 'third']) await lastValueFrom(client.emit('slow', name));
    await notes.reach(1);
    await pause(100);
    expect(notes.list).toEqual(['first begins']);
    last.open();
    expect(await notes.reach(5)).toEqual(['first begins', 'first ends', 'empty begins', 'third begins', 'third ends']);
    await pause(100);
    expect(notes.list).toHaveLength(5);
  });

  it('go to all methods of a pattern, which are tried again together or apart', async () => {
    const notes = new Notes();
    const note = (name: string, context: CatgaContext): void => {
      notes.add(name);
      if (name.endsWith('fails') && context.getAttempt() === 1) throw new Error('once');
    };
    @Controller()
    class Orders {
      @EventPattern('together')
      one(@Ctx() context: CatgaContext): void {
        note('together', context);
      }
      @EventPattern('together')
      two(@Ctx() context: CatgaContext): void {
        note('together fails', context);
      }
      @EventPattern('apart', { subscription: 'mails' } satisfies EventPatternOptions)
      three(@Ctx() context: CatgaContext): void {
        note('apart', context);
      }
      @EventPattern('apart', { subscription: 'stock' } satisfies EventPatternOptions)
      four(@Ctx() context: CatgaContext): void {
        note('apart fails', context);
      }
      /** Of the same name: a request is none of the events. */
      @MessagePattern('together')
      five(_data: unknown): string {
        return 'answer';
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'billing', events: quick }), [Orders]);
    const client = closing(broker.client());
    await lastValueFrom(client.emit('together', 1));
    await lastValueFrom(client.emit('apart', 1));
    await notes.reach(7);
    await pause(100);
    const counts = (name: string): number => notes.list.filter((one) => one === name).length;
    expect(counts('together')).toBe(2);
    expect(counts('together fails')).toBe(2);
    expect(counts('apart')).toBe(1);
    expect(counts('apart fails')).toBe(2);
    expect(await lastValueFrom(client.send('together', 1))).toBe('answer');
  });

  it('of one key keep their order, over all patterns of a subscription and under failures', async () => {
    const notes = new Notes();
    let failures = 0;
    @Controller()
    class Orders {
      @EventPattern(['placed', 'paid'], { subscription: 'orders' } satisfies EventPatternOptions)
      async any(@Payload() number: number): Promise<void> {
        await pause(number % 3);
        if (number % 4 === 0 && failures++ < 5) throw new Error('again');
        notes.add(number);
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'billing', events: { ...quick, maxAttempts: 20 } }), [Orders]);
    const client = closing(broker.client());
    const numbers = Array.from({ length: 20 }, (_, number) => number);
    // Nobody waits between them: their order is that of the calls.
    for (const number of numbers) {
      client.emit(number % 2 === 0 ? 'placed' : 'paid', new CatgaRecordBuilder(number).setKey('o-1').build());
    }
    expect(await notes.reach(20)).toEqual(numbers);
    expect(failures).toBeGreaterThan(1);
  });

  it('are shared by the nodes of a group, and every group gets all', async () => {
    const notes = new Notes();
    const service = (name: string) => {
      @Controller()
      class Orders {
        @EventPattern('placed')
        placed(@Payload() number: number): void {
          notes.add(`${name} ${number}`);
        }
      }
      return Orders;
    };
    const broker = newBroker();
    await startService(broker.server({ group: 'billing' }), [service('billing')]);
    await startService(broker.server({ group: 'billing' }), [service('billing')]);
    await startService(broker.server({ group: 'mail' }), [service('mail')]);
    const client = closing(broker.client());
    for (let number = 0; number < 6; number++) await lastValueFrom(client.emit('placed', number));
    await notes.reach(12);
    await pause(100);
    const wanted = ['billing', 'mail'].flatMap((name) => [0, 1, 2, 3, 4, 5].map((number) => `${name} ${number}`));
    expect(notes.list.map(String).sort()).toEqual(wanted);
  });

  it('have the quality that was asked for', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('once', { qos: 0 } satisfies EventPatternOptions)
      once(@Payload() name: string): void {
        notes.add(name);
        throw new Error('and not again');
      }
      @EventPattern('twice')
      twice(@Payload() name: string): void {
        notes.add(name);
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'billing', events: quick }), [Orders]);
    const client = closing(broker.client({ qos: 2 }));
    await lastValueFrom(client.emit('once', new CatgaRecordBuilder('zero').setQoS(0).build()));
    const two = new CatgaRecordBuilder('two').setId('d-1').build();
    await lastValueFrom(client.emit('twice', two));
    await lastValueFrom(client.emit('twice', two));
    await notes.reach(2);
    await pause(100);
    expect(notes.list.map(String).sort()).toEqual(['two', 'zero']);
  });

  it('of QoS 2 have their effect once, whatever comes again', async () => {
    const notes = new Notes();
    const inbox = new Inbox(await openStore(), { keepFor: 60_000, lease: 5_000 });
    @Controller()
    class Orders {
      @EventPattern<string>('paid', { qos: 2 } satisfies EventPatternOptions)
      paid(@Payload() name: string, @Ctx() context: CatgaContext): void {
        notes.add(`${name} ${context.delivery?.attempt}`);
        if (name === 'fails' && context.getAttempt() === 1) throw new Error('once');
      }
    }
    const broker = newBroker();
    await startService(broker.server({ group: 'billing', events: quick, inbox }), [Orders]);
    const client = closing(broker.client());
    const record = (name: string) => new CatgaRecordBuilder(name).setId(name).build();
    // QoS 1: the broker takes it twice, and only the inbox knows.
    for (const name of ['works', 'works', 'fails', 'fails']) await lastValueFrom(client.emit('paid', record(name)));
    await lastValueFrom(client.emit('paid', record('last')));
    await notes.reach(4);
    await pause(150);
    expect(notes.list.filter((note) => String(note).startsWith('works'))).toEqual(['works 1']);
    expect(notes.list.filter((note) => String(note).startsWith('last'))).toEqual(['last 1']);
    const failing = notes.list.filter((note) => String(note).startsWith('fails'));
    expect(failing[0]).toBe('fails 1');
    expect(failing.filter((note) => note !== 'fails 1')).toEqual(['fails 2']);
    const without = broker.server({ group: 'billing', events: { qos: 2 } });
    await expect(startService(without, [Orders])).rejects.toMatchObject({
      code: 'CATGA_INVALID_OPTION',
      message: expect.stringContaining('Inbox'),
    });
  });

  it('under way are finished and acknowledged before the service closes', async () => {
    const notes = new Notes();
    const door = gate();
    @Controller()
    class Orders {
      @EventPattern('placed')
      async placed(@Payload() name: string): Promise<void> {
        notes.add(`${name} begins`);
        await door.passed;
        await pause(20);
        notes.add(`${name} ends`);
      }
    }
    const broker = newBroker();
    const app = await startService(broker.server({ group: 'billing' }), [Orders]);
    await lastValueFrom(closing(broker.client()).emit('placed', 'it'));
    await notes.reach(1);
    const closed = app.close();
    door.open();
    await closed;
    expect(notes.list).toEqual(['it begins', 'it ends']);
    await startService(broker.server({ group: 'billing' }), [Orders]);
    await pause(200);
    expect(notes.list).toHaveLength(2);
  });

  it('are handled between the hooks, whatever these return', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('placed')
      placed(@Ctx() context: CatgaContext): Observable<number> {
        notes.add('handled');
        const failing = throwError(() => new Error('first'));
        return context.getAttempt() === 1 ? failing : of(1).pipe(delay(5));
      }
    }
    const broker = newBroker();
    const server = broker.server({ group: 'billing', events: quick });
    // As instrumentation does it, without returning what `done` returns.
    server.setOnProcessingStartHook((id, context, done) => {
      notes.add(`start ${String(id)} ${(context as CatgaContext).getAttempt()}`);
      void done();
    });
    server.setOnProcessingEndHook((_id, context) => notes.add(`end ${(context as CatgaContext).getAttempt()}`));
    await startService(server, [Orders]);
    await lastValueFrom(closing(broker.client()).emit('placed', 1));
    await notes.reach(6);
    await pause(100);
    const id = String(server.transportId);
    expect(notes.list).toEqual([`start ${id} 1`, 'handled', 'end 1', `start ${id} 2`, 'handled', 'end 2']);
  });
});
