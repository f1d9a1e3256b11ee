import { peer } from './peer.js';

/** An event as Emmett takes it. */
export interface EmmettEvent {
  readonly type: string;
  readonly data: object;
}

/** What the contestants use of an event store of Emmett. */
export interface EmmettStore {
  appendToStream(
    stream: string,
    events: readonly EmmettEvent[],
    options: { expectedStreamVersion: bigint | string },
  ): Promise<unknown>;
  aggregateStream<State>(
    stream: string,
    options: { evolve: (state: State, event: EmmettEvent) => State; initialState: () => State },
  ): Promise<{ state: State }>;
}

type Handle<State> = (
  store: EmmettStore,
  id: string,
  decide: (state: State) => EmmettEvent,
) => Promise<{ newState: State }>;

interface Emmett {
  readonly getInMemoryEventStore: () => EmmettStore;
  readonly CommandHandler: <State>(options: {
    evolve: (state: State, event: EmmettEvent) => State;
    initialState: () => State;
  }) => Handle<State>;
}

interface EmmettSqlite {
  getSQLiteEventStore(options: { fileName: string }): EmmettStore;
}

export const emmett = (): Emmett => peer<Emmett>('BENCH_EMMETT', '@event-driven-io/emmett');
export const emmettSqlite = (): EmmettSqlite => peer<EmmettSqlite>('BENCH_EMMETT', '@event-driven-io/emmett-sqlite');

/** The exact version as Emmett wants it. */
export const expected = (version: number): bigint | string =>
  version === 0 ? 'STREAM_DOES_NOT_EXIST' : BigInt(version);
