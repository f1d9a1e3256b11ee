import type { Provider } from '@nestjs/common';
import { ProcessContext } from '../api/process-context.js';
import { Processes } from '../api/processes.js';
import { ProcessHost } from './process-host.js';

/** What of the process engine an application injects; the host is provided by the module that knows the options. */
export const processProviders: readonly Provider[] = [
  { provide: Processes, inject: [ProcessHost], useFactory: (host: ProcessHost) => host.processes },
  { provide: ProcessContext, useFactory: () => new ProcessContext() },
];
