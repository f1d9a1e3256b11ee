import { Logger, type Provider } from '@nestjs/common';
import { DiscoveryService } from '@nestjs/core';
import { Store } from '../../store/index.js';
import { Aggregates } from '../aggregates/index.js';
import { EventRegistry } from '../events/index.js';
import { EventLog } from '../log/index.js';
import { SnapshotMetrics, SnapshotService, type ResolvedSnapshotWriterOptions } from '../snapshots/index.js';
import { TimeTravel } from '../time-travel/index.js';
import { AggregateHost } from './aggregate.host.js';

/** What of the aggregates an application injects, and what drives them. */
export function aggregateProviders<Options>(
  optionsToken: symbol,
  snapshotOptions: (options: Options) => ResolvedSnapshotWriterOptions,
): readonly Provider[] {
  return [
    { provide: SnapshotMetrics, useFactory: () => new SnapshotMetrics() },
    {
      provide: SnapshotService,
      inject: [Store, EventRegistry, SnapshotMetrics, optionsToken],
      useFactory: (store: Store, { codec }: EventRegistry, metrics: SnapshotMetrics, options: Options) => {
        const logger = new Logger('CatgaSnapshots');
        const warn = (message: string): void => logger.warn(message);
        return new SnapshotService({ store, codec, metrics, options: snapshotOptions(options), warn });
      },
    },
    {
      provide: Aggregates,
      inject: [EventLog, SnapshotService],
      useFactory: (log: EventLog, snapshots: SnapshotService) => new Aggregates(log, snapshots),
    },
    {
      provide: TimeTravel,
      inject: [Aggregates, EventLog],
      useFactory: (aggregates: Aggregates, log: EventLog) => new TimeTravel(aggregates, log),
    },
    {
      provide: AggregateHost,
      inject: [DiscoveryService, Aggregates, SnapshotService],
      useFactory: (discovery: DiscoveryService, aggregates: Aggregates, snapshots: SnapshotService) =>
        new AggregateHost(discovery, aggregates, snapshots),
    },
  ];
}
