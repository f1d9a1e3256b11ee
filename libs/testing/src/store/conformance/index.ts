import type { Store } from '@catga/core';
import { appendTests } from './appends.js';
import { commitConditionTests } from './commit-conditions.js';
import { concurrencyTests } from './concurrency.js';
import { lifecycleTests } from './lifecycle.js';
import { modelTest } from './model-test.js';
import { payloadTests } from './payloads.js';
import { queryTests } from './queries.js';
import { readTests } from './reads.js';
import { recordQueryTests } from './record-queries.js';
import { recordTests } from './records.js';
import { streamStateTests } from './stream-states.js';
import type { StoreConformanceOptions, Suite, TestGlobals } from './suite.js';

/**
 * The contract of `Store` as tests: a store that passes them all can stand behind everything that Catga builds on one.
 * Works with every test runner that has `describe`, `it`, `beforeEach` and `afterEach`.
 *
 * @example
 * ```ts
 * describeStoreConformance({
 *   name: 'MyStore',
 *   payload: 'encoded',
 *   create: async () => { const store = new MyStore(await emptyDatabase()); await store.open(); return store; },
 *   reopen: async (closed) => { const store = new MyStore(closed.database); await store.open(); return store; },
 * });
 * ```
 */
export function describeStoreConformance(options: StoreConformanceOptions): void {
  const { describe, it, beforeEach, afterEach } = options.runner ?? (globalThis as unknown as TestGlobals);
  describe(`${options.name} keeps the contract of Store`, () => {
    let current: Store | undefined;
    beforeEach(async () => {
      current = await options.create();
    });
    afterEach(async () => {
      const store = current as Store;
      current = undefined;
      if (options.destroy === undefined) await store.close();
      else await options.destroy(store);
    });
    const suite: Suite = { it, options, store: () => current as Store };
    const parts = {
      'when it appends': appendTests,
      'when it reads events': readTests,
      'when it is asked for some events': queryTests,
      'when streams are closed and truncated': streamStateTests,
      'when commits have conditions': commitConditionTests,
      'when it keeps records': recordTests,
      'when it finds records': recordQueryTests,
      'when it keeps payloads': payloadTests,
      'with many at once': concurrencyTests,
      'from opening to closing': lifecycleTests,
      'under random programs': modelTest,
    };
    for (const [name, part] of Object.entries(parts)) describe(name, () => part(suite));
  });
}
