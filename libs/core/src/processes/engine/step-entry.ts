import type { CompiledStep } from './compiled-step.js';

/** What stands in the place of a step's method on the `this` of `execute`. */
export type StepEntry = (this: object, ...args: unknown[]) => Promise<unknown>;

/** The shortest way of a step, as an entry sees it: see `FastLane`. */
export interface StepLane {
  /** The `this` of the step under way. */
  view: object;
  /** Journals that a step begins; answers with its key, or undefined when it cannot go this way. */
  enter(step: CompiledStep, args: unknown[]): string | undefined;
  /** The same for one argument. */
  enterWith(step: CompiledStep, argument: unknown): string | undefined;
  /** What the body's promise goes on with. */
  readonly onValue: (value: unknown) => unknown;
  readonly onError: (error: unknown) => Promise<unknown>;
}

/** What an entry needs of the run. */
export interface EnteredRun {
  /** Only where steps may take it. */
  readonly lane: StepLane | undefined;
  callStep(step: CompiledStep, args: unknown[]): Promise<unknown>;
}

/** What an entry is made of. */
export interface EntryParts {
  readonly step: CompiledStep;
  /** Under which the `this` of `execute` has its {@link EnteredRun}. */
  readonly run: symbol;
  /** Makes the `this` of a step in a fast lane. */
  readonly StepView: new (call: undefined, run: never, key: string) => object;
}

/** Parameters of methods with an entry of their own. */
const MOST_PARAMETERS = 8;

/** So that no two texts are the same: V8 would give them one entry. */
let made = 0;

/**
 * The entry of a step that every run takes in the same way: no user's key, nothing to choose, no fields to copy.
 *
 * One entry for all steps would call another method with another number of arguments each time, from an array; V8 keeps
 * what it learns with the place in the source, so each step gets a source of its own, and with it an entry that is
 * compiled like one written by hand: 30 to 50 ns less a step. Nothing of the application gets into the text.
 *
 * Where generating code is forbidden (`--disallow-code-generation-from-strings`) it is the {@link sharedEntry}.
 */
export function stepEntry(parts: EntryParts): StepEntry {
  const { step, run, StepView } = parts;
  const body = step.only?.run;
  if (body === undefined || step.key !== undefined || body.length > MOST_PARAMETERS) return sharedEntry(parts);
  try {
    // eslint-disable-next-line typescript/no-implied-eval -- the text has nothing in it but a number of parameters
    const make = new Function('step', 'RUN', 'body', 'StepView', 'shared', textOf(body.length)) as (
      ...parts: unknown[]
    ) => StepEntry;
    return make(step, run, body, StepView, sharedEntry(parts));
  } catch (error) {
    if ((error as Error).name !== 'EvalError') throw error;
    return sharedEntry(parts);
  }
}

/** Leaves everything to the run. */
export function sharedEntry({ step, run }: EntryParts): StepEntry {
  return function (...args) {
    return (this as Record<symbol, EnteredRun>)[run]?.callStep(step, args) as Promise<unknown>;
  };
}

// The same as `FastLane.call`, whose parts it calls.
function textOf(parameters: number): string {
  const given = Array.from({ length: parameters }, (_, index) => `args[${index}]`);
  // A list of parameters, not one made here: such a list V8 would allocate among the old objects from then on, once it has
  // seen many of them grow old in a long run. Most steps have one parameter, and need no list.
  const [list, count, enter, values, leave] =
    parameters === 1
      ? ['argument', 'arguments.length', 'enterWith(step, argument)', ['argument'], 'shared.apply(this, arguments)']
      : ['...args', 'args.length', 'enter(step, args)', given, 'run.callStep(step, args)'];
  return `'use strict';
return function (${list}) {
  const run = this[RUN];
  const lane = run.lane;
  if (lane === undefined || ${count} !== ${parameters}) return ${leave};
  const key = lane.${enter};
  if (key === undefined) return ${leave};
  let answer;
  try {
    const view = new StepView(undefined, run, key);
    lane.view = view;
    answer = body.call(${['view', ...values].join(', ')});
  } catch (error) {
    return lane.onError(error);
  }
  const promise = answer instanceof Promise ? answer : Promise.resolve(answer);
  return promise.then(lane.onValue, lane.onError);
};
//# sourceURL=catga/step-${++made}.js`;
}
