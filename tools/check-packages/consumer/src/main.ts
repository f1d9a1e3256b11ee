// A stranger's application on the packed tarballs: only the required peers are installed, no terminus, no swagger, no
// class-validator. `HANG=1` lets the second step never end, so that there is something to kill.
import 'reflect-metadata';
import { appendFileSync } from 'node:fs';
import { CatgaModule, CatgaProcess, Command, CommandHandler, Mediator } from '@catga/core';
import { CatgaSqliteModule } from '@catga/sqlite';
import { Controller, Module, Param, Post } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

const effect = (line: string): void => appendFileSync('effects.log', `${line}\n`);

class Charge extends Command<string> {
  constructor(readonly orderId: string) {
    super();
  }
}

@CommandHandler(Charge)
class ChargeHandler {
  execute({ orderId }: Charge): string {
    effect(`charge ${orderId}`);
    return `paid-${orderId}`;
  }
}

class Ship extends Command<string> {
  constructor(readonly orderId: string) {
    super();
  }
}

@CommandHandler(Ship)
class ShipHandler {
  async execute({ orderId }: Ship): Promise<string> {
    effect(`ship ${orderId}`);
    if (process.env['HANG'] === '1') await new Promise(() => undefined);
    return `shipped-${orderId}`;
  }
}

interface Placed {
  paid: string;
  shipped: string;
}

class PlaceOrder extends Command<Placed> {
  constructor(readonly orderId: string) {
    super();
  }
}

@CatgaProcess(PlaceOrder)
class OrderProcess {
  constructor(private readonly mediator: Mediator) {}

  async execute(order: PlaceOrder): Promise<Placed> {
    const paid = await this.charge(order.orderId);
    const shipped = await this.ship(order.orderId);
    return { paid, shipped };
  }

  private async charge(orderId: string): Promise<string> {
    return this.mediator.send(new Charge(orderId));
  }

  private async ship(orderId: string): Promise<string> {
    return this.mediator.send(new Ship(orderId));
  }
}

@Controller('orders')
class OrdersController {
  constructor(private readonly mediator: Mediator) {}

  @Post(':id')
  place(@Param('id') id: string): Promise<Placed> {
    return this.mediator.send(new PlaceOrder(id));
  }
}

@Module({
  imports: [CatgaModule.forRoot(), CatgaSqliteModule.forRoot({ path: 'data/consumer.db' })],
  controllers: [OrdersController],
  providers: [OrderProcess, ChargeHandler, ShipHandler],
})
class AppModule {}

const app = await NestFactory.create(AppModule);
app.enableShutdownHooks();
await app.listen(0, '127.0.0.1');
console.log(`listening at ${await app.getUrl()}`);
