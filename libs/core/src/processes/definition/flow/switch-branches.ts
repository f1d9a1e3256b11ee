import type { FlowNode } from '../../api/process-definition.types.js';
import { walk, isFunction, type SyntaxNode } from '../source/syntax.js';
import { branch } from './flow-nodes.js';

type Nodes = readonly FlowNode[];
type Switch = Extract<SyntaxNode, { type: 'SwitchStatement' }>;
type Case = Switch['cases'][number];

/** A `switch` as branches in one another: each case, and in its `otherwise` the next one. `default` comes last. */
export function switchBranches(
  node: Switch,
  text: (node: SyntaxNode) => string,
  draw: (node: SyntaxNode) => Nodes,
): Nodes {
  const value = text(node.discriminant);
  const groups = groupCases(node.cases).map(({ tests, from }) => ({
    condition: tests.map((test) => (test ? `${value} === ${text(test)}` : undefined)),
    body: bodyFrom(node.cases, from).flatMap(draw),
  }));
  const fallback = groups.find(({ condition }) => condition.includes(undefined))?.body ?? [];
  return groups
    .filter(({ condition }) => !condition.includes(undefined))
    .reduceRight<Nodes>((otherwise, one) => branch(one.condition.join(' || '), one.body, otherwise), fallback);
}

/** Cases without a body share the one of the next case. */
function groupCases(cases: readonly Case[]): { tests: (SyntaxNode | null | undefined)[]; from: number }[] {
  const groups: { tests: (SyntaxNode | null | undefined)[]; from: number }[] = [];
  let tests: (SyntaxNode | null | undefined)[] = [];
  cases.forEach((one, index) => {
    tests.push(one.test);
    if (one.consequent.length === 0 && index < cases.length - 1) return;
    groups.push({ tests, from: index });
    tests = [];
  });
  return groups;
}

/** The statements from a case on, as far as they fall through. */
function bodyFrom(cases: readonly Case[], from: number): SyntaxNode[] {
  const body: SyntaxNode[] = [];
  for (const { consequent } of cases.slice(from)) {
    body.push(...consequent);
    const last = consequent.at(-1);
    if (last && leaves(last)) break;
  }
  return body;
}

/** True when a statement surely or probably ends its case; a loop's own `break` does not. */
function leaves(statement: SyntaxNode): boolean {
  let found = false;
  walk(statement, (node) => {
    if (isFunction(node) || /^(?:For|While|DoWhile|Switch)/.test(node.type)) return false;
    if (/^(?:Break|Return|Throw|Continue)Statement$/.test(node.type)) found = true;
    return !found;
  });
  return found;
}
