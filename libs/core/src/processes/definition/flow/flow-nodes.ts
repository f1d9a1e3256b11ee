import type { FlowNode } from '../../api/process-definition.types.js';

type Nodes = readonly FlowNode[];

/** One call of a step. */
export function step(name: string): FlowNode {
  return { kind: 'step', step: name };
}

/** Nothing when no side has a step. */
export function branch(condition: string, then: Nodes, otherwise: Nodes): Nodes {
  // eslint-disable-next-line unicorn/no-thenable -- an array; nothing can call it
  return then.length + otherwise.length === 0 ? [] : [{ kind: 'branch', condition, then, otherwise }];
}

/** Nothing when the body has no step. */
export function loop(over: string, body: Nodes): Nodes {
  return body.length === 0 ? [] : [{ kind: 'loop', over, body }];
}

/** Branches without steps are left out; nothing when none is left. */
export function parallel(mode: Extract<FlowNode, { kind: 'parallel' }>['mode'], branches: readonly Nodes[]): Nodes {
  const filled = branches.filter((one) => one.length > 0);
  return filled.length === 0 ? [] : [{ kind: 'parallel', mode, branches: filled }];
}

/** Nothing when no part has a step. */
export function tryNode(body: Nodes, handler: Nodes, finalizer: Nodes): Nodes {
  return body.length + handler.length + finalizer.length === 0 ? [] : [{ kind: 'try', body, handler, finalizer }];
}

/** The names of the steps in a flow, each once, in the order of the code. */
export function stepsIn(nodes: Nodes): string[] {
  return [...new Set(nodes.flatMap((node) => namesOf(node)))];
}

function namesOf(node: FlowNode): string[] {
  switch (node.kind) {
    case 'step':
      return [node.step];
    case 'branch':
      return [...stepsIn(node.then), ...stepsIn(node.otherwise)];
    case 'parallel':
      return node.branches.flatMap((one) => stepsIn(one));
    case 'loop':
      return stepsIn(node.body);
    case 'try':
      return [...stepsIn(node.body), ...stepsIn(node.handler), ...stepsIn(node.finalizer)];
  }
}
