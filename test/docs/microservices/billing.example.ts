import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { CatgaNatsServer } from '@catga/nats/microservices';
import { BillingController } from './billing.controller.example.js';
import { nats } from './nats.example.js';

@Module({ controllers: [BillingController] })
export class BillingModule {}

export async function startBilling() {
  const app = await NestFactory.createMicroservice(BillingModule, {
    strategy: new CatgaNatsServer({ ...nats, group: 'billing' }),
  });
  app.enableShutdownHooks();
  await app.listen();
  return app;
}
