import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/** Boots a Nest application without HTTP. */
export function bootContext(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  class AppModule {}
  Module(metadata)(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: ['error', 'fatal'] });
}
