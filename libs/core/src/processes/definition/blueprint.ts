import type { Codec } from '../../store/index.js';
import type { Type } from '../../messages/index.js';
import type { FlowNode } from '../api/process-definition.types.js';
import type { ExistingProcessPolicy } from '../api/process.types.js';
import type { RetryPolicy } from '../../foundation/index.js';
import type { StepOptions } from './options/options.types.js';

/** What a process class says about itself: its decorators, its methods and the source of its `execute`. */
export interface ProcessBlueprint {
  readonly name: string;
  readonly target: Type<object>;
  readonly command: Type<object>;
  /** Hash of the source of the flow; informative. */
  readonly version: string;
  readonly steps: readonly StepBlueprint[];
  /** Steps that are no methods, written as `this.step(name, …)` or `this.send(…)`; they have no alternatives. */
  readonly named?: readonly StepBlueprint[];
  /**
   * The policy of a step that is no method: what the call says, outranked by configuration.
   *
   * @throws {InvalidOptionError} {@link InvalidDurationError} for what the call says
   */
  readonly policyOf?: (step: string, said: StepOptions) => StepBlueprint;
  readonly flow: readonly FlowNode[];
  /**
   * At most one step is under way at any time: every call of a step is awaited on the spot, none stands in a nested
   * function. Then the order of completions cannot be ambiguous.
   */
  readonly sequential: boolean;
  /** `execute`, an inline or a plain method may set fields of `this`; steps then have to see them. */
  readonly writesFields: boolean;
  /** The part of the id behind the process name. */
  readonly idOf: (command: object) => string;
  readonly onExisting: ExistingProcessPolicy;
  readonly tagsOf?: (command: object) => readonly string[];
  readonly codec?: Codec;
}

/** One step: a method of the class, or several alternatives under one name. */
export interface StepBlueprint {
  readonly name: string;
  /** In the order of the code; more than one when `@Condition` chooses. */
  readonly alternatives: readonly StepAlternative[];
  /** Milliseconds for one attempt. */
  readonly timeout: number;
  readonly retry: RetryPolicy;
  /** What to do with a step that was started and never finished. */
  readonly onUnknown: 'retry' | 'ask' | 'fail';
  /** Former names, for runs that were recorded under them. */
  readonly formerly: readonly string[];
  /** Identity in place of the occurrence, from the arguments. */
  readonly key?: (...args: never[]) => string | number;
  /**
   * Which instances are undone: only `completed` ones; also `in-doubt` ones (default), which failed or were cut off
   * without a plain refusal, so that their effect may have happened; or every one that was `started`.
   */
  readonly compensate: 'completed' | 'in-doubt' | 'started';
}

/** One method behind a step. */
export interface StepAlternative {
  readonly method: string;
  /** Method that undoes it. */
  readonly compensation?: string;
  /** Method that says whether this alternative is the one; none: always. */
  readonly condition?: string;
}
