import { Global, Module, type DynamicModule, type INestApplication, type ModuleMetadata } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { CatgaProcessesHttpModule, type ProcessesHttpOptions } from '../../../src/http/index.js';
import { Processes } from '../../../src/processes/index.js';
import { initApp, newAdapter, type AdapterName } from './adapters.js';
import { FakeProcesses } from './fake-processes.js';

@Global()
@Module({})
class FakeCatgaModule {
  static with(processes: FakeProcesses): DynamicModule {
    return {
      module: FakeCatgaModule,
      providers: [{ provide: Processes, useValue: processes }],
      exports: [Processes],
    };
  }
}

/** Lines the application has logged, by level. */
export class LogLines {
  readonly lines: string[] = [];
  log = (message: unknown): void => void this.lines.push(`log ${String(message)}`);
  warn = (message: unknown): void => void this.lines.push(`warn ${String(message)}`);
  error = (message: unknown): void => void this.lines.push(`error ${String(message)}`);
}

/** What a test needs of one application. */
export interface HttpApp {
  readonly app: INestApplication;
  readonly processes: FakeProcesses;
  readonly logs: LogLines;
}

/** A real Nest application with the endpoints over a fake `Processes`. `prepare` runs before it initialises. */
export async function httpApp(
  options?: ProcessesHttpOptions,
  { imports = [], ...metadata }: ModuleMetadata = {},
  prepare?: (app: INestApplication) => void,
  adapter: AdapterName = 'express',
): Promise<HttpApp> {
  const processes = new FakeProcesses();
  const logs = new LogLines();
  const module = await Test.createTestingModule({
    ...metadata,
    imports: [FakeCatgaModule.with(processes), CatgaProcessesHttpModule.forRoot(options), ...imports],
  })
    .setLogger(logs)
    .compile();
  const app = module.createNestApplication<INestApplication>(newAdapter(adapter));
  prepare?.(app);
  await initApp(app);
  return { app, processes, logs };
}

/** Runs `body` with another NODE_ENV. */
export async function inEnvironment(nodeEnv: string | undefined, body: () => Promise<void>): Promise<void> {
  const before = process.env['NODE_ENV'];
  if (nodeEnv === undefined) delete process.env['NODE_ENV'];
  else process.env['NODE_ENV'] = nodeEnv;
  try {
    await body();
  } finally {
    process.env['NODE_ENV'] = before;
  }
}
