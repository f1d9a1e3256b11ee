import { Inject } from '@nestjs/common';
import { assertKnownOptions, InvalidOptionError } from './foundation/index.js';
import type { ProcessesHttpOptions } from './http/index.js';
import { resolveIdsOptions, type IdsOptions } from './ids/index.js';
import { resolveMediatorOptions, type MediatorOptions } from './mediator/index.js';
import { resolveProcessOptions, type ProcessesOptions } from './processes/index.js';
import { Store, type MemoryStoreOptions } from './store/index.js';
import { CATGA_OPTIONS } from './catga.tokens.js';

/** Options of `CatgaModule.forRoot`. All may be left out; one that does not exist fails at boot. */
export interface CatgaModuleOptions {
  /** Behaviours, context, validation, shutdown. */
  readonly mediator?: MediatorOptions | undefined;
  /** Worker id and epoch of snowflake ids. */
  readonly ids?: IdsOptions | undefined;
  /** Time-outs, retries and limits of processes; see the process engine. */
  readonly processes?: ProcessesOptions | undefined;
  /**
   * The `/processes` endpoints: their options, or false for none. Default: mounted at `/processes`, what changes
   * something closed outside development. With `forRootAsync` it stands beside `useFactory`.
   */
  readonly endpoints?: ProcessesHttpOptions | false | undefined;
  /**
   * The store when no store module is imported: options of the memory store, or a store of your own.
   * Default: a memory store in `reference` mode.
   */
  readonly store?: MemoryStoreOptions | Store | undefined;
}

/** {@link CatgaModuleOptions} checked, with every default filled in. */
export type ResolvedCatgaOptions = ReturnType<typeof resolveCatgaOptions>;

/** Every top-level option with what checks it; whoever adds an option adds a line. */
const SECTIONS = {
  ids: (value: IdsOptions | undefined) => resolveIdsOptions(value),
  mediator: (value: MediatorOptions | undefined) => resolveMediatorOptions(value),
  // Checked once more at boot, with the names of the processes and their steps.
  processes: (value: ProcessesOptions | undefined) => {
    resolveProcessOptions(value);
    return value ?? {};
  },
  // Taken out by the module definition in forRoot; what is still here came from a factory, too late for routes.
  endpoints: (value: unknown) => {
    if (value === undefined) return;
    const place =
      'it beside useFactory, because it decides which routes there are: forRootAsync({ endpoints, useFactory })';
    throw new InvalidOptionError('endpoints', value, place);
  },
  store: (value: MemoryStoreOptions | Store | undefined) => storeOption(value),
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
  return {
    ids: SECTIONS.ids(options.ids),
    mediator: SECTIONS.mediator(options.mediator),
    processes: SECTIONS.processes(options.processes),
    store: SECTIONS.store(options.store),
  };
}

/** Injects the checked options of the application, a {@link ResolvedCatgaOptions}. */
export const InjectCatgaOptions = (): ParameterDecorator => Inject(CATGA_OPTIONS);

function storeOption(value: MemoryStoreOptions | Store | undefined): MemoryStoreOptions | Store {
  if (value instanceof Store) return value;
  assertKnownOptions('store', value, ['mode', 'freeze', 'clock']);
  const mode = value?.mode ?? 'reference';
  if (mode !== 'reference' && mode !== 'copy')
    throw new InvalidOptionError('store.mode', mode, `'reference' or 'copy'`);
  return value ?? {};
}
