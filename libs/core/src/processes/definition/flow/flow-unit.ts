import { isInline } from '../../decorators/inline.decorator.js';
import { argumentsOf, type Argument } from './arguments.js';
import { resolveBindings, type Binding, type Bindings } from '../source/bindings.js';
import type { ClassMembers, Member } from '../source/class-members.js';
import { childrenOf, isFunction, parseMethod, textOf, type FunctionNode, type SyntaxNode } from '../source/syntax.js';

/** A method whose code is flow: `execute` or an inline method. */
export class FlowUnit {
  private readonly parents = new Map<SyntaxNode, SyntaxNode>();
  private readonly given: ReadonlyMap<Binding, readonly Argument[]>;

  private constructor(
    readonly member: Member,
    readonly text: string,
    readonly fn: FunctionNode,
    private readonly bindings: Bindings,
  ) {
    this.given = argumentsOf(fn, bindings);
    this.noteParents(fn);
  }

  /** Undefined when the source cannot be read. */
  static parse(member: Member): FlowUnit | undefined {
    const parsed = parseMethod(member.source);
    return parsed && new FlowUnit(member, parsed.text, parsed.fn, resolveBindings(parsed.fn));
  }

  /** The local name an identifier means; undefined for names of the module or the platform. */
  bindingOf(node: SyntaxNode): Binding | undefined {
    return this.bindings.get(node);
  }

  /** What the code of the flow gives to a parameter; nothing for what comes from outside. */
  argumentsOf(parameter: Binding): readonly Argument[] {
    return this.given.get(parameter) ?? [];
  }

  parentOf(node: SyntaxNode): SyntaxNode | undefined {
    return this.parents.get(node);
  }

  /** The function that a node stands in. */
  functionAround(node: SyntaxNode): FunctionNode {
    let at = this.parents.get(node);
    while (at && !isFunction(at)) at = this.parents.get(at);
    return at ?? this.fn;
  }

  /** True when `this` at a node is the process: no `function` and no class lies between. */
  thisIsProcess(node: SyntaxNode): boolean {
    for (let at = this.parents.get(node); at && at !== this.fn; at = this.parents.get(at)) {
      if (at.type === 'ClassBody' || (isFunction(at) && at.type !== 'ArrowFunctionExpression')) return false;
    }
    return true;
  }

  /** The source of a node, short enough for a message or a diagram. */
  textOf(node: SyntaxNode): string {
    return textOf(this.text, node);
  }

  private noteParents(node: SyntaxNode): void {
    for (const child of childrenOf(node)) {
      this.parents.set(child, node);
      this.noteParents(child);
    }
  }
}

/** The unit of each member, parsed once. */
export class FlowUnits {
  private readonly units = new Map<Member, FlowUnit | undefined>();

  constructor(readonly cls: ClassMembers) {}

  of(member: Member): FlowUnit | undefined {
    if (!this.units.has(member)) this.units.set(member, FlowUnit.parse(member));
    return this.units.get(member);
  }

  /** True for `execute` and for methods with `@Inline()`. */
  isFlow(name: string): boolean {
    return name === 'execute' || isInline(this.cls.prototype, name);
  }
}
