import { Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import type { DiscoveryService } from '@nestjs/core';
import type { Type } from '../../messages/index.js';
import {
  AGGREGATE_METADATA_KEY,
  AggregateDefinitionError,
  readAggregateMetadata,
  type Aggregates,
} from '../aggregates/index.js';
import type { SnapshotService } from '../snapshots/index.js';

/** Aggregates in Nest's lifecycle: mistakes end the boot, snapshots that wait are written before the store closes. */
export class AggregateHost implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger('CatgaSnapshots');

  constructor(
    private readonly discovery: DiscoveryService,
    readonly aggregates: Aggregates,
    private readonly snapshots: SnapshotService,
  ) {}

  onModuleInit(): void {
    // Nest would make one instance of it for all, with an id that nobody gave.
    for (const { metatype } of this.discovery.getProviders({ metadataKey: AGGREGATE_METADATA_KEY })) {
      if (typeof metatype !== 'function' || readAggregateMetadata(metatype) === undefined) continue;
      const { name } = metatype as Type;
      throw new AggregateDefinitionError(name, [
        `it is listed among the providers of a module, but repositories make aggregates, Nest does not. Write imports: [CatgaModule.forFeature([${name}])] in place of it.`,
      ]);
    }
  }

  /** After every handler is done, which may have saved until now. */
  async onApplicationShutdown(): Promise<void> {
    const left = await this.snapshots.drain();
    if (left > 0) {
      this.logger.warn(
        `${left} snapshot(s) were not written before the end. Nothing is lost, loads take longer until the next one. Give them more time with eventSourcing.snapshots.drainTimeout.`,
      );
    }
  }
}
