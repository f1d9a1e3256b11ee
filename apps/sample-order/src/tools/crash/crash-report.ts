import type { LoadReport } from '../load/load-report.js';
import { repeatedCalls, standing, takeOvers, type Evidence } from './evidence.js';

/** A `kill -9`. */
export interface Kill {
  /** Orders answered by then. */
  readonly answered: number;
  /** It had not finished starting after the kill before. */
  readonly whileStarting: boolean;
}

/** What a crash proof has found. */
export class CrashReport {
  constructor(
    /** Makes the kills happen at the same counts again. */
    readonly seed: number,
    readonly kills: readonly Kill[],
    readonly load: LoadReport,
    readonly evidence: Evidence,
    /** Each in a sentence; none: nothing was lost or done twice. */
    readonly violations: readonly string[],
    /** Database and log of the sample; kept when there is a violation. */
    readonly folder: string,
  ) {}

  /** Calls that were repeated and recognised by their idempotency key. */
  get repeatedCalls(): number {
    return repeatedCalls(this.evidence);
  }

  /** Times that a node took over a run of a dead one. */
  get takeOvers(): number {
    return takeOvers(this.evidence);
  }

  /** For people. */
  summary(): string {
    const { levels } = this.evidence;
    const kills = this.kills.map((kill) => `${kill.answered}${kill.whileStarting ? ' (starting)' : ''}`);
    return [
      `Crash proof, seed ${this.seed}: ${this.kills.length} kills -9, after ${kills.join(', ')} answers.`,
      this.load.summary(),
      `  taken over from dead nodes: ${this.takeOvers} times; repeated calls recognised by their key: ${this.repeatedCalls}`,
      `  standing in the ledgers: ${standing(this.evidence)}`,
      `  stock of ${levels.length} products compared with the ledgers`,
      ...(this.violations.length === 0
        ? [
            'No violation: every order has one outcome, nothing was lost, nothing was done twice, nothing was left behind.',
          ]
        : [
            `${this.violations.length} VIOLATIONS; database and log are in ${this.folder}`,
            ...this.violations.map((violation) => `  ${violation}`),
          ]),
    ].join('\n');
  }
}
