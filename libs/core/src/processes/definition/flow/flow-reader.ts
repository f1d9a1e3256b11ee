import type { Binding } from '../source/bindings.js';
import type { Member } from '../source/class-members.js';
import {
  childrenOf,
  isFunction,
  parseMethod,
  propertyName,
  returnsOf,
  unwrap,
  type FunctionNode,
  type SyntaxNode,
} from '../source/syntax.js';
import { AwaitMarker, type Waiting } from './await-marker.js';
import { functionArguments, targetOf, type CallTarget } from './call-target.js';
import type { FlowAnalysis } from './flow-analysis.js';
import { FlowRules } from './flow-rules.js';
import type { FlowUnit, FlowUnits } from './flow-unit.js';
import type { Problems } from './problems.js';

type Call = Extract<SyntaxNode, { type: 'CallExpression' }>;

/** Reads the flow of a class; what breaks its rules is added to `problems`. */
export function analyseFlow(execute: FlowUnit, units: FlowUnits, problems: Problems): FlowAnalysis {
  const reader = new FlowReader(units, new FlowRules(units, problems));
  reader.read(execute);
  return reader;
}

class FlowReader implements FlowAnalysis {
  readonly units: FlowUnit[] = [];
  readonly stepCalls = new Map<SyntaxNode, string>();
  readonly plain = new Set<string>();
  readonly calledFunctions = new Set<FunctionNode>();
  readonly work = new Set<FunctionNode>();
  leaksThis = false;
  private readonly marker: AwaitMarker;
  private readonly awaited = new Set<SyntaxNode>();

  constructor(
    private readonly known: FlowUnits,
    private readonly rules: FlowRules,
  ) {
    this.marker = new AwaitMarker(known, {
      method: (call, target, unit, how) => this.noteAwaited(call, target, unit, how),
      foreign: (node, unit, how) => this.rules.foreign(node, unit, how),
      reference: (node, name, unit) => this.rules.reference(node, name, unit),
    });
  }

  get combined(): ReadonlySet<Binding> {
    return this.marker.combined;
  }

  read(execute: FlowUnit): void {
    this.discover(execute);
    for (const unit of this.units) this.eachFlowNode(unit, (node) => this.markAwaits(node, unit));
    for (const unit of this.units) {
      this.visit(unit.fn, (node) => {
        this.classify(node, unit);
        return true;
      });
    }
    for (const unit of this.units) {
      this.eachFlowNode(unit, (node) => {
        this.rules.statement(node, unit, this);
      });
    }
    this.rules.mixedUse(this);
  }

  /** Finds all methods of the flow, and the parts of them that are bodies of steps. */
  private discover(unit: FlowUnit): void {
    if (this.units.includes(unit)) return;
    this.units.push(unit);
    this.visit(unit.fn, (node) => {
      if (node.type !== 'CallExpression') return true;
      const target = targetOf(node, unit, this.known);
      if (target.kind === 'inline') this.discover(target.unit);
      if (target.kind === 'closure') for (const fn of target.functions) this.calledFunctions.add(fn);
      if (target.kind === 'collection' || target.kind === 'then') {
        for (const fn of functionArguments(node, unit)) this.calledFunctions.add(fn);
      }
      if (target.kind === 'context') for (const fn of functionsIn(node, unit)) this.work.add(fn);
      return true;
    });
  }

  private markAwaits(node: SyntaxNode, unit: FlowUnit): void {
    this.rules.expression(node, unit);
    if (node.type === 'AwaitExpression') {
      this.rules.arrayAwaited(node.argument, unit);
      this.marker.mark(node.argument, unit, 'await');
    }
    if (isFunction(node) && node.async) this.marker.markReturns([node], unit, 'return');
  }

  private noteAwaited(
    call: SyntaxNode,
    target: Extract<CallTarget, { kind: 'method' }>,
    unit: FlowUnit,
    how: Waiting,
  ): void {
    if (how !== 'await' && (!target.member || (!target.member.async && givesNoPromise(target.member)))) return;
    if (how === 'perhaps' && target.member?.async === false) return;
    if (this.rules.mayBeStep(call, target, unit)) this.awaited.add(call);
  }

  private classify(node: SyntaxNode, unit: FlowUnit): void {
    if (node.type === 'ThisExpression' && isBare(node, unit)) this.leaksThis = true;
    if (node.type === 'MemberExpression') this.classifyMember(node, unit);
    if (node.type !== 'CallExpression') return;
    const target = targetOf(node, unit, this.known);
    if (target.kind === 'context' && this.inWork(node, unit)) this.rules.stepInStep(node, target.name, unit);
    if (target.kind !== 'method' || !target.member) return;
    if (!this.inWork(node, unit) && this.isStep(node, target.member, unit)) {
      this.stepCalls.set(node, target.name);
      this.rules.thisIsProcess(node, unit);
    } else {
      this.plain.add(target.name);
    }
  }

  /** `this.m` that is not called: an accessor, a method given away, or a field. */
  private classifyMember(node: Extract<SyntaxNode, { type: 'MemberExpression' }>, unit: FlowUnit): void {
    if (node.object.type !== 'ThisExpression') return;
    const name = propertyName(node);
    if (name === undefined) {
      if (node.computed) this.leaksThis = true;
      return;
    }
    const parent = unit.parentOf(node);
    const outer = parent?.type === 'ChainExpression' ? unit.parentOf(parent) : parent;
    if (outer?.type === 'CallExpression' && unwrap(outer.callee as SyntaxNode) === node) return;
    const member = this.known.cls.members.get(name);
    if (!member) return;
    if (member.async && !this.inWork(node, unit)) this.rules.reference(node, name, unit);
    else this.plain.add(name);
  }

  /**
   * Surely waited for; or asynchronous and put somewhere: then somebody is going to wait, in a way that could not be
   * followed, and taking it for plain code would lose it.
   */
  private isStep(call: Call, member: Member, unit: FlowUnit): boolean {
    return this.awaited.has(call) || (member.async && !isFloating(call, unit) && member.name !== 'execute');
  }

  private inWork(node: SyntaxNode, unit: FlowUnit): boolean {
    for (let at = unit.parentOf(node); at; at = unit.parentOf(at)) if (isFunction(at) && this.work.has(at)) return true;
    return false;
  }

  private eachFlowNode(unit: FlowUnit, visit: (node: SyntaxNode) => void): void {
    this.visit(unit.fn, (node) => {
      if (isFunction(node) && this.work.has(node)) return false;
      visit(node);
      return true;
    });
  }

  private visit(node: SyntaxNode, visit: (node: SyntaxNode) => boolean): void {
    // A class in the flow has a `this` and awaits of its own.
    if (node.type === 'ClassBody' || !visit(node)) return;
    for (const child of childrenOf(node)) this.visit(child, visit);
  }
}

/** True when nobody can ever wait for a call: a statement of its own, perhaps with a `catch` behind it. */
export function isFloating(call: SyntaxNode, unit: FlowUnit): boolean {
  const parent = unit.parentOf(call);
  if (parent?.type === 'ExpressionStatement') return true;
  if (parent?.type === 'ChainExpression') return isFloating(parent, unit);
  if (parent?.type === 'UnaryExpression' && parent.operator === 'void') return isFloating(parent, unit);
  if (parent?.type !== 'MemberExpression' || parent.object !== call) return false;
  const outer = unit.parentOf(parent);
  const chained = ['then', 'catch', 'finally'].includes(propertyName(parent) ?? '');
  return chained && outer?.type === 'CallExpression' && outer.callee === parent && isFloating(outer, unit);
}

function isBare(node: SyntaxNode, unit: FlowUnit): boolean {
  const parent = unit.parentOf(node);
  return !(parent?.type === 'MemberExpression' && parent.object === node);
}

/** All functions in the arguments of a call, also those in arrays and objects. */
function functionsIn(call: Call, unit: FlowUnit): FunctionNode[] {
  const found = functionArguments(call, unit);
  const collect = (node: SyntaxNode): void => {
    if (isFunction(node)) found.push(node);
    else for (const child of childrenOf(node)) collect(child);
  };
  call.arguments.forEach(collect);
  return found;
}

/** The kinds of expression whose value is certainly no promise. */
const VALUES: ReadonlySet<string> = new Set([
  'Literal',
  'TemplateLiteral',
  'ObjectExpression',
  'ArrayExpression',
  'BinaryExpression',
  'UnaryExpression',
  'UpdateExpression',
  'ArrowFunctionExpression',
  'FunctionExpression',
]);

/** True for a method that certainly answers at once, judged by what it returns. */
function givesNoPromise(member: Member): boolean {
  const parsed = parseMethod(member.source);
  return parsed !== undefined && !parsed.fn.async && returnsOf(parsed.fn).every((value) => isValue(unwrap(value)));
}

function isValue(node: SyntaxNode): boolean {
  if (node.type === 'ConditionalExpression') return isValue(node.consequent) && isValue(node.alternate);
  if (node.type === 'LogicalExpression') return isValue(node.left) && isValue(node.right);
  if (node.type === 'NewExpression') return node.callee.type === 'Identifier' && node.callee.name !== 'Promise';
  return VALUES.has(node.type);
}
