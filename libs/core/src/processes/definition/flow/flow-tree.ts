import type { FlowNode } from '../../api/process-definition.types.js';
import type { Binding } from '../source/bindings.js';
import { childrenOf, isFunction, unwrap, type FunctionNode, type SyntaxNode } from '../source/syntax.js';
import { functionArguments, targetOf, type CallTarget, type Combinator } from './call-target.js';
import { contextSteps } from './context-steps.js';
import type { FlowAnalysis } from './flow-analysis.js';
import { branch, loop, parallel, step, tryNode } from './flow-nodes.js';
import type { FlowUnit, FlowUnits } from './flow-unit.js';
import { switchBranches } from './switch-branches.js';

type Call = Extract<SyntaxNode, { type: 'CallExpression' }>;
type Nodes = readonly FlowNode[];

/** Draws the flow: what follows what, under which condition, beside what. Parts without steps are left out. */
export function drawFlow(
  execute: FlowUnit,
  flow: FlowAnalysis,
  units: FlowUnits,
  stepName: (method: string) => string,
): Nodes {
  return new FlowDrawing(flow, units, stepName).function(execute.fn, execute);
}

class FlowDrawing {
  /** Functions being drawn: a call of one of them would go on for ever. */
  private readonly open = new Set<FunctionNode>();
  private readonly drawn = new Set<Binding>();

  constructor(
    private readonly flow: FlowAnalysis,
    private readonly units: FlowUnits,
    private readonly stepName: (method: string) => string,
  ) {}

  function(fn: FunctionNode, unit: FlowUnit): Nodes {
    if (this.open.has(fn) || this.flow.work.has(fn)) return [];
    this.open.add(fn);
    const nodes = this.draw(fn.body, unit);
    this.open.delete(fn);
    return nodes;
  }

  private draw(node: SyntaxNode | null | undefined, unit: FlowUnit): Nodes {
    if (!node) return [];
    const draw = (one: SyntaxNode | null | undefined): Nodes => this.draw(one, unit);
    const text = (one: SyntaxNode): string => unit.textOf(one);
    switch (node.type) {
      case 'CallExpression':
        return this.call(node, unit);
      case 'IfStatement':
      case 'ConditionalExpression':
        return [...draw(node.test), ...branch(text(node.test), draw(node.consequent), draw(node.alternate))];
      case 'LogicalExpression':
        return [...draw(node.left), ...shortCircuit(node.operator, text(node.left), draw(node.right))];
      case 'SwitchStatement':
        return [...draw(node.discriminant), ...switchBranches(node, text, draw)];
      case 'ForOfStatement':
      case 'ForInStatement': {
        const word = node.type === 'ForOfStatement' ? 'of' : 'in';
        const item =
          node.left.type === 'VariableDeclaration' ? (node.left.declarations[0]?.id ?? node.left) : node.left;
        return [...draw(node.right), ...loop(`${text(item)} ${word} ${text(node.right)}`, draw(node.body))];
      }
      case 'ForStatement': {
        const head = [node.init, node.test, node.update].map((part) => (part ? text(part) : '')).join('; ');
        return [...draw(node.init), ...loop(head, [...draw(node.test), ...draw(node.body), ...draw(node.update)])];
      }
      case 'WhileStatement':
        return loop(`while ${text(node.test)}`, [...draw(node.test), ...draw(node.body)]);
      case 'DoWhileStatement':
        return loop(`while ${text(node.test)}`, [...draw(node.body), ...draw(node.test)]);
      case 'TryStatement':
        return tryNode(draw(node.block), draw(node.handler), draw(node.finalizer));
      case 'VariableDeclarator':
        return this.isCombinedLater(node.id, unit) ? [] : [...draw(node.init), ...draw(node.id)];
      case 'ClassBody':
        return [];
      default:
        if (isFunction(node)) return this.flow.calledFunctions.has(node) ? [] : this.function(node, unit);
        return childrenOf(node).flatMap(draw);
    }
  }

  private call(call: Call, unit: FlowUnit): Nodes {
    const method = this.flow.stepCalls.get(call);
    const target = targetOf(call, unit, this.units);
    switch (target.kind) {
      case 'combinator':
        return this.combinator(target.mode, target.items, unit);
      case 'context':
        return [...this.inArguments(call, unit), ...contextSteps(call, target.name, (node) => unit.textOf(node)).nodes];
      case 'inline':
        return [...this.inArguments(call, unit), ...this.function(target.unit.fn, target.unit)];
      case 'closure':
        return [...this.inArguments(call, unit), ...target.functions.flatMap((fn) => this.function(fn, unit))];
      case 'then':
        return this.chain(call, target, unit);
      case 'collection':
        return this.collection(call, target, unit);
      default: {
        const before = [...this.inCallee(call, unit), ...this.inArguments(call, unit)];
        return method === undefined ? before : [...before, step(this.stepName(method))];
      }
    }
  }

  private combinator(mode: Combinator, items: SyntaxNode | undefined, unit: FlowUnit): Nodes {
    const value = items && this.valueOf(unwrap(items), unit);
    const elements = value?.type === 'ArrayExpression' ? value.elements : [value];
    const branches = elements.map((element) => {
      if (!element) return [];
      const one = element.type === 'SpreadElement' ? element.argument : element;
      return this.draw(this.valueOf(unwrap(one), unit), unit);
    });
    return parallel(mode, branches);
  }

  /** The expression behind a variable that was kept for a combinator; drawn where it is waited for. */
  private valueOf(node: SyntaxNode, unit: FlowUnit): SyntaxNode | undefined {
    const binding = unit.bindingOf(node);
    if (!binding || !this.isKept(binding, unit)) return node;
    if (this.drawn.has(binding)) return undefined;
    this.drawn.add(binding);
    return binding.values[0];
  }

  private isCombinedLater(id: SyntaxNode, unit: FlowUnit): boolean {
    const binding = id.type === 'Identifier' ? unit.bindingOf(id) : undefined;
    return binding !== undefined && this.isKept(binding, unit);
  }

  private isKept(binding: Binding, unit: FlowUnit): boolean {
    const [value] = binding.values;
    if (binding.kind !== 'variable' || binding.values.length !== 1 || !this.flow.combined.has(binding)) return false;
    if (value === undefined || value.type === 'AwaitExpression') return false;
    const declarator = unit.parentOf(value);
    return declarator?.type === 'VariableDeclarator' && declarator.id.type === 'Identifier';
  }

  private chain(call: Call, target: Extract<CallTarget, { kind: 'then' }>, unit: FlowUnit): Nodes {
    const before = this.draw(target.promise, unit);
    const after = call.arguments.map((argument) => this.callback(argument, unit));
    if (target.name === 'then') return [...before, ...after.flat()];
    return target.name === 'catch' ? tryNode(before, after.flat(), []) : tryNode(before, [], after.flat());
  }

  private collection(call: Call, target: Extract<CallTarget, { kind: 'collection' }>, unit: FlowUnit): Nodes {
    const body = functionArguments(call, unit).flatMap((fn) => this.function(fn, unit));
    const rest = call.arguments.filter((argument) => !isFunction(argument)).flatMap((one) => this.draw(one, unit));
    const before =
      target.source && !call.arguments.includes(target.source as never) ? this.draw(target.source, unit) : [];
    return [...before, ...rest, ...loop(target.source ? unit.textOf(target.source) : '', body)];
  }

  private callback(argument: SyntaxNode, unit: FlowUnit): Nodes {
    if (isFunction(argument)) return this.function(argument, unit);
    const functions = (unit.bindingOf(argument)?.values ?? []).filter((value) => isFunction(value));
    return functions.length > 0 ? functions.flatMap((fn) => this.function(fn, unit)) : this.draw(argument, unit);
  }

  private inCallee(call: Call, unit: FlowUnit): Nodes {
    const callee = unwrap(call.callee as SyntaxNode);
    return callee.type === 'MemberExpression' ? this.draw(callee.object as SyntaxNode, unit) : [];
  }

  private inArguments(call: Call, unit: FlowUnit): Nodes {
    return call.arguments.flatMap((argument) => this.draw(argument, unit));
  }
}

function shortCircuit(operator: string, left: string, right: Nodes): Nodes {
  if (operator === '||') return branch(left, [], right);
  return branch(operator === '??' ? `${left} == null` : left, right, []);
}
