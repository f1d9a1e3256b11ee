import { childrenOf, isFunction, propertyName, unwrap, type SyntaxNode } from '../source/syntax.js';
import type { Waiting } from './await-marker.js';
import { functionArguments, isGlobal, targetOf, type CallTarget } from './call-target.js';
import { isRecorded } from './context-steps.js';
import type { FlowAnalysis } from './flow-analysis.js';
import type { FlowUnit, FlowUnits } from './flow-unit.js';
import { adviceForForeign, moveIntoMethod } from './foreign-await.js';
import { didYouMean, type Problems } from './problems.js';

const TIMERS = ['setTimeout', 'setInterval', 'setImmediate', 'queueMicrotask'];

/** What a flow must not do, in the words for the one who wrote it. */
export class FlowRules {
  constructor(
    private readonly units: FlowUnits,
    private readonly problems: Problems,
  ) {}

  /** Things that break the order of a replay wherever they stand. */
  expression(node: SyntaxNode, unit: FlowUnit): void {
    if (node.type === 'ForOfStatement' && node.await) {
      const head = `for await (… of ${unit.textOf(node.right)})`;
      this.add(unit, head, `an asynchronous loop cannot be recorded. ${this.moveIntoMethod('readAll')}`);
    } else if (node.type === 'VariableDeclaration' && node.kind === 'await using') {
      this.add(unit, unit.textOf(node), `it waits where nothing is recorded. ${this.moveIntoMethod('useResource')}`);
    } else if (node.type === 'NewExpression' && isGlobal(node.callee, 'Promise', unit)) {
      this.add(
        unit,
        unit.textOf(node),
        `a promise of its own is settled in another order on replay. ${this.moveIntoMethod('waitFor')}`,
      );
    } else if (node.type === 'ImportExpression') {
      this.add(
        unit,
        unit.textOf(node),
        `an import takes its time, and not the same on replay. Import it at the top of the file.`,
      );
    } else if (node.type === 'CallExpression') this.timer(node, unit);
  }

  /** Something is waited for that is not recorded. */
  foreign(node: SyntaxNode, unit: FlowUnit, how: Waiting): void {
    if (node.type === 'NewExpression' && isGlobal(node.callee, 'Promise', unit)) return;
    if (isPrivateCall(node)) return;
    const quote = `${how === 'return' ? 'return' : 'await'} ${unit.textOf(node)}`;
    this.add(unit, quote, adviceForForeign(node, how, unit, this.units.cls));
  }

  /** An array is no promise: the code goes on while its steps are under way. */
  arrayAwaited(argument: SyntaxNode, unit: FlowUnit): void {
    const node = unwrap(argument);
    const target = node.type === 'CallExpression' ? targetOf(node, unit, this.units) : undefined;
    const isArray = target?.kind === 'collection' && !['forEach', 'reduce', 'reduceRight'].includes(target.name);
    if (node.type !== 'ArrayExpression' && !isArray) return;
    const text = unit.textOf(node);
    this.add(unit, `await ${text}`, `an array is not waited for. Write \`await Promise.all(${text})\`.`);
  }

  /** Recorded once, the outer step would leave out the inner one on replay. */
  stepInStep(call: SyntaxNode, name: string, unit: FlowUnit): void {
    if (!isRecorded(name)) return;
    this.add(
      unit,
      unit.textOf(call),
      'a step cannot hold another one. Take it out of the body of the outer step, or make the outer step a method of the class.',
    );
  }

  reference(node: SyntaxNode, name: string, unit: FlowUnit): void {
    this.add(
      unit,
      unit.textOf(node),
      `a step has to be called where it stands. Write \`(x) => this.${name}(x)\` in place of the bare method.`,
    );
  }

  /** True for a method that can be recorded; otherwise says why not. */
  mayBeStep(call: SyntaxNode, target: Extract<CallTarget, { kind: 'method' }>, unit: FlowUnit): boolean {
    const quote = unit.textOf(call);
    const { name, member } = target;
    if (name === 'execute') {
      this.add(
        unit,
        quote,
        'a process cannot call itself. Start another run: `await this.start()` with a method that uses Processes.',
      );
    } else if (!member) {
      const known = [...this.units.cls.members.keys()].filter((one) => one !== 'execute');
      this.add(
        unit,
        quote,
        `${this.className} has no method "${name}".${didYouMean(name, known)} A step is a method of the class, not a field.`,
      );
    } else if (member.kind === 'accessor') {
      this.add(unit, quote, `"${name}" is an accessor. Make it a method: \`async ${name}(…) { … }\`.`);
    } else if (member.generator) {
      this.add(
        unit,
        quote,
        `"${name}" is a generator, which has no single result to record. Make it an async method that returns an array.`,
      );
    } else return true;
    return false;
  }

  thisIsProcess(call: SyntaxNode, unit: FlowUnit): void {
    if (unit.thisIsProcess(call)) return;
    this.add(
      unit,
      unit.textOf(call),
      '`this` is not the process inside of a `function`. Write an arrow function: `async () => { … }`.',
    );
  }

  /** Steps that are started where nobody waits for them to end. */
  statement(node: SyntaxNode, unit: FlowUnit, flow: FlowAnalysis): void {
    if (node.type === 'CallExpression') {
      const target = targetOf(node, unit, this.units);
      if (target.kind !== 'collection' || target.name !== 'forEach') return;
      if (!functionArguments(node, unit).some((fn) => this.holdsSteps(fn, unit, flow))) return;
      this.add(
        unit,
        unit.textOf(node),
        'forEach does not wait for its steps. Write `for (const x of …) await …`, or `await Promise.all(….map((x) => …))`.',
      );
    } else if (node.type === 'ExpressionStatement') {
      const expression = withoutVoid(node.expression);
      if (expression.type !== 'CallExpression' || !this.startsSteps(expression, unit, flow)) return;
      this.add(
        unit,
        unit.textOf(expression),
        'its steps are started, but nobody waits for them. Put `await` in front.',
      );
    }
  }

  /** A method is a step or it is not: wrapped or plain cannot depend on the place of the call. */
  mixedUse(flow: FlowAnalysis): void {
    for (const name of new Set(flow.stepCalls.values())) {
      if (!flow.plain.has(name)) continue;
      this.problems.add(
        `"${name}" is awaited as a step and also used as plain code. Await it everywhere, or move what both need into a second method.`,
      );
    }
  }

  private timer(call: Extract<SyntaxNode, { type: 'CallExpression' }>, unit: FlowUnit): void {
    const callee = unwrap(call.callee as SyntaxNode);
    const isTimer = TIMERS.some((name) => isGlobal(callee, name, unit));
    const isTick =
      callee.type === 'MemberExpression' &&
      isGlobal(callee.object, 'process', unit) &&
      propertyName(callee) === 'nextTick';
    if (isTimer || isTick) {
      this.add(unit, unit.textOf(call), `a timer is lost with the node. ${this.moveIntoMethod('pause')}`);
    }
  }

  private startsSteps(
    call: Extract<SyntaxNode, { type: 'CallExpression' }>,
    unit: FlowUnit,
    flow: FlowAnalysis,
  ): boolean {
    const target = targetOf(call, unit, this.units);
    if (target.kind === 'inline') return true;
    if (target.kind === 'closure') return target.functions.some((fn) => this.holdsSteps(fn, unit, flow));
    if (target.kind === 'context') return ['step', 'stepAll', 'send'].includes(target.name);
    const holds = ['combinator', 'then', 'collection'].includes(target.kind);
    return holds && !(target.kind === 'collection' && target.name === 'forEach') && this.holdsSteps(call, unit, flow);
  }

  private holdsSteps(node: SyntaxNode, unit: FlowUnit, flow: FlowAnalysis): boolean {
    if (flow.stepCalls.has(node)) return true;
    if (isFunction(node) && flow.work.has(node)) return false;
    if (node.type === 'CallExpression' && targetOf(node, unit, this.units).kind === 'inline') return true;
    return childrenOf(node).some((child) => this.holdsSteps(child, unit, flow));
  }

  private moveIntoMethod(name: string): string {
    return moveIntoMethod(name, this.units.cls);
  }

  private get className(): string {
    return this.units.cls.target.name;
  }

  private add(unit: FlowUnit, quote: string, text: string): void {
    this.problems.add(`\`${quote}\` in ${unit.member.name}: ${text}`);
  }
}

function withoutVoid(node: SyntaxNode): SyntaxNode {
  const inner = unwrap(node);
  return inner.type === 'UnaryExpression' && inner.operator === 'void' ? withoutVoid(inner.argument) : inner;
}

/** `this.#charge(…)`: reported once for the class, with what to write. */
function isPrivateCall(node: SyntaxNode): boolean {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  return node.callee.property.type === 'PrivateIdentifier';
}
