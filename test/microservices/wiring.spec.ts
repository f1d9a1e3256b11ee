import { jest } from '@jest/globals';
import { Controller, Logger, type Type } from '@nestjs/common';
import { ClientsModule, EventPattern, MessagePattern, type ClientProxy } from '@nestjs/microservices';
import { Test } from '@nestjs/testing';
import { InvalidOptionError, MemoryTransport, Transport, UnknownOptionError } from '@catga/core';
import {
  CatgaClient,
  CatgaContext,
  CatgaRecordBuilder,
  CatgaServer,
  type CatgaServerOptions,
  type EventPatternOptions,
} from '@catga/core/microservices';
import { NatsTransport } from '@catga/nats';
import { CATGA_NATS, CatgaNatsClient, CatgaNatsServer } from '@catga/nats/microservices';
import { RedisTransport } from '@catga/redis';
import { CATGA_REDIS, CatgaRedisClient, CatgaRedisServer } from '@catga/redis/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { closing, Notes, pause, startService, until } from './support/service.js';

const withMemory = (options: Partial<CatgaServerOptions> = {}): CatgaServer =>
  new CatgaServer({ transport: new MemoryTransport(), group: 'g', ...options }, { ownsTransport: true });

/** What starting a service with these methods fails with. */
async function refusal(controller: Type): Promise<unknown> {
  const quiet = jest.spyOn(Logger, 'error').mockImplementation(() => undefined);
  try {
    return await startService(withMemory(), [controller]).then(
      () => 'it has started',
      (error: unknown) => error,
    );
  } finally {
    quiet.mockRestore();
  }
}

describe('a Nest microservice strategy', () => {
  it('refuses options that it does not know or cannot use', () => {
    const transport = new MemoryTransport();
    const server = (options: object): CatgaServer => new CatgaServer({ transport, group: 'g', ...options });
    expect(() => server({ queue: 'x' })).toThrow(UnknownOptionError);
    expect(() => server({ group: '' })).toThrow(InvalidOptionError);
    expect(() => server({ group: 'a b' })).toThrow('subscription');
    expect(() => server({ events: { retries: 3 } })).toThrow(UnknownOptionError);
    expect(() => server({ transport: {} })).toThrow(InvalidOptionError);
    expect(() => server({ drainTimeout: 'soon' })).toThrow('drainTimeout');
    expect(() => new CatgaClient({ transport, qos: 3 as 2 })).toThrow(InvalidOptionError);
    expect(() => new CatgaClient({ transport, timeout: 0 })).toThrow(InvalidOptionError);
    expect(() => new CatgaClient({ transport, headers: { 'Catga-Type': 'x' } })).toThrow(InvalidOptionError);
    expect(() => new CatgaClient({ transport, retries: 1 } as object as { transport: Transport })).toThrow('retries');
    expect(() => new CatgaRecordBuilder(1).setHeaders({ 'catga-type': 'x' })).toThrow(InvalidOptionError);
    expect(() => new CatgaRedisServer({ group: 'g', urll: 'x' } as { group: string })).toThrow('"url"');
    expect(() => new CatgaNatsServer({ group: 'g', server: 'x' } as { group: string })).toThrow('"servers"');
    expect(() => new CatgaRedisClient({ transport, url: 'redis://localhost' })).toThrow(InvalidOptionError);
    expect(() => new CatgaNatsClient({ transport, servers: 'localhost' })).toThrow(InvalidOptionError);
  });

  it.each(['order.*', 'order.>', '*', 'sensors/+/temperature', 'sensors/#', /^order/])(
    'refuses to listen to the wildcard %s',
    async (pattern) => {
      @Controller()
      class Wild {
        @EventPattern([pattern])
        any(_data: unknown): void {
          return undefined;
        }
      }
      expect(await refusal(Wild)).toMatchObject({ code: 'CATGA_WILDCARD_PATTERN' });
      const client = closing(new CatgaClient({ transport: new MemoryTransport() }));
      await expect(lastValueFrom(client.emit(pattern, 1))).rejects.toMatchObject({ code: 'CATGA_WILDCARD_PATTERN' });
      await expect(lastValueFrom(client.send(pattern, 1))).rejects.toMatchObject({ code: 'CATGA_WILDCARD_PATTERN' });
    },
  );

  it('refuses what contradicts itself: two answers to one pattern, unknown options, two speeds of one subscription', async () => {
    @Controller()
    class TwoAnswers {
      @MessagePattern('sum')
      one(_data: unknown): number {
        return 1;
      }
      @MessagePattern('sum')
      two(_data: unknown): number {
        return 2;
      }
    }
    @Controller()
    class Unknown {
      @EventPattern('placed', { concurency: 3 })
      one(_data: unknown): void {
        return undefined;
      }
    }
    @Controller()
    class Speeds {
      @EventPattern('placed', { subscription: 'orders', concurrency: 3 } satisfies EventPatternOptions)
      one(_data: unknown): void {
        return undefined;
      }
      @EventPattern('paid', { subscription: 'orders', concurrency: 4 } satisfies EventPatternOptions)
      two(_data: unknown): void {
        return undefined;
      }
    }
    expect(await refusal(TwoAnswers)).toMatchObject({ code: 'CATGA_DUPLICATE_MESSAGE_PATTERN' });
    expect(await refusal(Unknown)).toMatchObject({
      code: 'CATGA_UNKNOWN_OPTION',
      message: expect.stringContaining('concurrency'),
    });
    expect(await refusal(Speeds)).toMatchObject({
      code: 'CATGA_INVALID_OPTION',
      message: expect.stringContaining('"paid"'),
    });
  });

  it('says that its broker is not there, and can be started later', async () => {
    const server = new CatgaRedisServer({ group: 'g', url: 'redis://127.0.0.1:1', connectTimeout: 100 });
    const error = await new Promise((resolve) => void server.listen(resolve));
    expect(error).toMatchObject({ kind: 'infrastructure', code: expect.stringMatching(/^CATGA_TRANSPORT_/) });
    const client = new CatgaNatsClient({ servers: 'nats://127.0.0.1:1', connectTimeout: 100 });
    await expect(client.connect()).rejects.toMatchObject({ kind: 'infrastructure' });
    await expect(lastValueFrom(client.emit('placed', 1))).rejects.toMatchObject({ kind: 'infrastructure' });
    await client.close();
  });

  it('logs an event that was not emitted when nobody looks, and only then', async () => {
    const logged = jest.spyOn(Logger.prototype, 'error').mockImplementation(() => undefined);
    try {
      const client = new CatgaClient({ transport: new MemoryTransport({ maxMessageSize: 100 }) });
      await expect(lastValueFrom(client.emit('seen', 'x'.repeat(200)))).rejects.toMatchObject({
        code: 'CATGA_MESSAGE_TOO_LARGE',
      });
      expect(logged).not.toHaveBeenCalled();
      client.emit('unseen', 'x'.repeat(200));
      await until(() => logged.mock.calls.length > 0);
      expect(String(logged.mock.calls[0]?.[0])).toMatch(/"unseen" was not emitted: .* 281 bytes/);
    } finally {
      logged.mockRestore();
    }
  });

  it('gives its transport, tells its status, and knows the names of its subscriptions', async () => {
    const statuses: string[] = [];
    const server = withMemory();
    server.status.subscribe((status) => statuses.push(status));
    expect(() => server.unwrap()).toThrow('no open transport');
    const app = await startService(server, []);
    expect(server.unwrap()).toBeInstanceOf(MemoryTransport);
    expect(app.unwrap()).toBe(server.unwrap());
    expect(server.subscriptionOf('order.placed')).toBe('g_on_order_2eplaced');
    expect(server.subscriptionOf({ cmd: 'x' })).toBe('g_on__7b_22cmd_22_3a_22x_22_7d');
    expect(server.subscriptionOf('x'.repeat(300))).toHaveLength(100);
    await app.close();
    expect(statuses).toEqual(['connected', 'closed']);
    expect(() => server.unwrap()).toThrow('no open transport');
    const client = new CatgaClient({ transport: new MemoryTransport() }, { ownsTransport: true });
    expect(() => client.unwrap()).toThrow('no open transport');
    await client.connect();
    expect(client.unwrap()).toBeInstanceOf(MemoryTransport);
    await client.close();
    await client.close();
    expect(() => client.unwrap()).toThrow('no open transport');
  });

  it('works with a transport that it did not make, and leaves it open', async () => {
    const transport = closing(new MemoryTransport());
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('placed')
      placed(data: unknown): void {
        notes.add(data);
      }
    }
    // Nobody has opened it yet, as in a hybrid application whose modules are initialised last.
    const app = await startService(new CatgaServer({ transport, group: 'g' }), [Orders]);
    const client = new CatgaClient({ transport });
    await lastValueFrom(client.emit('placed', 1));
    await notes.reach(1);
    await client.close();
    await app.close();
    await transport.ping();
    await transport.publish([{ id: '2', subject: 'event.placed', body: '2' }]);
    await pause(50);
    expect(notes.list).toEqual([1]);
  });

  it('that is closed while it starts leaves nothing behind, and can be started again', async () => {
    const transport = closing(new MemoryTransport());
    const notes = new Notes();
    const server = new CatgaServer({ transport, group: 'g' });
    const answer = (name: string) => async (data: unknown) => {
      notes.add(`${name} ${String(data)}`);
      return Promise.resolve(data);
    };
    server.addHandler('placed', answer('event'), true);
    server.addHandler('sum', answer('request'));
    const listening = server.listen(() => undefined);
    await server.close();
    await listening;
    await transport.open();
    const client = new CatgaClient({ transport });
    await expect(firstValueFrom(client.send('sum', 1))).rejects.toMatchObject({ code: 'CATGA_NO_RESPONDER' });
    await lastValueFrom(client.emit('placed', 1));
    await pause(50);
    expect(notes.list).toEqual([]);
    await server.listen(() => undefined);
    expect(await firstValueFrom(client.send('sum', 2))).toBe(2);
    await notes.reach(2);
    expect(notes.list.map(String).sort()).toEqual(['event 1', 'request 2']);
    await server.close();
  });

  it('gets only the methods that are meant for it', async () => {
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern('placed', CATGA_NATS)
      nats(_data: unknown): void {
        notes.add('nats');
      }
      @EventPattern('placed', CATGA_REDIS)
      redis(_data: unknown): void {
        notes.add('redis');
      }
    }
    const transport = closing(new MemoryTransport());
    await startService(new CatgaNatsServer({ transport, group: 'g' }), [Orders]);
    const client = closing(new CatgaRedisClient({ transport }));
    await lastValueFrom(client.emit('placed', 1));
    await notes.reach(1);
    await pause(50);
    expect(notes.list).toEqual(['nats']);
    expect(new CatgaNatsServer({ transport: new NatsTransport(), group: 'g' }).transportId).toBe(CATGA_NATS);
    expect(new CatgaRedisServer({ transport: new RedisTransport(), group: 'g' }).transportId).toBe(CATGA_REDIS);
  });

  it('is a client of ClientsModule, made at once or by a factory', async () => {
    const transport = closing(new MemoryTransport());
    @Controller()
    class Sums {
      @MessagePattern('sum')
      sum(numbers: number[]): number {
        return numbers.reduce((one, other) => one + other, 0);
      }
    }
    await startService(new CatgaServer({ transport, group: 'g' }), [Sums]);
    const module = await Test.createTestingModule({
      imports: [
        ClientsModule.register([{ name: 'AT_ONCE', customClass: CatgaNatsClient, options: { transport } }]),
        ClientsModule.registerAsync([
          { name: 'LATER', useFactory: () => ({ customClass: CatgaRedisClient, options: { transport } }) },
        ]),
      ],
    }).compile();
    const clients = ['AT_ONCE', 'LATER'].map((name) => module.get<ClientProxy>(name));
    for (const client of clients) expect(await firstValueFrom(client.send('sum', [1, 2]))).toBe(3);
    await module.close();
    for (const client of clients) expect(() => client.unwrap()).toThrow('no open transport');
  });

  it('fails where an event given by hand fails', async () => {
    @Controller()
    class Orders {
      @EventPattern('placed')
      placed(_data: unknown): void {
        throw new Error('no');
      }
    }
    const server = withMemory();
    await startService(server, [Orders]);
    const message = { id: '1', subject: 's', headers: {}, body: '', publishedAt: 0, attempt: 1 };
    const context = new CatgaContext([message, 'placed', new AbortController().signal]);
    await expect(server.handleEvent('placed', { pattern: 'placed', data: 1 }, context)).rejects.toMatchObject({
      message: 'Internal server error',
    });
  });
});
