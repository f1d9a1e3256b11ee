import { propertyName, unwrap, type SyntaxNode } from '../source/syntax.js';
import type { ClassMembers } from '../source/class-members.js';
import type { Waiting } from './await-marker.js';
import type { FlowUnit } from './flow-unit.js';
import { lowerFirst } from './problems.js';

type Call = Extract<SyntaxNode, { type: 'CallExpression' }>;

/** What to write in place of an await of something that is not recorded. */
export function adviceForForeign(node: SyntaxNode, how: Waiting, unit: FlowUnit, cls: ClassMembers): string {
  const special = node.type === 'CallExpression' ? adviceForCall(node, unit) : undefined;
  if (special !== undefined) return special;
  const waits = how === 'return' ? 'what `execute` returns is awaited, and ' : '';
  const instead = how === 'return' ? ' If it answers at once, put the answer into a variable first.' : '';
  const move = moveIntoMethod(nameFor(node), cls);
  return `${waits}only steps are recorded; this would be done again on every replay. ${move}${instead}`;
}

/** How to make a step of some code. */
export function moveIntoMethod(name: string, cls: ClassMembers): string {
  const { baseNames, contextFields } = cls;
  const [field] = contextFields;
  const own = `Move it into a method of the class and await that method: \`await this.${name}(…)\``;
  if (field !== undefined) return `${own}; or write \`await this.${field}.step('${name}', () => …)\`.`;
  const extend = baseNames.size > 0 ? '' : 'extend CatgaProcessBase and ';
  return `${own}; or ${extend}write \`await this.step('${name}', () => …)\`.`;
}

/** Calls that may well mean a step, but do not say so. */
function adviceForCall(call: Call, unit: FlowUnit): string | undefined {
  const callee = unwrap(call.callee as SyntaxNode);
  if (callee.type === 'MemberExpression' && propertyName(callee) === undefined) {
    return 'which method this calls is known only at run time. Write the calls out: `if (…) await this.a(); else await this.b();`.';
  }
  if (callee.type === 'MemberExpression' && callee.object.type === 'Super') {
    return `a method called on \`super\` is not recorded. Call it as \`this.${propertyName(callee)}(…)\`, or mark it with @Inline().`;
  }
  return isAlias(callee, unit)
    ? 'under another name a step cannot be found in the code, and so is not recorded. Call it on `this` where it stands: `await this.method(…)`.'
    : undefined;
}

/** A local name for a function, for `this`, or for an object of functions. */
function isAlias(callee: SyntaxNode, unit: FlowUnit): boolean {
  if (callee.type === 'Identifier') return unit.bindingOf(callee) !== undefined;
  if (callee.type !== 'MemberExpression') return false;
  const values = unit.bindingOf(callee.object as SyntaxNode)?.values ?? [];
  return values.some(({ type }) => ['ThisExpression', 'ObjectExpression', 'ArrayExpression'].includes(type));
}

/** A name for the method that the code should be moved into, from what it does. */
function nameFor(node: SyntaxNode): string {
  if (node.type !== 'CallExpression') return 'myStep';
  const [first] = node.arguments;
  if (first?.type === 'NewExpression' && first.callee.type === 'Identifier') return lowerFirst(first.callee.name);
  const callee = unwrap(node.callee as SyntaxNode);
  return (callee.type === 'Identifier' ? callee.name : propertyName(callee)) ?? 'myStep';
}
