import type { Transport } from '@catga/core';
import type { TestGlobals } from '../../store/conformance/suite.js';
import { contentTests } from './contents.js';
import { deadLetterTests } from './dead-letters.js';
import { deliveryTests } from './delivery.js';
import { flowTests } from './flow.js';
import { orderingTests } from './ordering.js';
import { qualityTests } from './qualities.js';
import { refusalTests } from './refusals.js';
import { requestTests } from './requests.js';
import type { Suite, TransportConformanceOptions } from './suite.js';

/**
 * The contract of `Transport` as tests: a transport that passes them all can stand behind everything that Catga builds on
 * one. Works with every test runner that has `describe`, `it`, `beforeEach` and `afterEach`; give it 60 s a test.
 *
 * @example
 * ```ts
 * describeTransportConformance({
 *   name: 'MyTransport',
 *   create: async () => { const transport = new MyTransport(url); await transport.open(); return transport; },
 *   second: async () => { const transport = new MyTransport(url); await transport.open(); return transport; },
 *   tooLarge: 2 * 1024 * 1024,
 * });
 * ```
 */
export function describeTransportConformance(options: TransportConformanceOptions): void {
  const { describe, it, beforeEach, afterEach } = options.runner ?? (globalThis as unknown as TestGlobals);
  const run = `${Date.now().toString(36)}${Math.floor(Math.random() * 1e9).toString(36)}`;
  describe(`${options.name} keeps the contract of Transport`, () => {
    let current: Transport | undefined;
    let others: Transport[] = [];
    let names = 0;
    beforeEach(async () => {
      others = [];
      current = await options.create();
    });
    afterEach(async () => {
      const transport = current as Transport;
      current = undefined;
      for (const other of others) await other.close();
      if (options.destroy === undefined) await transport.close();
      else await options.destroy(transport);
    });
    const another = async (): Promise<Transport> => {
      const other = await options.second(current as Transport);
      others.push(other);
      return other;
    };
    const unique = (what: string): string => `${what}-${run}-${++names}`;
    const suite: Suite = { it, options, transport: () => current as Transport, another, unique };
    const parts = {
      'when it delivers': deliveryTests,
      'when it carries contents': contentTests,
      'with its qualities of service': qualityTests,
      'when it gives up on messages': deadLetterTests,
      'when order matters': orderingTests,
      'under load and at the end': flowTests,
      'when it carries requests': requestTests,
      'when it is asked for what cannot be': refusalTests,
    };
    for (const [name, part] of Object.entries(parts)) describe(name, () => part(suite));
  });
}
