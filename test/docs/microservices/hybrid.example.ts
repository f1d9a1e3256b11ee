import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatgaModule, Inbox, Transport } from '@catga/core';
import { CatgaServer } from '@catga/core/microservices';
import { CatgaNatsModule } from '@catga/nats';
import { BillingController } from './billing.controller.example.js';
import { nats } from './nats.example.js';

@Module({
  imports: [CatgaModule.forRoot(), CatgaNatsModule.forRoot({ ...nats, store: false })],
  controllers: [BillingController],
})
export class HybridModule {}

export async function startHybrid(port: number) {
  const app = await NestFactory.create(HybridModule);
  const strategy = new CatgaServer({ transport: app.get(Transport), group: 'billing', inbox: app.get(Inbox) });
  app.connectMicroservice({ strategy }, { inheritAppConfig: true });
  app.enableShutdownHooks();
  await app.init();
  await app.startAllMicroservices();
  await app.listen(port);
  return { app, strategy };
}
