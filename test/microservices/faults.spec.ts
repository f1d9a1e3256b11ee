import { Controller } from '@nestjs/common';
import { Ctx, EventPattern, MessagePattern, Payload } from '@nestjs/microservices';
import type { CatgaClient, CatgaContext, CatgaServer } from '@catga/core/microservices';
import { CatgaNatsClient, CatgaNatsServer } from '@catga/nats/microservices';
import { CatgaRedisClient, CatgaRedisServer } from '@catga/redis/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { natsPrograms, redisPrograms, startNats, startRedis, type ServerHandle } from '../../tools/servers/index.mjs';
import { closing, Notes, startService, until } from './support/service.js';

interface Broker {
  readonly start: () => Promise<ServerHandle>;
  readonly server: (url: string) => CatgaServer;
  readonly client: (url: string) => CatgaClient;
}

/** A message that was on its way when the server died comes again after `ackTimeout`. */
const events = { backoff: 20, maxBackoff: 20, maxAttempts: 100, ackTimeout: '2s' } as const;

const brokers: readonly (readonly [string, Broker])[] = [
  ...natsPrograms().map(({ name, program }) => {
    const broker: Broker = {
      start: () => startNats({ program }),
      server: (url) => new CatgaNatsServer({ servers: url, group: 'billing', events }),
      client: (url) => new CatgaNatsClient({ servers: url, timeout: '2s', connectTimeout: '1s', publishTimeout: '1s' }),
    };
    return [name, broker] as const;
  }),
  ...redisPrograms().map(({ name, program }) => {
    const broker: Broker = {
      start: () => startRedis({ program, appendfsync: 'always' }),
      server: (url) => new CatgaRedisServer({ url, group: 'billing', events }),
      client: (url) => new CatgaRedisClient({ url, timeout: '2s', connectTimeout: '1s', commandTimeout: '1s' }),
    };
    return [name, broker] as const;
  }),
];

describe.each(brokers)('a Nest microservice whose %s is killed', (_name, broker) => {
  let server: ServerHandle;

  beforeAll(async () => (server = await broker.start()));
  afterAll(() => server.stop());

  it('says so, comes back by itself, and has lost nothing that was acknowledged', async () => {
    const handled = new Set<number>();
    const notes = new Notes();
    @Controller()
    class Orders {
      @EventPattern<string>('placed')
      placed(@Payload() number: number, @Ctx() context: CatgaContext): void {
        // Some are in the middle of a back-off when the server dies.
        if (number % 3 === 0 && context.getAttempt() === 1) throw new Error('first');
        handled.add(number);
      }
      @MessagePattern('double')
      double(number: number): number {
        return number * 2;
      }
    }
    const strategy = broker.server(server.url);
    const statuses: string[] = [];
    const seen: string[] = [];
    strategy.status.subscribe((status) => statuses.push(status));
    strategy.on('connect', () => seen.push('connect'));
    strategy.on('disconnect', () => seen.push('disconnect'));
    strategy.on('error', (error) => notes.add((error as { code?: string }).code));
    await startService(strategy, [Orders]);
    const client = closing(broker.client(server.url));
    await client.connect();
    const clientStatuses: string[] = [];
    client.status.subscribe((status) => clientStatuses.push(status));

    const acknowledged: number[] = [];
    const emit = (number: number): Promise<void> =>
      lastValueFrom(client.emit('placed', number)).then(
        () => void acknowledged.push(number),
        () => undefined,
      );
    const first = Array.from({ length: 50 }, (_, number) => emit(number));
    await first[0];
    await server.kill9();
    await Promise.all(first);
    await until(() => statuses.at(-1) === 'disconnected' && clientStatuses.at(-1) === 'disconnected');
    await expect(lastValueFrom(client.emit('placed', 98))).rejects.toMatchObject({ kind: 'infrastructure' });
    await expect(firstValueFrom(client.send('double', 1))).rejects.toMatchObject({ kind: 'infrastructure' });
    await notes.reach(1);
    expect(notes.list[0]).toMatch(/^CATGA_TRANSPORT_/);

    await server.restart();
    await until(() => statuses.at(-1) === 'connected' && clientStatuses.at(-1) === 'connected');
    await until(async () => {
      await emit(99);
      return acknowledged.includes(99);
    });
    await until(() => acknowledged.every((number) => handled.has(number)));
    expect(acknowledged.length).toBeGreaterThan(1);
    expect(await firstValueFrom(client.send('double', 4))).toBe(8);
    expect(statuses).toEqual(['connected', 'disconnected', 'connected']);
    expect(seen).toEqual(['connect', 'disconnect', 'connect']);
  });
});
