import { setTimeout as sleep } from 'node:timers/promises';
import { CatgaModule, CatgaProcess, Command, Mediator, Processes } from '@catga/core';
import { CatgaRedisModule } from '@catga/redis';
import { Module, type INestApplicationContext } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { startRedis, type ServerHandle } from '../../../tools/servers/index.mjs';

class Ship extends Command<string> {
  constructor(readonly orderId: string) {
    super();
  }
}

/** What the steps have done, each with its order. */
const done: string[] = [];

@CatgaProcess(Ship)
class ShipProcess {
  async execute({ orderId }: Ship): Promise<string> {
    await this.reserve(orderId);
    await this.pay(orderId);
    return this.send(orderId);
  }
  async reserve(orderId: string): Promise<void> {
    await this.work('reserve', orderId);
  }
  async pay(orderId: string): Promise<void> {
    await this.work('pay', orderId);
  }
  async send(orderId: string): Promise<string> {
    await this.work('send', orderId);
    return `parcel of ${orderId}`;
  }
  private async work(step: string, orderId: string): Promise<void> {
    await sleep(15);
    done.push(`${step} ${orderId}`);
  }
}

describe('Processes on Redis', () => {
  let server: ServerHandle;
  beforeAll(async () => {
    server = await startRedis({ appendfsync: 'always' });
  });
  afterAll(() => server.stop());

  async function boot(): Promise<INestApplicationContext> {
    class AppModule {}
    Module({
      imports: [CatgaModule.forRoot({ endpoints: false }), CatgaRedisModule.forRoot({ url: server.url })],
      providers: [ShipProcess],
    })(AppModule);
    return NestFactory.createApplicationContext(AppModule, { logger: false });
  }

  it('end, each step once, although the server is killed -9 under them', async () => {
    const app = await boot();
    const mediator = app.get(Mediator);
    const orders = Array.from({ length: 60 }, (_, index) => `order-${index}`);
    const results = orders.map(async (order, index) => {
      await sleep(index * 8);
      return mediator.send(new Ship(order));
    });
    for (let kill = 0; kill < 3; kill++) {
      await sleep(120);
      await server.kill9();
      await server.restart();
    }
    expect(await Promise.all(results)).toEqual(orders.map((order) => `parcel of ${order}`));
    const steps = orders.flatMap((order) => ['reserve', 'pay', 'send'].map((step) => `${step} ${order}`));
    expect([...done].sort(compare)).toEqual(steps.sort(compare));
    await app.close();
  });

  it('are found by another node, with their results', async () => {
    const [first, second] = [await boot(), await boot()];
    const handle = await first.get(Processes).start(ShipProcess, new Ship('shared'));
    expect(await handle.result()).toBe('parcel of shared');
    const same = await second.get(Processes).start(ShipProcess, new Ship('shared'));
    expect(await same.result()).toBe('parcel of shared');
    expect(done.filter((each) => each.endsWith(' shared'))).toHaveLength(3);
    await Promise.all([first.close(), second.close()]);
  });
});

function compare(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
