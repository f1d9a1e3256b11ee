import { Inject } from '@nestjs/common';
import { resolveCoordinationOptions, type CoordinationOptions } from './coordination/index.js';
import { resolveEventSourcingOptions, type EventSourcingOptions } from './event-sourcing/index.js';
import { assertKnownOptions, InvalidOptionError } from './foundation/index.js';
import type { ProcessesHttpOptions } from './http/index.js';
import { resolveIdsOptions, type IdsOptions } from './ids/index.js';
import { resolveMessagingOptions, type MessagingOptions } from './messaging/index.js';
import { resolveMediatorOptions, type MediatorOptions } from './mediator/index.js';
import { defaultCodec, isCodec, resolveProcessOptions, type ProcessesOptions } from './processes/index.js';
import { resolveProjectionsOptions, type ProjectionsOptions } from './projections/index.js';
import { Store, type Codec, type MemoryStoreOptions } from './store/index.js';
import { MemoryTransport, Transport, type MemoryTransportOptions } from './transport/index.js';
import { CATGA_OPTIONS } from './catga.tokens.js';

/** Options of `CatgaModule.forRoot`. All may be left out; one that does not exist fails at boot. */
export interface CatgaModuleOptions {
  /** Behaviours, context, validation, shutdown. */
  readonly mediator?: MediatorOptions | undefined;
  /** Messages to and from other nodes: qualities, subscriptions, the inbox. */
  readonly messaging?: MessagingOptions | undefined;
  /** Worker id and epoch of snowflake ids. */
  readonly ids?: IdsOptions | undefined;
  /**
   * Writes events, and inputs and results of processes, on a store of text and bytes. Never change it while there is
   * data that another one wrote. Default: `processes.serializer`, else tagged JSON.
   */
  readonly codec?: Codec | undefined;
  /** Classes of events, versions to write. */
  readonly eventSourcing?: EventSourcingOptions | undefined;
  /** Whether this node works on projections, and how they change hands. */
  readonly projections?: ProjectionsOptions | undefined;
  /** Locks, cache, and rate limits by name. */
  readonly coordination?: CoordinationOptions | undefined;
  /** Time-outs, retries and limits of processes; see the process engine. */
  readonly processes?: ProcessesOptions | undefined;
  /**
   * The `/processes` endpoints: their options, or false for none. Default: mounted at `/processes`, what changes
   * something closed outside development. With `forRootAsync` it stands beside `useFactory`.
   */
  readonly endpoints?: ProcessesHttpOptions | false | undefined;
  /**
   * The `/projections` endpoints: their options, or false for none. Default: as `endpoints`, mounted at `/projections`.
   * With `forRootAsync` it stands beside `useFactory`.
   */
  readonly projectionEndpoints?: ProcessesHttpOptions | false | undefined;
  /**
   * The store when no store module is imported: options of the memory store, or a store of your own.
   * Default: a memory store in `reference` mode.
   */
  readonly store?: MemoryStoreOptions | Store | undefined;
  /**
   * The transport when no transport module is imported: options of the memory transport, or a transport of your own.
   * Default: a memory transport that reaches this application only.
   */
  readonly transport?: MemoryTransportOptions | Transport | undefined;
}

/** {@link CatgaModuleOptions} checked, with every default filled in. */
export type ResolvedCatgaOptions = ReturnType<typeof resolveCatgaOptions>;

/** Every top-level option with what checks it; whoever adds an option adds a line. */
const SECTIONS = {
  ids: (value: IdsOptions | undefined) => resolveIdsOptions(value),
  mediator: (value: MediatorOptions | undefined) => resolveMediatorOptions(value),
  messaging: (value: MessagingOptions | undefined) => resolveMessagingOptions(value),
  eventSourcing: (value: EventSourcingOptions | undefined) => resolveEventSourcingOptions(value),
  codec: (value: Codec | undefined, processes: ProcessesOptions | undefined) => codecOption(value, processes),
  // Checked once more at boot, with the names of the processes and their steps.
  processes: (value: ProcessesOptions | undefined) => {
    resolveProcessOptions(value);
    return value ?? {};
  },
  // Taken out by the module definition in forRoot; what is still here came from a factory, too late for routes.
  endpoints: (value: unknown) => refuseLate('endpoints', value),
  projectionEndpoints: (value: unknown) => refuseLate('projectionEndpoints', value),
  projections: (value: ProjectionsOptions | undefined) => resolveProjectionsOptions(value),
  coordination: (value: CoordinationOptions | undefined) => resolveCoordinationOptions(value),
  store: (value: MemoryStoreOptions | Store | undefined) => storeOption(value),
  transport: (value: MemoryTransportOptions | Transport | undefined) =>
    value instanceof Transport ? value : new MemoryTransport(value),
};

/**
 * Checks the options of the whole module in one place and fills in the defaults.
 *
 * @throws {UnknownOptionError} naming the nearest known option
 * @throws {InvalidOptionError}
 */
export function resolveCatgaOptions(options: CatgaModuleOptions = {}) {
  assertKnownOptions('CatgaModule.forRoot', options, Object.keys(SECTIONS));
  SECTIONS.endpoints(options.endpoints);
  SECTIONS.projectionEndpoints(options.projectionEndpoints);
  return {
    ids: SECTIONS.ids(options.ids),
    mediator: SECTIONS.mediator(options.mediator),
    messaging: SECTIONS.messaging(options.messaging),
    eventSourcing: SECTIONS.eventSourcing(options.eventSourcing),
    projections: SECTIONS.projections(options.projections),
    processes: SECTIONS.processes(options.processes),
    codec: SECTIONS.codec(options.codec, options.processes),
    coordination: SECTIONS.coordination(options.coordination),
    store: SECTIONS.store(options.store),
    transport: SECTIONS.transport(options.transport),
  };
}

/** Injects the checked options of the application, a {@link ResolvedCatgaOptions}. */
export const InjectCatgaOptions = (): ParameterDecorator => Inject(CATGA_OPTIONS);

function refuseLate(name: string, value: unknown): void {
  if (value === undefined) return;
  const place = `it beside useFactory, because it decides which routes there are: forRootAsync({ ${name}, useFactory })`;
  throw new InvalidOptionError(name, value, place);
}

function codecOption(value: Codec | undefined, processes: ProcessesOptions | undefined): Codec {
  const own = processes?.serializer;
  if (value === undefined) return own ?? defaultCodec();
  if (!isCodec(value)) throw new InvalidOptionError('codec', value, 'an object with name, encode and decode');
  if (own !== undefined && own !== value) {
    throw new InvalidOptionError(
      'processes.serializer',
      own.name,
      'codec only: it is for the processes too. One process may have another with @Serializer',
    );
  }
  return value;
}

function storeOption(value: MemoryStoreOptions | Store | undefined): MemoryStoreOptions | Store {
  if (value instanceof Store) return value;
  assertKnownOptions('store', value, ['mode', 'freeze', 'clock']);
  const mode = value?.mode ?? 'reference';
  if (mode !== 'reference' && mode !== 'copy')
    throw new InvalidOptionError('store.mode', mode, `'reference' or 'copy'`);
  return value ?? {};
}
