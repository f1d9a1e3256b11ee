import type { Binding, Bindings } from '../source/bindings.js';
import { isFunction, propertyName, unwrap, walk, type FunctionNode, type SyntaxNode } from '../source/syntax.js';

/** A value that reaches a parameter; `elements`: one by one, as the elements of a collection. */
export interface Argument {
  readonly value: SyntaxNode;
  readonly elements: boolean;
}

/** What reaches the parameters of the functions of a flow: from calls by name or in place, and from collections. */
export function argumentsOf(root: FunctionNode, bindings: Bindings): ReadonlyMap<Binding, readonly Argument[]> {
  const found = new Map<Binding, Argument[]>();
  const give = (fn: FunctionNode, index: number, value: SyntaxNode | undefined, elements: boolean): void => {
    const parameter = fn.params[index];
    const binding = parameter && bindings.get(parameter);
    if (binding && value) found.set(binding, [...(found.get(binding) ?? []), { value, elements }]);
  };
  walk(root, (node) => {
    if (node.type !== 'CallExpression') return;
    const callee = unwrap(node.callee as SyntaxNode);
    for (const fn of functionsBehind(callee, bindings)) {
      node.arguments.forEach((value, index) => give(fn, index, value, value.type === 'SpreadElement'));
    }
    if (callee.type !== 'MemberExpression') return;
    const name = propertyName(callee) ?? '';
    const reduces = name.startsWith('reduce');
    for (const fn of node.arguments.flatMap((one) => functionsBehind(one, bindings))) {
      if (name === 'from') give(fn, 0, node.arguments[0], true);
      else if (['map', 'flatMap', 'forEach', 'filter'].includes(name) || reduces) {
        give(fn, reduces ? 1 : 0, callee.object as SyntaxNode, true);
      }
    }
  });
  return found;
}

function functionsBehind(node: SyntaxNode, bindings: Bindings): FunctionNode[] {
  if (isFunction(node)) return [node];
  return (bindings.get(node)?.values ?? []).filter((value) => isFunction(value));
}
