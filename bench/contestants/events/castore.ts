import { peer } from './peer.js';

/** An event as castore takes it. */
export interface CastoreEvent {
  readonly aggregateId: string;
  readonly version: number;
  readonly type: string;
  readonly payload: object;
}

/** What the contestants use of an event store of castore. */
export interface CastoreStore<State> {
  pushEvent(event: CastoreEvent): Promise<unknown>;
  getAggregate(aggregateId: string): Promise<{ aggregate: State | undefined }>;
}

interface Core {
  readonly EventType: new (options: { type: string }) => object;
  readonly EventStore: new <State>(options: {
    eventStoreId: string;
    eventTypes: readonly object[];
    eventStorageAdapter: object;
    reducer: (state: State, event: CastoreEvent) => State;
  }) => CastoreStore<State>;
}

interface Memory {
  readonly InMemoryEventStorageAdapter: new () => object;
}

/** A fresh store in memory. */
export function castore<State>(
  type: string,
  reducer: (state: State, event: CastoreEvent) => State,
): CastoreStore<State> {
  const { EventStore, EventType } = peer<Core>('BENCH_CASTORE', '@castore/core');
  const { InMemoryEventStorageAdapter } = peer<Memory>('BENCH_CASTORE', '@castore/event-storage-adapter-in-memory');
  return new EventStore({
    eventStoreId: 'orders',
    eventTypes: [new EventType({ type })],
    eventStorageAdapter: new InMemoryEventStorageAdapter(),
    reducer,
  });
}
