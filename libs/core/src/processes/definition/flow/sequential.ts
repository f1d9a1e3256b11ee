import { isFunction, walk, type SyntaxNode } from '../source/syntax.js';
import { targetOf } from './call-target.js';
import { isRecorded } from './context-steps.js';
import type { FlowAnalysis } from './flow-analysis.js';
import type { FlowUnit, FlowUnits } from './flow-unit.js';

/**
 * True when at most one step can be under way: every call of a step, of an inline method and of the context is awaited
 * on the spot, none stands in a nested function. In doubt false.
 */
export function isSequential(flow: FlowAnalysis, units: FlowUnits): boolean {
  if (flow.leaksThis) return false;
  return flow.units.every((unit) => {
    let sequential = unit.fn.async;
    walk(unit.fn, (node) => {
      if (isFunction(node) && flow.work.has(node)) return false;
      if (node.type === 'CallExpression' && mayWait(node, unit, flow, units) && !isOnTheSpot(node, unit))
        sequential = false;
      return sequential;
    });
    return sequential;
  });
}

function mayWait(
  call: Extract<SyntaxNode, { type: 'CallExpression' }>,
  unit: FlowUnit,
  flow: FlowAnalysis,
  units: FlowUnits,
): boolean {
  if (flow.stepCalls.has(call)) return true;
  const target = targetOf(call, unit, units);
  if (target.kind === 'inline') return true;
  return target.kind === 'context' && isRecorded(target.name);
}

/** `await call`, or `return call` where nothing comes after it; conditions in between change nothing. */
function isOnTheSpot(call: SyntaxNode, unit: FlowUnit): boolean {
  if (unit.functionAround(call) !== unit.fn) return false;
  let at = call;
  for (let up = unit.parentOf(at); up; up = unit.parentOf(at)) {
    if (up.type === 'AwaitExpression') return true;
    if (up.type === 'ReturnStatement') return !standsInTry(up, unit);
    const passes =
      up.type === 'ChainExpression' ||
      up.type === 'ParenthesizedExpression' ||
      (up.type === 'ConditionalExpression' && up.test !== at) ||
      (up.type === 'LogicalExpression' && up.right === at);
    if (!passes) return false;
    at = up;
  }
  return false;
}

/** A `finally` runs while what is returned is still under way. */
function standsInTry(node: SyntaxNode, unit: FlowUnit): boolean {
  for (let at = unit.parentOf(node); at; at = unit.parentOf(at)) if (at.type === 'TryStatement') return true;
  return false;
}
