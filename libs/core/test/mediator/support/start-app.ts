import { Logger, Module, type LoggerService, type ModuleMetadata } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { INestApplicationContext } from '@nestjs/common';
import { CatgaModule, Mediator, type CatgaModuleOptions } from '@catga/core';

/** What a test starts an application with. */
export interface AppParts extends ModuleMetadata {
  readonly options?: CatgaModuleOptions;
}

/** A running application and what tests mostly need of it. */
export interface TestApp {
  readonly app: INestApplicationContext;
  readonly mediator: Mediator;
}

const started: INestApplicationContext[] = [];

/** Starts a real application (not a testing module: its lifecycle is what users get). Closed by {@link closeApps}. */
export async function startApp({ options, imports = [], ...parts }: AppParts): Promise<TestApp> {
  class AppModule {}
  Module({ imports: [CatgaModule.forRoot(options), ...imports], ...parts })(AppModule);
  return startModule(AppModule);
}

/** Starts an application from its root module. */
export async function startModule(root: new () => object): Promise<TestApp> {
  const app = await NestFactory.createApplicationContext(root, { abortOnError: false, logger: logs });
  started.push(app);
  return { app, mediator: app.get(Mediator) };
}

/** Closes what a test has started. */
export async function closeApps(): Promise<void> {
  await Promise.all(started.splice(0).map((app) => app.close()));
  logs.lines.length = 0;
}

/** What applications have logged, as `level [context] text`. */
class CapturedLogs implements LoggerService {
  readonly lines: string[] = [];
  log = this.capture('log');
  warn = this.capture('warn');
  error = this.capture('error');
  debug = this.capture('debug');
  verbose = this.capture('verbose');

  /** Lines of one context. */
  of(context: string): string[] {
    return this.lines.filter((line) => line.includes(`[${context}]`));
  }

  private capture(level: string) {
    return (message: unknown, ...rest: unknown[]) => {
      this.lines.push(`${level} [${String(rest.at(-1))}] ${String(message)}`);
    };
  }
}

export const logs = new CapturedLogs();
Logger.overrideLogger(logs);

/** A promise with its ends outside. */
export function deferred<T = void>(): { promise: Promise<T>; resolve(value: T): void; reject(error: unknown): void } {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((res, rej) => {
    resolve = res;
    reject = rej;
  });
  return { promise, resolve, reject };
}

/** Whether a promise is still pending after everything that could settle it had its time. */
export async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const later = new Promise((resolve) => setTimeout(resolve, 100, pending));
  return (await Promise.race([promise, later])) === pending;
}

/** Lets everything that is ready run, I/O included. */
export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
