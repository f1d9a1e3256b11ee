import type { Evidence } from '../crash/evidence.js';
import { repeatedCalls, standing, takeOvers } from '../crash/evidence.js';
import type { LoadReport } from '../load/load-report.js';

/** What a proof on a cluster has found. */
export class ClusterReport {
  constructor(
    /** Makes the faults happen at the same counts again. */
    readonly seed: number,
    readonly faults: readonly string[],
    readonly load: LoadReport,
    readonly evidence: Evidence,
    /** Each in a sentence; none: nothing was lost or done twice. */
    readonly violations: readonly string[],
  ) {}

  /** Times that a node took over a run of another one. */
  get takeOvers(): number {
    return takeOvers(this.evidence);
  }

  /** Calls that were repeated and recognised by their idempotency key. */
  get repeatedCalls(): number {
    return repeatedCalls(this.evidence);
  }

  /** Receipts, mailed by whichever node got the message. */
  get receipts(): number {
    return this.evidence.notification.filter(({ kind }) => kind === 'receipt').length;
  }

  /** For people. */
  summary(): string {
    return [
      `Cluster proof, seed ${this.seed}: ${this.faults.join(', ')}.`,
      this.load.summary(),
      `  taken over by another node: ${this.takeOvers} times; repeated calls recognised by their key: ${this.repeatedCalls}`,
      `  standing in the ledgers: ${standing(this.evidence)}, ${this.receipts} receipts mailed`,
      ...(this.violations.length === 0
        ? [
            'No violation: every order has one outcome, nothing was lost, nothing was done twice, nothing was left behind.',
          ]
        : [`${this.violations.length} VIOLATIONS`, ...this.violations.map((violation) => `  ${violation}`)]),
    ].join('\n');
  }
}
