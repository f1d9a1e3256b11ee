import type { Binding } from '../source/bindings.js';
import type { FunctionNode, SyntaxNode } from '../source/syntax.js';
import type { FlowUnit } from './flow-unit.js';

/** What the flow of a process does, call by call. */
export interface FlowAnalysis {
  /** `execute`, then inline methods in the order in which they are found. */
  readonly units: readonly FlowUnit[];
  /** Calls that are steps → the method they call. */
  readonly stepCalls: ReadonlyMap<SyntaxNode, string>;
  /** Methods and accessors that the flow uses as plain code. */
  readonly plain: ReadonlySet<string>;
  /** Functions of the flow that are called by their name or in place. */
  readonly calledFunctions: ReadonlySet<FunctionNode>;
  /** Bodies of `this.step(name, work)`: not flow. */
  readonly work: ReadonlySet<FunctionNode>;
  /** Variables whose promises a combinator waits for. */
  readonly combined: ReadonlySet<Binding>;
  /** `this` is given away, or read through a computed name: then anything may happen to it. */
  readonly leaksThis: boolean;
}
