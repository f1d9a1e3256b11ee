import { isFunction, propertyName, returnsOf, unwrap, type FunctionNode, type SyntaxNode } from '../source/syntax.js';
import type { Binding } from '../source/bindings.js';
import { functionArguments, isGlobal, makesElements, targetOf, type CallTarget } from './call-target.js';
import type { FlowUnit, FlowUnits } from './flow-unit.js';

/**
 * How a value is waited for: by `await`, by `return` from an async function, or perhaps, as when a variable is
 * returned that may hold anything.
 */
export type Waiting = 'await' | 'return' | 'perhaps';

/** Told about everything that is waited for. */
export interface AwaitReport {
  /** A call of a method of the class; true when it may be waited for. */
  method(call: SyntaxNode, target: Extract<CallTarget, { kind: 'method' }>, unit: FlowUnit, how: Waiting): void;
  /** Something that is not recorded, and so must not be waited for. */
  foreign(node: SyntaxNode, unit: FlowUnit, how: Waiting): void;
  /** A method that is given away instead of called. */
  reference(node: SyntaxNode, name: string, unit: FlowUnit): void;
}

/**
 * Follows a value that is waited for back to the calls it comes from: through conditions, combinators, local
 * functions, inline methods and variables. `deep` means that the promises lie in an array or object.
 */
export class AwaitMarker {
  /** Variables that stand in a combinator. */
  readonly combined = new Set<Binding>();
  private readonly seen = new Set<string>();
  private readonly numbers = new Map<SyntaxNode, number>();

  constructor(
    private readonly units: FlowUnits,
    private readonly report: AwaitReport,
  ) {}

  mark(expression: SyntaxNode, unit: FlowUnit, how: Waiting, deep = false): void {
    const node = unwrap(expression);
    if (!this.isNew(node, how, deep)) return;
    const next = (one: SyntaxNode | null | undefined): void => {
      if (one) this.mark(one, unit, how, deep);
    };
    switch (node.type) {
      case 'ConditionalExpression':
        next(node.consequent);
        return next(node.alternate);
      case 'LogicalExpression':
        next(node.left);
        return next(node.right);
      case 'SequenceExpression':
        return next(node.expressions.at(-1));
      case 'AssignmentExpression':
        return next(node.right);
      case 'SpreadElement':
        return next(node.argument);
      case 'ArrayExpression':
        // Promises in an array that is put somewhere are waited for one day.
        if (deep || how === 'await') for (const one of node.elements) if (one) this.mark(one, unit, how, true);
        return;
      case 'ObjectExpression':
        if (deep) for (const one of node.properties) next(one.type === 'Property' ? one.value : one);
        return;
      case 'Identifier':
        return this.markName(node, unit, how, deep);
      case 'MemberExpression':
        return this.markMember(node, unit, how);
      case 'CallExpression':
        return this.markCall(node, unit, how, deep);
      case 'NewExpression':
        if (deep) return node.arguments.forEach(next);
        return how === 'await' ? this.report.foreign(node, unit, how) : undefined;
      case 'ThisExpression':
      case 'TaggedTemplateExpression':
        return how === 'await' ? this.report.foreign(node, unit, how) : undefined;
      default:
        // Literals, templates, functions, arithmetic, and what was awaited already are no promises.
        return;
    }
  }

  /** What the functions return is waited for. */
  markReturns(functions: readonly FunctionNode[], unit: FlowUnit, how: Waiting, deep = false): void {
    for (const fn of functions) {
      // What an async function returns is awaited inside of it, and judged as a result.
      const waiting = fn.async && how === 'await' ? 'return' : how;
      for (const value of returnsOf(fn)) this.mark(value, unit, waiting, deep && !fn.async);
    }
  }

  private markName(node: SyntaxNode & { name?: string }, unit: FlowUnit, how: Waiting, deep: boolean): void {
    const binding = unit.bindingOf(node);
    if (!binding) {
      if (how === 'await' && !['undefined', 'NaN', 'Infinity'].includes(node.name ?? '')) {
        this.report.foreign(node, unit, how);
      }
      return;
    }
    for (const { value, elements } of unit.argumentsOf(binding)) this.mark(value, unit, how, deep || elements);
    for (const value of binding.values) {
      const inCollection = deep || isElementsOf(value, unit);
      this.mark(value, unit, how === 'await' ? 'await' : 'perhaps', inCollection || value.type === 'ArrayExpression');
    }
  }

  private markMember(node: Extract<SyntaxNode, { type: 'MemberExpression' }>, unit: FlowUnit, how: Waiting): void {
    const root = rootOf(node);
    if (root.type === 'Identifier' && unit.bindingOf(root)) return this.mark(root, unit, how, true);
    if (root.type === 'AwaitExpression') return;
    if (how === 'await') this.report.foreign(node, unit, how);
  }

  private markCall(
    call: Extract<SyntaxNode, { type: 'CallExpression' }>,
    unit: FlowUnit,
    how: Waiting,
    deep: boolean,
  ): void {
    const target = targetOf(call, unit, this.units);
    switch (target.kind) {
      case 'method':
        return this.report.method(call, target, unit, how);
      case 'inline':
        return this.markReturns([target.unit.fn], target.unit, how, deep);
      case 'combinator':
        return target.items && this.markCombined(target.items, unit);
      case 'settled':
        return target.value && this.mark(target.value, unit, how, deep);
      case 'closure':
        return this.markReturns(target.functions, unit, how, deep);
      case 'then':
        this.mark(target.promise, unit, how, deep);
        return this.markReturns(functionArguments(call, unit), unit, 'return');
      case 'collection':
        return this.markCollection(call, target, unit, how, deep);
      case 'parameter':
        for (const value of target.given) {
          if (isFunction(value)) this.markReturns([value], unit, how, deep);
          else this.markCallback(value, unit, how);
        }
        return;
      case 'context':
        return;
      case 'foreign':
        if (how === 'await' || (how === 'return' && leadsToDependency(call, unit)))
          this.report.foreign(call, unit, how);
        return;
    }
  }

  private markCombined(items: SyntaxNode, unit: FlowUnit): void {
    const value = unwrap(items);
    const elements = value.type === 'ArrayExpression' ? value.elements : [value];
    for (const element of elements) {
      const binding = element && unit.bindingOf(element.type === 'SpreadElement' ? element.argument : element);
      if (binding) this.combined.add(binding);
    }
    this.mark(value, unit, 'await', true);
  }

  private markCollection(
    call: Extract<SyntaxNode, { type: 'CallExpression' }>,
    target: Extract<CallTarget, { kind: 'collection' }>,
    unit: FlowUnit,
    how: Waiting,
    deep: boolean,
  ): void {
    const { name, source } = target;
    // `forEach` gives nothing back; what its callback starts is reported elsewhere.
    if (name === 'forEach') return;
    if (name.startsWith('reduce')) {
      for (const start of call.arguments.slice(1)) this.mark(start, unit, how, deep);
    } else if (!deep) return;
    if (!makesElements(name) || (name === 'from' && call.arguments.length < 2)) {
      if (source) this.mark(source, unit, how, true);
      for (const argument of name === 'concat' ? call.arguments : []) this.mark(argument, unit, how, true);
      return;
    }
    const callback = call.arguments[name === 'from' ? 1 : 0];
    const functions = functionArguments(call, unit);
    if (functions.length > 0) return this.markReturns(functions, unit, how, deep && name === 'flatMap');
    if (callback) this.markCallback(unwrap(callback), unit, how);
  }

  /** A callback that is not written out: a method of the class by reference, or somebody else's function. */
  private markCallback(callback: SyntaxNode, unit: FlowUnit, how: Waiting): void {
    const onThis = callback.type === 'MemberExpression' && callback.object.type === 'ThisExpression';
    const name = onThis ? propertyName(callback) : undefined;
    if (name !== undefined && this.units.cls.members.has(name)) return this.report.reference(callback, name, unit);
    if (
      unit.bindingOf(callback)?.kind === 'parameter' ||
      ['Boolean', 'Number', 'String'].some((g) => isGlobal(callback, g, unit))
    )
      return;
    if (how === 'await') this.report.foreign(callback, unit, how);
  }

  private isNew(node: SyntaxNode, how: Waiting, deep: boolean): boolean {
    const number = this.numbers.get(node) ?? this.numbers.size;
    this.numbers.set(node, number);
    const key = `${number} ${how} ${deep}`;
    if (this.seen.has(key)) return false;
    this.seen.add(key);
    return true;
  }
}

/** The object at the left end of `a.b.c`, or of `a.b().c`. */
function rootOf(node: SyntaxNode): SyntaxNode {
  const at = unwrap(node);
  if (at.type === 'MemberExpression') return rootOf(at.object as SyntaxNode);
  return at;
}

/** `this.mediator.send(…)`, `fetch(…)`: calls that surely leave the process. */
function leadsToDependency(call: Extract<SyntaxNode, { type: 'CallExpression' }>, unit: FlowUnit): boolean {
  const callee = unwrap(call.callee as SyntaxNode);
  if (isGlobal(callee, 'fetch', unit)) return true;
  if (callee.type !== 'MemberExpression') return false;
  const root = rootOf(callee);
  if (root.type === 'ThisExpression') return true;
  const values = unit.bindingOf(root)?.values ?? [];
  return values.some((value) => value.type === 'MemberExpression' && rootOf(value).type === 'ThisExpression');
}

/** True when a value reaches a name element by element: `for (const x of value)`, `[x] = value`. */
function isElementsOf(value: SyntaxNode, unit: FlowUnit): boolean {
  const parent = unit.parentOf(value);
  if (parent?.type === 'ForOfStatement') return parent.right === value;
  if (parent?.type === 'VariableDeclarator') return parent.id.type !== 'Identifier';
  return parent?.type === 'AssignmentExpression' && parent.left.type !== 'Identifier';
}
