import 'reflect-metadata';
import type { Type } from '../../../messages/index.js';
import { ProcessContext } from '../../api/process-context.js';
import { parseClass, type SyntaxNode } from './syntax.js';

/** A method or accessor of a process class, its own or inherited. */
export interface Member {
  readonly name: string;
  readonly kind: 'method' | 'accessor';
  readonly source: string;
  /** Native `async`, which survives compilation for ES2017 and later. */
  readonly async: boolean;
  readonly generator: boolean;
  /** The prototype that holds it. */
  readonly owner: object;
}

/** What can be known of a process class without an instance. */
export interface ClassMembers {
  readonly target: Type<object>;
  readonly prototype: object;
  /** By name; what a subclass overrides is left out. */
  readonly members: ReadonlyMap<string, Member>;
  /** Names that `CatgaProcessBase` gives; empty without it. */
  readonly baseNames: ReadonlySet<string>;
  /** Fields that hold an injected `ProcessContext`. */
  readonly contextFields: ReadonlySet<string>;
  /** `#names` of the class and the classes above it. */
  readonly privateNames: readonly string[];
  /** The same method further up, for `super.m()`. */
  above(owner: object, name: string): Member | undefined;
}

const BASE = Symbol.for('catga.process-base');
/** What compilers turn `this.#x` into for old targets. */
const LOWERED_PRIVATE = /\b_{0,2}class_?private_?(?:field|method)/i;

/** Collects the methods along the prototype chain, up to `CatgaProcessBase` or `Object`. */
export function collectMembers(target: Type<object>): ClassMembers {
  const prototype = target.prototype as object;
  const chain = chainOf(prototype);
  const base = Object.hasOwn(chain.at(-1) ?? {}, BASE) ? chain.pop() : undefined;
  const members = new Map<string, Member>();
  const own = new Map(chain.map((owner) => [owner, ownMembers(owner)]));
  for (const owner of chain.toReversed()) for (const member of own.get(owner) ?? []) members.set(member.name, member);
  const classes = chain.map((owner) => owner.constructor as Type<object>);
  return {
    target,
    prototype,
    members,
    baseNames: new Set(base ? Object.getOwnPropertyNames(base).filter((name) => name !== 'constructor') : []),
    contextFields: new Set(classes.flatMap((one) => contextFieldsOf(one))),
    privateNames: classes.flatMap((one) => privateNamesOf(one)),
    above(owner, name) {
      const further = chain.slice(chain.indexOf(owner) + 1);
      return further.flatMap((one) => own.get(one) ?? []).find((member) => member.name === name);
    },
  };
}

function chainOf(prototype: object): object[] {
  const chain: object[] = [];
  for (
    let at: object | null = prototype;
    at && at !== Object.prototype;
    at = Object.getPrototypeOf(at) as object | null
  ) {
    chain.push(at);
    if (Object.hasOwn(at, BASE)) break;
  }
  return chain;
}

function ownMembers(owner: object): Member[] {
  return Object.getOwnPropertyNames(owner)
    .filter((name) => name !== 'constructor')
    .flatMap((name) => {
      const descriptor = Object.getOwnPropertyDescriptor(owner, name) as PropertyDescriptor;
      const fn = Object.values(descriptor).find((one: unknown) => typeof one === 'function') as unknown;
      if (typeof fn !== 'function') return [];
      const flavour = fn.constructor.name;
      return {
        name,
        kind: 'value' in descriptor ? ('method' as const) : ('accessor' as const),
        source: sourceOf(fn),
        async: flavour === 'AsyncFunction',
        generator: flavour.endsWith('GeneratorFunction'),
        owner,
      };
    });
}

function sourceOf(fn: object): string {
  return Function.prototype.toString.call(fn);
}

/** `this.context = context` in the constructor, or a property with `@Inject()`, of the type `ProcessContext`. */
function contextFieldsOf(target: Type<object>): string[] {
  const types = (Reflect.getOwnMetadata('design:paramtypes', target) ?? []) as unknown[];
  const injected = ((Reflect.getMetadata('self:properties_metadata', target) ?? []) as { key: string; type: unknown }[])
    .filter(({ type }) => isContext(type))
    .map(({ key }) => key);
  const constructor = types.some(isContext) ? parseClass(sourceOf(target))?.members.find(isConstructor) : undefined;
  if (constructor?.type !== 'MethodDefinition') return injected;
  const names = constructor.value.params
    .filter((_, index) => isContext(types[index]))
    .map((parameter) => (parameter.type === 'Identifier' ? parameter.name : ''));
  const assigned = constructor.value.body.body.flatMap((statement) => {
    if (statement.type !== 'ExpressionStatement' || statement.expression.type !== 'AssignmentExpression') return [];
    const { left, right } = statement.expression;
    if (left.type !== 'MemberExpression' || left.object.type !== 'ThisExpression') return [];
    if (right.type !== 'Identifier' || !names.includes(right.name)) return [];
    return left.property.type === 'Identifier' ? [left.property.name] : [];
  });
  return [...injected, ...assigned];
}

function isContext(type: unknown): boolean {
  return typeof type === 'function' && (type === ProcessContext || type.prototype instanceof ProcessContext);
}

function isConstructor(node: SyntaxNode): boolean {
  return node.type === 'MethodDefinition' && node.kind === 'constructor';
}

function privateNamesOf(target: Type<object>): string[] {
  const source = sourceOf(target);
  if (LOWERED_PRIVATE.test(source)) return ['#…'];
  if (!source.includes('#')) return [];
  return (parseClass(source)?.members ?? []).flatMap((member) => {
    if (member.type !== 'MethodDefinition' && member.type !== 'PropertyDefinition') return [];
    return member.key.type === 'PrivateIdentifier' && !member.static ? [`#${member.key.name}`] : [];
  });
}
