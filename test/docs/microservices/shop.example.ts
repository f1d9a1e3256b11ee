import { randomUUID } from 'node:crypto';
import { Body, Controller, Get, Inject, Module, Param, Post } from '@nestjs/common';
import { ClientsModule, type ClientProxy } from '@nestjs/microservices';
import { CatgaRecordBuilder } from '@catga/core/microservices';
import { CatgaNatsClient } from '@catga/nats/microservices';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { nats } from './nats.example.js';

@Controller()
export class ShopController {
  constructor(@Inject('BILLING') private readonly billing: ClientProxy) {}

  @Post('orders')
  async place(@Body() { customerId, amount }: { customerId: string; amount: number }) {
    const order = { id: randomUUID(), customerId, amount };
    const record = new CatgaRecordBuilder(order)
      .setId(`placed-${order.id}`) // the same when this is repeated
      .setKey(customerId) // events of one customer keep their order
      .setQoS(2) // stored once, also when it is emitted twice
      .setHeaders({ tenant: 'acme' })
      .build();
    await lastValueFrom(this.billing.emit('shop.order-placed', record)); // now it is stored
    return { id: order.id };
  }

  @Get('customers/:id/total')
  async total(@Param('id') id: string) {
    return { total: await firstValueFrom(this.billing.send<number>({ cmd: 'total' }, id)) };
  }
}

@Module({
  imports: [ClientsModule.register([{ name: 'BILLING', customClass: CatgaNatsClient, options: nats }])],
  controllers: [ShopController],
})
export class ShopModule {}
