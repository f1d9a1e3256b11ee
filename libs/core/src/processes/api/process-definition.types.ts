/** A process as inferred from its class when the module starts. */
export interface ProcessDefinition {
  readonly name: string;
  /** Name of the command class that starts it. */
  readonly command: string;
  /** Changes when the shape of `execute` changes. */
  readonly version: string;
  /** Steps in the order in which they stand in the code. */
  readonly steps: readonly StepDefinition[];
  /** The code as a tree: what follows what, under which condition. */
  readonly flow: readonly FlowNode[];
}

/** One step with the policy that is in force. */
export interface StepDefinition {
  readonly name: string;
  /** The method of the class. */
  readonly method: string;
  /** The method that undoes it. */
  readonly compensation?: string;
  /** Milliseconds for one attempt. */
  readonly timeout: number;
  readonly attempts: number;
  /** Milliseconds before the second attempt. */
  readonly backoff: number;
  readonly onUnknown: 'retry' | 'ask' | 'fail';
  readonly formerly: readonly string[];
}

/** Part of the flow, in the order of the code. */
export type FlowNode =
  | { readonly kind: 'step'; readonly step: string }
  | {
      readonly kind: 'branch';
      readonly condition: string;
      readonly then: readonly FlowNode[];
      readonly otherwise: readonly FlowNode[];
    }
  | {
      readonly kind: 'parallel';
      readonly mode: 'all' | 'allSettled' | 'race' | 'any';
      readonly branches: readonly (readonly FlowNode[])[];
    }
  | { readonly kind: 'loop'; readonly over: string; readonly body: readonly FlowNode[] }
  | {
      readonly kind: 'try';
      readonly body: readonly FlowNode[];
      readonly handler: readonly FlowNode[];
      readonly finalizer: readonly FlowNode[];
    };
