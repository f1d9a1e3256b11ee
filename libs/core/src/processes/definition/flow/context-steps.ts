import type { FlowNode } from '../../api/process-definition.types.js';
import { propertyName, type SyntaxNode } from '../source/syntax.js';
import { parallel, step } from './flow-nodes.js';

type Call = Extract<SyntaxNode, { type: 'CallExpression' }>;

/** Steps that are no methods: `this.step(name, …)`, `this.stepAll([…])`, `this.send(new Command())`. */
export interface ContextSteps {
  readonly nodes: readonly FlowNode[];
  /** The names that stand in the code. */
  readonly names: readonly string[];
  /** Some name is known only at run time. */
  readonly open: boolean;
}

const NONE: ContextSteps = { nodes: [], names: [], open: false };
const NOT_STEPS: ReadonlySet<string> = new Set([
  'now',
  'random',
  'uuid',
  'patched',
  'stepKey',
  'signal',
  'continueAsNew',
]);

/** True for methods of the context that wait for something recorded. */
export function isRecorded(contextMethod: string): boolean {
  return !NOT_STEPS.has(contextMethod);
}

/** The steps of a call of the context; of its other methods, none. */
export function contextSteps(call: Call, method: string, text: (node: SyntaxNode) => string): ContextSteps {
  const [first] = call.arguments;
  if (!first) return NONE;
  if (method === 'step') return named([first], text, false);
  if (method === 'send') {
    const command = first.type === 'NewExpression' ? first.callee : undefined;
    if (command?.type === 'Identifier') return { nodes: [step(command.name)], names: [command.name], open: false };
    return { nodes: [step(text(first))], names: [], open: true };
  }
  if (method !== 'stepAll') return NONE;
  if (first.type !== 'ArrayExpression') return { nodes: [step(text(first))], names: [], open: true };
  return named(
    first.elements.map((element) => (element && nameIn(element)) ?? element ?? first),
    text,
    true,
  );
}

function named(names: readonly SyntaxNode[], text: (node: SyntaxNode) => string, beside: boolean): ContextSteps {
  const literals = names.map((node) =>
    node.type === 'Literal' && typeof node.value === 'string' ? node.value : undefined,
  );
  const nodes = names.map((node, index) => step(literals[index] ?? text(node)));
  return {
    nodes: beside
      ? parallel(
          'all',
          nodes.map((node) => [node]),
        )
      : nodes,
    names: literals.filter((name) => name !== undefined),
    open: literals.includes(undefined),
  };
}

/** The value of `name` in `{ name, work }`. */
function nameIn(element: SyntaxNode): SyntaxNode | undefined {
  if (element.type !== 'ObjectExpression') return undefined;
  for (const one of element.properties) {
    if (one.type !== 'Property') continue;
    const key = one.key.type === 'Identifier' ? one.key.name : propertyName(one.key);
    if (key === 'name') return one.value;
  }
  return undefined;
}
