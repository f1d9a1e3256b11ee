import type { StepBlueprint } from '../definition/blueprint.js';
import type { StepSlot } from './step-slot.js';

/** A method of the user's class. */
export type Method = (this: object, ...args: unknown[]) => unknown;

/** One way to do a step, and to undo it. */
export interface CompiledAlternative {
  readonly method: string;
  readonly run: Method;
  readonly condition: Method | undefined;
  readonly compensation: Method | undefined;
  /** Parameters the method declares: where the result goes among the arguments of the compensation. */
  readonly arity: number;
}

/** A step as the engine calls it. */
export interface CompiledStep extends Omit<StepBlueprint, 'alternatives'> {
  readonly index: number;
  /** See `bitOf`. */
  readonly bit: number;
  readonly alternatives: readonly CompiledAlternative[];
  /** Its one alternative, when there is nothing to choose. */
  readonly only: CompiledAlternative | undefined;
  /** Its calls in order, shared by all runs; grows with the first run that gets so far. */
  readonly slots: StepSlot[];
}
