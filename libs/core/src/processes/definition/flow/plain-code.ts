import type { Problems } from './problems.js';
import type { ClassMembers } from '../source/class-members.js';
import { childrenOf, parseMethod, propertyName, walk, type SyntaxNode } from '../source/syntax.js';
import type { FlowAnalysis } from './flow-analysis.js';

/** What the plain code of a flow does with `this`. */
export interface PlainCode {
  readonly writesFields: boolean;
}

/**
 * Looks through the flow and the plain methods it uses, and those they use: do they set fields of the run, and do they
 * call steps, which would then be called where nobody expects it?
 */
export function readPlainCode(cls: ClassMembers, flow: FlowAnalysis, problems: Problems): PlainCode {
  const steps = new Set(flow.stepCalls.values());
  let writesFields = flow.leaksThis || flow.units.some((unit) => setsFields(unit.fn));
  const seen = new Set<string>();
  const visit = (name: string): void => {
    const member = cls.members.get(name);
    if (seen.has(name) || steps.has(name) || !member) return;
    seen.add(name);
    const parsed = parseMethod(member.source);
    writesFields ||= parsed === undefined || setsFields(parsed.fn);
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
  return { writesFields };
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
function setsFields(node: SyntaxNode): boolean {
  let found = false;
  const visit = (one: SyntaxNode, parent: SyntaxNode | undefined): void => {
    if (one.type === 'ThisExpression' && !(parent?.type === 'MemberExpression' && parent.object === one)) found = true;
    if (one.type === 'AssignmentExpression') found ||= holdsField(one.left);
    if (one.type === 'UpdateExpression') found ||= holdsField(one.argument);
    if (one.type === 'UnaryExpression' && one.operator === 'delete') found ||= holdsField(one.argument);
    if (one.type === 'ForOfStatement' || one.type === 'ForInStatement') found ||= holdsField(one.left);
  };
  const descend = (one: SyntaxNode, parent: SyntaxNode | undefined): void => {
    visit(one, parent);
    if (!found) for (const child of childrenOf(one)) descend(child, one);
  };
  descend(node, undefined);
  return found;
}

/** True when a target of an assignment is a field of `this`, also within a pattern. */
function holdsField(target: SyntaxNode): boolean {
  if (target.type === 'MemberExpression') return target.object.type === 'ThisExpression';
  return childrenOf(target).some(holdsField);
}
