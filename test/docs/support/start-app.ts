import type { INestApplication, ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';

const started: INestApplication[] = [];

/** Starts the application of a guide; {@link closeApps} closes it. */
export async function startApp(metadata: ModuleMetadata): Promise<INestApplication> {
  const module = await Test.createTestingModule(metadata).compile();
  const app: INestApplication = module.createNestApplication({ logger: false });
  started.push(app);
  return app.init();
}

/** Closes what a test has started. */
export async function closeApps(): Promise<void> {
  await Promise.all(started.splice(0).map((app) => app.close()));
}
