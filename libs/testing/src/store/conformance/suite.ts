import type { Store } from '@catga/core';

/** What a test runner must offer; Jest, Vitest, Mocha (`before`-less) and node:test all do. */
export interface TestGlobals {
  readonly describe: (name: string, body: () => void) => void;
  readonly it: (name: string, body: () => void | Promise<void>) => void;
  readonly beforeEach: (body: () => void | Promise<void>) => void;
  readonly afterEach: (body: () => void | Promise<void>) => void;
}

/** What the suite has to know about the store under test. */
export interface StoreConformanceOptions {
  /** Name of the suite in the test report. */
  readonly name: string;
  /** What its capabilities say about payloads; encoded ones are put to more tests. */
  readonly payload: 'reference' | 'encoded';
  /** A new, empty, opened store. Called before every test. */
  readonly create: () => Store | Promise<Store>;
  /** Cleans up after a test; the store may be closed already. Default: closes it. */
  readonly destroy?: (store: Store) => void | Promise<void>;
  /** For durable stores: a new, opened store on the data of a closed one. */
  readonly reopen?: (closed: Store) => Store | Promise<Store>;
  /** For shared stores: another opened store on the same data, as in another OS process. The suite closes it. */
  readonly second?: (first: Store) => Store | Promise<Store>;
  /**
   * Whether commits that are made one after the other, without waiting in between, are applied in that order.
   * Default true; false for a store that stands for several.
   */
  readonly inOrder?: boolean;
  /** Programs that the model-based test runs. Default 40. */
  readonly programs?: number;
  /** Seed of the generated programs. Default: chosen at random; a failure prints it. */
  readonly seed?: number;
  /** The test runner. Default: its globals. */
  readonly runner?: TestGlobals;
}

/** What each part of the suite works with. */
export interface Suite {
  readonly it: TestGlobals['it'];
  /** The store of the running test. */
  readonly store: () => Store;
  readonly options: StoreConformanceOptions;
}
