import { childrenOf, isFunction, type FunctionNode, type SyntaxNode } from './syntax.js';

/** A local name and everything the code puts into it. */
export interface Binding {
  readonly name: string;
  readonly kind: 'parameter' | 'function' | 'variable';
  /** Initial values, assigned values, elements that are added: wherever a promise could come from. */
  readonly values: SyntaxNode[];
}

/** Which local name each identifier means; identifiers of the module or the platform are not in it. */
export type Bindings = ReadonlyMap<SyntaxNode, Binding>;

/** Methods that put their arguments into the array, set or map they are called on. */
const ADDING: ReadonlySet<string> = new Set(['push', 'unshift', 'add', 'set']);

/** Resolves the local names in a function. */
export function resolveBindings(fn: FunctionNode): Bindings {
  const resolver = new Resolver();
  resolver.enterFunction(fn, undefined);
  return resolver.found;
}

class Scope {
  readonly names = new Map<string, Binding>();
  constructor(readonly parent: Scope | undefined) {}

  declare(name: string, kind: Binding['kind']): void {
    if (!this.names.has(name)) this.names.set(name, { name, kind, values: [] });
  }

  find(name: string): Binding | undefined {
    return this.names.get(name) ?? this.parent?.find(name);
  }
}

class Resolver {
  readonly found = new Map<SyntaxNode, Binding>();

  enterFunction(fn: FunctionNode, parent: Scope | undefined): void {
    const scope = new Scope(parent);
    if (fn.type === 'FunctionExpression' && fn.id) {
      scope.declare(fn.id.name, 'function');
      scope.find(fn.id.name)?.values.push(fn);
    }
    for (const parameter of fn.params) this.declarePattern(parameter, 'parameter', scope);
    if (fn.body.type === 'BlockStatement') {
      this.hoistVars(fn.body, scope);
      this.hoistBlock(fn.body.body, scope);
    }
    for (const parameter of fn.params) this.visit(parameter, scope);
    for (const child of fn.body.type === 'BlockStatement' ? fn.body.body : [fn.body]) this.visit(child, scope);
  }

  private visit(node: SyntaxNode, scope: Scope): void {
    if (isFunction(node)) return this.enterFunction(node, scope);
    const inner = this.scopeOf(node, scope);
    this.noteValues(node, inner);
    if (node.type === 'Identifier') {
      const binding = inner.find(node.name);
      if (binding) this.found.set(node, binding);
    }
    for (const child of childrenOf(node)) this.visit(child, inner);
  }

  private scopeOf(node: SyntaxNode, outer: Scope): Scope {
    switch (node.type) {
      case 'BlockStatement':
      case 'StaticBlock':
        return this.block(node.body, outer);
      case 'SwitchStatement':
        return this.block(
          node.cases.flatMap((one) => one.consequent),
          outer,
        );
      case 'ForStatement':
        return this.block(node.init ? [node.init] : [], outer);
      case 'ForOfStatement':
      case 'ForInStatement':
        return this.block([node.left], outer);
      case 'CatchClause': {
        const scope = new Scope(outer);
        if (node.param) this.declarePattern(node.param, 'parameter', scope);
        return scope;
      }
      default:
        return outer;
    }
  }

  private block(statements: readonly SyntaxNode[], outer: Scope): Scope {
    const scope = new Scope(outer);
    this.hoistBlock(statements, scope);
    return scope;
  }

  private hoistBlock(statements: readonly SyntaxNode[], scope: Scope): void {
    for (const statement of statements) {
      if (statement.type === 'FunctionDeclaration' && statement.id) {
        scope.declare(statement.id.name, 'function');
        scope.find(statement.id.name)?.values.push(statement);
      } else if (statement.type === 'ClassDeclaration' && statement.id) {
        scope.declare(statement.id.name, 'variable');
      } else if (statement.type === 'VariableDeclaration' && statement.kind !== 'var') {
        for (const { id } of statement.declarations) this.declarePattern(id, 'variable', scope);
      }
    }
  }

  private hoistVars(node: SyntaxNode, scope: Scope): void {
    if (isFunction(node)) return;
    if (node.type === 'VariableDeclaration' && node.kind === 'var') {
      for (const { id } of node.declarations) this.declarePattern(id, 'variable', scope);
    }
    for (const child of childrenOf(node)) this.hoistVars(child, scope);
  }

  private declarePattern(pattern: SyntaxNode, kind: Binding['kind'], scope: Scope): void {
    for (const { name } of namesIn(pattern)) scope.declare(name, kind);
  }

  private noteValues(node: SyntaxNode, scope: Scope): void {
    if (node.type === 'VariableDeclarator' && node.init) this.give(node.id, node.init, scope);
    else if (node.type === 'AssignmentExpression' || node.type === 'AssignmentPattern')
      this.give(node.left, node.right, scope);
    else if (node.type === 'ForOfStatement') {
      const target = node.left.type === 'VariableDeclaration' ? node.left.declarations[0]?.id : node.left;
      if (target) this.give(target, node.right, scope);
    } else if (node.type === 'CallExpression' && node.callee.type === 'MemberExpression') {
      const { object, property } = node.callee;
      if (property.type !== 'Identifier' || !ADDING.has(property.name)) return;
      for (const argument of node.arguments) this.give(object, argument, scope);
    }
  }

  private give(target: SyntaxNode, value: SyntaxNode, scope: Scope): void {
    for (const { name } of namesIn(target)) scope.find(name)?.values.push(value);
  }
}

/** The identifiers that a pattern declares or assigns; of `a.b[c] = …`, the `a`. */
function namesIn(pattern: SyntaxNode): { readonly name: string }[] {
  switch (pattern.type) {
    case 'Identifier':
      return [pattern];
    case 'ObjectPattern':
      return pattern.properties.flatMap((one) => namesIn(one.type === 'RestElement' ? one.argument : one.value));
    case 'ArrayPattern':
      return pattern.elements.flatMap((one) => (one ? namesIn(one) : []));
    case 'RestElement':
      return namesIn(pattern.argument);
    case 'AssignmentPattern':
      return namesIn(pattern.left);
    case 'MemberExpression':
      return namesIn(pattern.object);
    default:
      return [];
  }
}
