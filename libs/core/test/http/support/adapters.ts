import type { INestApplication } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';

/** What Nest may run on: everything that is said about routes holds on both. */
export const ADAPTERS = ['express', 'fastify'] as const;

export type AdapterName = (typeof ADAPTERS)[number];

export function newAdapter(name: AdapterName): AbstractHttpAdapter {
  return name === 'express' ? new ExpressAdapter() : new FastifyAdapter();
}

/** Initialises an application until its server can be asked without listening. */
export async function initApp<T extends INestApplication>(app: T): Promise<T> {
  await app.init();
  const adapter = app.getHttpAdapter() as { getType(): string };
  if (adapter.getType() === 'fastify')
    await (app as unknown as NestFastifyApplication).getHttpAdapter().getInstance().ready();
  return app;
}
