import {
  parse,
  type AnyNode,
  type ArrowFunctionExpression,
  type FunctionDeclaration,
  type FunctionExpression,
} from 'acorn';

/** A node of the syntax tree. */
export type SyntaxNode = AnyNode;
/** A function in any notation. */
export type FunctionNode = FunctionDeclaration | FunctionExpression | ArrowFunctionExpression;

/** A function with the text that its nodes point into. */
export interface ParsedFunction {
  readonly text: string;
  readonly fn: FunctionNode;
}

const OPTIONS = { ecmaVersion: 'latest', sourceType: 'module', checkPrivateFields: false } as const;

/**
 * Parses what `toString()` of a method gives; undefined when it is not JavaScript, as with native and bound functions.
 */
export function parseMethod(source: string): ParsedFunction | undefined {
  // `extends Object` makes `super.m()` legal; the parentheses are for functions that a decorator put in place.
  return parseAs(`class _ extends Object { ${source} }`) ?? parseAs(`(${source})`);
}

/** Parses what `toString()` of a class gives; undefined when it is not JavaScript. */
export function parseClass(
  source: string,
): { readonly text: string; readonly members: readonly SyntaxNode[] } | undefined {
  const text = `(${source})`;
  try {
    const statement = parse(text, OPTIONS).body[0];
    if (statement?.type !== 'ExpressionStatement' || statement.expression.type !== 'ClassExpression') return undefined;
    return { text, members: statement.expression.body.body };
  } catch {
    return undefined;
  }
}

function parseAs(text: string): ParsedFunction | undefined {
  try {
    const statement = parse(text, OPTIONS).body[0];
    if (statement?.type === 'ClassDeclaration') {
      const member = statement.body.body[0];
      return member?.type === 'MethodDefinition' ? { text, fn: member.value } : undefined;
    }
    if (statement?.type !== 'ExpressionStatement') return undefined;
    return isFunction(statement.expression) ? { text, fn: statement.expression } : undefined;
  } catch {
    return undefined;
  }
}

/** True for a function in any notation. */
export function isFunction(node: SyntaxNode | null | undefined): node is FunctionNode {
  return (
    node?.type === 'FunctionExpression' ||
    node?.type === 'ArrowFunctionExpression' ||
    node?.type === 'FunctionDeclaration'
  );
}

/** Keys that hold names rather than code. */
const NAMES: Readonly<Record<string, readonly string[]>> = {
  LabeledStatement: ['label'],
  BreakStatement: ['label'],
  ContinueStatement: ['label'],
  MetaProperty: ['meta', 'property'],
};

/** The nodes directly below, in the order of the text. Names of properties and labels are left out. */
export function childrenOf(node: SyntaxNode): SyntaxNode[] {
  const names = NAMES[node.type] ?? (isComputed(node) ? [] : ['property', 'key']);
  const children: SyntaxNode[] = [];
  for (const [key, value] of Object.entries(node) as [string, unknown][]) {
    if (names.includes(key)) continue;
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) if (isNode(one)) children.push(one);
  }
  return children.sort((a, b) => a.start - b.start);
}

/** Calls back for a node and everything below it; `false` leaves out what is below. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode) => boolean | void): void {
  if (visit(node) === false) return;
  for (const child of childrenOf(node)) walk(child, visit);
}

/** Without what the compiler wraps around an expression and what does not change its value. */
export function unwrap(node: SyntaxNode): SyntaxNode {
  if (node.type === 'ChainExpression' || node.type === 'ParenthesizedExpression') return unwrap(node.expression);
  return node;
}

/** What a function may give back: the body of an arrow, or the arguments of its `return` statements. */
export function returnsOf(fn: FunctionNode): SyntaxNode[] {
  if (fn.body.type !== 'BlockStatement') return [fn.body];
  const found: SyntaxNode[] = [];
  walk(fn.body, (node) => {
    if (isFunction(node) || node.type === 'ClassBody') return false;
    if (node.type === 'ReturnStatement' && node.argument) found.push(node.argument);
    return true;
  });
  return found;
}

/** The name behind the last dot: of `this.a`, `this['a']`, `x?.a`; undefined for `x[y]` and `x.#a`. */
export function propertyName(node: SyntaxNode): string | undefined {
  if (node.type !== 'MemberExpression') return undefined;
  if (node.computed) {
    return node.property.type === 'Literal' && typeof node.property.value === 'string'
      ? node.property.value
      : undefined;
  }
  return node.property.type === 'Identifier' ? node.property.name : undefined;
}

/** The source of a node in one line, cut off where it is too long to be read in a message. */
export function textOf(text: string, node: SyntaxNode, limit = 120): string {
  const line = text.slice(node.start, node.end).replaceAll(/\s+/g, ' ');
  return line.length <= limit ? line : `${line.slice(0, limit - 2)} …`;
}

function isNode(value: unknown): value is SyntaxNode {
  return typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';
}

function isComputed(node: SyntaxNode): boolean {
  return (node as { computed?: boolean }).computed === true;
}
