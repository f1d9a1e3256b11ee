import { Module, type INestApplicationContext, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';

/**
 * Boots a Nest application without HTTP. The floors of the mediator have one beside them, too: calls cost a tenth more
 * in a process with the code and the heap of an application, where alone anybody would compare them.
 */
export function bootContext(metadata: ModuleMetadata): Promise<INestApplicationContext> {
  class AppModule {}
  Module(metadata)(AppModule);
  return NestFactory.createApplicationContext(AppModule, { logger: ['error', 'fatal'] });
}
