import type { QoS, Transport } from '@catga/core';
import type { TestGlobals } from '../../store/conformance/suite.js';

/** What the suite has to know about the transport under test. */
export interface TransportConformanceOptions {
  /** Name of the suite in the test report. */
  readonly name: string;
  /** A new, opened transport. Called before every test; what earlier tests left in the broker does no harm. */
  readonly create: () => Transport | Promise<Transport>;
  /** Another opened transport on the same broker, as on another node. The suite closes it. */
  readonly second: (first: Transport) => Transport | Promise<Transport>;
  /** Cleans up after a test; the transport may be closed already. Default: closes it. */
  readonly destroy?: (transport: Transport) => void | Promise<void>;
  /**
   * Cuts a node off as if its OS process had been killed: nothing more of it reaches the broker. Left out: what happens
   * then is not tested here.
   */
  readonly kill?: (transport: Transport) => void | Promise<void>;
  /** The qualities it says it gives. Default all three; QoS 0 and 1 are not optional. */
  readonly qos?: readonly QoS[];
  /** Bytes of a body that the transport refuses. */
  readonly tooLarge: number;
  /** Messages of the tests with many of them. Default 10,000. */
  readonly many?: number;
  /** The test runner. Default: its globals. */
  readonly runner?: TestGlobals;
}

/** What each part of the suite works with. */
export interface Suite {
  readonly it: TestGlobals['it'];
  readonly options: TransportConformanceOptions;
  /** The transport of the running test. */
  readonly transport: () => Transport;
  /** Another node, closed after the test. */
  readonly another: () => Promise<Transport>;
  /** A name that no other test has: for subjects, subscriptions and ids. */
  readonly unique: (what: string) => string;
}
