import { Module, type Provider, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestMicroservice } from '@nestjs/common';
import type { CatgaClient, CatgaServer } from '@catga/core/microservices';
import type { Transport } from '@catga/core';

/** Closed after each test, newest first. */
const open: { close(): unknown }[] = [];

afterEach(async () => {
  for (const one of open.splice(0).reverse()) await one.close();
});

/** A running microservice with these controllers. */
export async function startService(
  strategy: CatgaServer,
  controllers: Type[],
  prepare: (app: INestMicroservice) => void = () => undefined,
  providers: Provider[] = [],
): Promise<INestMicroservice> {
  @Module({ controllers, providers })
  class ServiceModule {}
  const app = await NestFactory.createMicroservice(ServiceModule, { strategy, logger: false, abortOnError: false });
  open.push(app);
  prepare(app);
  await app.listen();
  return app;
}

/** A client or transport that is closed after the test. */
export function closing<T extends CatgaClient | Transport>(one: T): T {
  open.push(one);
  return one;
}

/** What methods of controllers did, in order, and the way to wait for it. */
export class Notes {
  readonly list: unknown[] = [];

  add(note: unknown): void {
    this.list.push(note);
  }

  /** Waits until there are so many. */
  async reach(count: number, within = 10_000): Promise<readonly unknown[]> {
    await until(
      () => this.list.length >= count,
      within,
      () => `${count} notes; there are ${JSON.stringify(this.list)}`,
    );
    return this.list;
  }
}

/** Waits until it holds. @throws after `within` ms */
export async function until(
  holds: () => boolean | Promise<boolean>,
  within = 10_000,
  what: () => string = () => 'it',
): Promise<void> {
  const limit = Date.now() + within;
  while (!(await holds())) {
    if (Date.now() > limit) throw new Error(`Waited in vain for ${what()}`);
    await pause(5);
  }
}

/** Milliseconds. */
export function pause(time: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, time));
}

/** A promise with its handle. */
export function gate(): { readonly open: () => void; readonly passed: Promise<void> } {
  let open = (): void => undefined;
  const passed = new Promise<void>((resolve) => (open = resolve));
  return { open, passed };
}
