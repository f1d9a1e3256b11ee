import type { Problems } from './problems.js';
import type { ClassMembers } from '../source/class-members.js';
import { childrenOf, parseMethod, propertyName, walk, type SyntaxNode } from '../source/syntax.js';
import type { FlowAnalysis } from './flow-analysis.js';

/** What the plain code of a flow does with `this`. */
export interface PlainCode {
  readonly writesFields: boolean;
  /** Some plain method gives `this` away, so that steps may be called where nobody looks. */
  readonly leaksThis: boolean;
}

/**
 * Looks through the flow and the plain methods it uses, and those they use: do they set fields of the run, and do they
 * call steps, which would then be called where nobody expects it?
 */
export function readPlainCode(cls: ClassMembers, flow: FlowAnalysis, problems: Problems): PlainCode {
  const steps = new Set(flow.stepCalls.values());
  let writesFields = flow.leaksThis || flow.units.some((unit) => setsFields(unit.fn));
  let leaks = false;
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const member = cls.members.get(name);
    if (seen.has(name) || steps.has(name) || !member) return;
    seen.add(name);
    const parsed = parseMethod(member.source);
    writesFields ||= parsed === undefined || setsFields(parsed.fn);
    leaks ||= parsed === undefined || leaksThis(parsed.fn);
    if (!parsed) return;
    for (const used of membersUsed(parsed.fn)) {
      if (steps.has(used)) {
        problems.add(
          `"${name}" is plain code, for nobody awaits it, but it calls the step "${used}". Mark it with @Inline() and await it, or call the step in execute.`,
        );
      } else visit(used);
    }
  };
  for (const name of flow.plain) visit(name);
  return { writesFields, leaksThis: leaks };
}

/** Names read or called on `this`. */
function membersUsed(node: SyntaxNode): Set<string> {
  const names = new Set<string>();
  walk(node, (one) => {
    if (one.type === 'MemberExpression' && one.object.type === 'ThisExpression') {
      const name = propertyName(one);
      if (name !== undefined) names.add(name);
    }
  });
  return names;
}

/** `this.x = …`, `this.x++`, `delete this.x`, `[this.x] = …`, or `this` given away, so that anything may happen. */
function setsFields(fn: SyntaxNode): boolean {
  let found = leaksThis(fn);
  walk(fn, (node) => {
    if (node.type === 'AssignmentExpression') found ||= holdsField(node.left);
    if (node.type === 'UpdateExpression') found ||= holdsField(node.argument);
    if (node.type === 'UnaryExpression' && node.operator === 'delete') found ||= holdsField(node.argument);
    if (node.type === 'ForOfStatement' || node.type === 'ForInStatement') found ||= holdsField(node.left);
    return !found;
  });
  return found;
}

/** `this` in any place but in front of a dot with a name behind it. */
function leaksThis(node: SyntaxNode): boolean {
  if (node.type === 'ThisExpression') return true;
  const isNamed = node.type === 'MemberExpression' && node.object.type === 'ThisExpression';
  if (isNamed) return propertyName(node) === undefined && node.computed;
  return childrenOf(node).some(leaksThis);
}

/** True when a target of an assignment is a field of `this`, also within a pattern. */
function holdsField(target: SyntaxNode): boolean {
  if (target.type === 'MemberExpression') return target.object.type === 'ThisExpression';
  return childrenOf(target).some(holdsField);
}
