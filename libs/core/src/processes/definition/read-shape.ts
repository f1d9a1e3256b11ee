import { createHash } from 'node:crypto';
import { tokenizer } from 'acorn';
import type { Type } from '../../messages/index.js';
import type { FlowNode } from '../api/process-definition.types.js';
import { readProcessMetadata } from '../decorators/catga-process.decorator.js';
import { checkClass, checkExecute, checkFormerNames } from './class-rules.js';
import { contextSteps } from './flow/context-steps.js';
import { targetOf } from './flow/call-target.js';
import type { FlowAnalysis } from './flow/flow-analysis.js';
import { stepsIn } from './flow/flow-nodes.js';
import { analyseFlow } from './flow/flow-reader.js';
import { drawFlow } from './flow/flow-tree.js';
import { FlowUnits, type FlowUnit } from './flow/flow-unit.js';
import { readPlainCode } from './flow/plain-code.js';
import { Problems } from './flow/problems.js';
import { isSequential } from './flow/sequential.js';
import { collectMembers, type ClassMembers } from './source/class-members.js';
import { isFunction, walk } from './source/syntax.js';
import { checkUnusedPolicies } from './steps/declared-policy.js';
import { draftSteps, stepNameOf, type StepDraft } from './steps/step-drafts.js';
import { ProcessDefinitionError } from '../api/process.errors.js';

/** What the class alone says, before configuration. */
export interface ProcessShape {
  readonly name: string;
  readonly steps: readonly StepDraft[];
  /** Names of steps written as `this.step(name, …)` or `this.send(new Command())`. */
  readonly named: readonly string[];
  /** All of the above. */
  readonly stepNames: readonly string[];
  /** Some step has a name that is made at run time. */
  readonly openNames: boolean;
  readonly flow: readonly FlowNode[];
  readonly version: string;
  readonly sequential: boolean;
  readonly writesFields: boolean;
}

const shapes = new WeakMap<Type<object>, ProcessShape>();

/**
 * Reads a process class, once.
 *
 * @throws {ProcessDefinitionError} listing everything that is wrong with it
 */
export function readShape(target: Type<object>): ProcessShape {
  const known = shapes.get(target);
  if (known) return known;
  const problems = new Problems();
  const shape = read(target, problems);
  if (problems.all.length > 0) throw new ProcessDefinitionError(shape.name, problems.all);
  shapes.set(target, shape);
  return shape;
}

function read(target: Type<object>, problems: Problems): ProcessShape {
  const metadata = readProcessMetadata(target);
  const name = metadata?.name ?? target.name;
  const cls = collectMembers(target);
  checkClass(cls, metadata, name, problems);
  const units = new FlowUnits(cls);
  const execute = checkExecute(cls, units, problems);
  if (!execute) return { ...EMPTY, name };
  const flow = analyseFlow(execute, units, problems);
  const tree = drawFlow(execute, flow, units, (method) => stepNameOf(cls, method));
  const { names: named, open } = namedSteps(flow, units);
  const steps = readSteps(cls, flow, tree, named, problems);
  checkFormerNames(steps, problems);
  const plain = readPlainCode(cls, flow, problems);
  return {
    name,
    steps,
    named,
    stepNames: [...steps.map((step) => step.name), ...named],
    openNames: open,
    flow: tree,
    version: hashOf(flow.units),
    sequential: !plain.leaksThis && isSequential(flow, units),
    writesFields: plain.writesFields,
  };
}

const EMPTY: Omit<ProcessShape, 'name'> = {
  steps: [],
  named: [],
  stepNames: [],
  openNames: false,
  flow: [],
  version: '',
  sequential: false,
  writesFields: true,
};

function readSteps(
  cls: ClassMembers,
  flow: FlowAnalysis,
  tree: readonly FlowNode[],
  named: readonly string[],
  problems: Problems,
): StepDraft[] {
  const called = new Set(flow.stepCalls.values());
  checkUnusedPolicies(cls, called, problems);
  // What the drawing leaves out, such as a function that is never called, comes last.
  const order = new Set([...stepsIn(tree), ...[...called].map((method) => stepNameOf(cls, method))]);
  return draftSteps(cls, called, [...order], named, problems);
}

function namedSteps(flow: FlowAnalysis, units: FlowUnits): { names: string[]; open: boolean } {
  const names = new Set<string>();
  let open = false;
  for (const unit of flow.units) {
    walk(unit.fn, (node) => {
      if (isFunction(node) && flow.work.has(node)) return false;
      if (node.type !== 'CallExpression') return true;
      const target = targetOf(node, unit, units);
      if (target.kind !== 'context') return true;
      const found = contextSteps(node, target.name, (one) => unit.textOf(one));
      for (const name of found.names) names.add(name);
      open ||= found.open;
      return true;
    });
  }
  return { names: [...names], open };
}

/** Of the tokens, so that compilers that only format differently agree. */
function hashOf(units: readonly FlowUnit[]): string {
  const hash = createHash('sha256');
  for (const unit of units) {
    const source = unit.text.slice(unit.fn.start, unit.fn.end);
    for (const { start, end } of tokenizer(source, { ecmaVersion: 'latest' }))
      hash.update(`${source.slice(start, end)}\n`);
  }
  return hash.digest('hex').slice(0, 12);
}
