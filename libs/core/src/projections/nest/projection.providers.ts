import type { Provider } from '@nestjs/common';
import { ProjectionManager } from '../manager/projection-manager.js';
import { ReadModels } from '../manager/read-models.js';
import { ProjectionHost } from './projection-host.js';

/** What of projections an application injects; the host is provided by the module that knows the options. */
export const projectionProviders: readonly Provider[] = [
  {
    provide: ProjectionManager,
    inject: [ProjectionHost],
    useFactory: (host: ProjectionHost) => host.runtime.projections,
  },
  { provide: ReadModels, inject: [ProjectionHost], useFactory: (host: ProjectionHost) => host.runtime.readModels },
];
