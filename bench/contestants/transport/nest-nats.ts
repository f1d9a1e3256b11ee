import { Controller, Inject, Module, type INestMicroservice } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  ClientsModule,
  EventPattern,
  MessagePattern,
  Payload,
  Transport,
  type ClientProxy,
} from '@nestjs/microservices';
import type { OrderPaid } from './order-paid.js';
import { Tally } from './tally.js';

/** An application with Nest's own NATS transport, server and client. */
export interface NestOnNats {
  readonly app: INestMicroservice;
  readonly client: ClientProxy;
  /** Counts handled events. */
  readonly tally: Tally;
  readonly event: string;
  readonly request: string;
}

/** @returns the application, listening and connected */
export async function nestOnNats(url: string): Promise<NestOnNats> {
  const [event, request] = [`nest-event-${process.pid}`, `nest-request-${process.pid}`];
  const tally = new Tally();

  @Controller()
  class Orders {
    constructor(@Inject('BUS') readonly client: ClientProxy) {}

    @EventPattern(event)
    async paid(@Payload() order: Partial<OrderPaid>): Promise<void> {
      if (order.number !== undefined) tally.count();
    }

    @MessagePattern(request)
    async price(@Payload() order: object): Promise<object> {
      return order;
    }
  }

  const options = { servers: [url] };
  class AppModule {}
  Module({
    imports: [ClientsModule.register([{ name: 'BUS', transport: Transport.NATS, options }])],
    controllers: [Orders],
  })(AppModule);
  const app = await NestFactory.createMicroservice(AppModule, {
    transport: Transport.NATS,
    options,
    logger: ['error', 'fatal'],
  });
  await app.listen();
  const client = app.get<ClientProxy>('BUS');
  await client.connect();
  return { app, client, tally, event, request };
}
