import type { Member } from '../source/class-members.js';
import { isFunction, propertyName, unwrap, type FunctionNode, type SyntaxNode } from '../source/syntax.js';
import type { FlowUnit, FlowUnits } from './flow-unit.js';

/** The combinators of `Promise`. */
export type Combinator = 'all' | 'allSettled' | 'race' | 'any';

/** What a call in the flow calls. */
export type CallTarget =
  /** A method of the class; `member` is undefined when there is none of that name. */
  | { readonly kind: 'method'; readonly name: string; readonly member: Member | undefined }
  /** `execute` of the class above, or a method with `@Inline()`. */
  | { readonly kind: 'inline'; readonly unit: FlowUnit }
  /** A method of `CatgaProcessBase` or `ProcessContext`. */
  | { readonly kind: 'context'; readonly name: string }
  | { readonly kind: 'combinator'; readonly mode: Combinator; readonly items: SyntaxNode | undefined }
  /** `Promise.resolve(x)`, `Promise.reject(x)`. */
  | { readonly kind: 'settled'; readonly value: SyntaxNode | undefined }
  /** A function of the flow, declared or in place. */
  | { readonly kind: 'closure'; readonly functions: readonly FunctionNode[] }
  /** A parameter that is called. */
  | { readonly kind: 'parameter'; readonly given: readonly SyntaxNode[] }
  | { readonly kind: 'then'; readonly name: string; readonly promise: SyntaxNode }
  /** A method of arrays, sets and maps that hands on the promises in them, or makes them with a callback. */
  | { readonly kind: 'collection'; readonly name: string; readonly source: SyntaxNode | undefined }
  | { readonly kind: 'foreign' };

type Call = Extract<SyntaxNode, { type: 'CallExpression' }>;

const COMBINATORS: ReadonlySet<string> = new Set(['all', 'allSettled', 'race', 'any']);
const CHAINS: ReadonlySet<string> = new Set(['then', 'catch', 'finally']);
const WITH_CALLBACK = ['map', 'flatMap', 'reduce', 'reduceRight', 'forEach'];
const HANDING_ON = ['filter', 'slice', 'concat', 'flat', 'reverse', 'toReversed', 'values', 'fill', 'sort', 'toSorted'];
const COLLECTION: ReadonlySet<string> = new Set([...WITH_CALLBACK, ...HANDING_ON]);
const FOREIGN: CallTarget = { kind: 'foreign' };

/** Says what a call in the flow calls. */
export function targetOf(call: Call, unit: FlowUnit, units: FlowUnits): CallTarget {
  const callee = unwrap(call.callee as SyntaxNode);
  if (isFunction(callee)) return { kind: 'closure', functions: [callee] };
  if (callee.type === 'Identifier') return ofIdentifier(callee, unit);
  if (callee.type !== 'MemberExpression') return FOREIGN;
  const name = propertyName(callee);
  if (name === undefined) return FOREIGN;
  const object = unwrap(callee.object as SyntaxNode);
  if (object.type === 'ThisExpression') return ofThis(name, unit, units);
  if (object.type === 'Super') return ofSuper(name, unit, units);
  if (isContextField(object, units)) return { kind: 'context', name };
  if (isGlobal(object, 'Promise', unit)) return ofPromise(name, call);
  if (isGlobal(object, 'Array', unit) && name === 'from')
    return { kind: 'collection', name, source: call.arguments[0] };
  if (isGlobal(object, 'Object', unit)) return { kind: 'collection', name, source: call.arguments[0] };
  if (CHAINS.has(name)) return { kind: 'then', name, promise: object };
  return COLLECTION.has(name) ? { kind: 'collection', name, source: object } : FOREIGN;
}

/** True for the name of a callback-taking method of a collection whose callback makes the elements of the result. */
export function makesElements(name: string): boolean {
  return name === 'from' || WITH_CALLBACK.includes(name);
}

/** True for a global name that no local one hides. */
export function isGlobal(node: SyntaxNode, name: string, unit: FlowUnit): boolean {
  return node.type === 'Identifier' && node.name === name && unit.bindingOf(node) === undefined;
}

/** The functions among the arguments of a call, also those that are given by their local name. */
export function functionArguments(call: Call, unit: FlowUnit): FunctionNode[] {
  return call.arguments.flatMap((argument) => {
    if (isFunction(argument)) return [argument];
    return argument.type === 'Identifier'
      ? (unit.bindingOf(argument)?.values ?? []).filter((one) => isFunction(one))
      : [];
  });
}

function ofThis(name: string, unit: FlowUnit, units: FlowUnits): CallTarget {
  const member = units.cls.members.get(name);
  if (!member) return units.cls.baseNames.has(name) ? { kind: 'context', name } : { kind: 'method', name, member };
  const inline = name !== 'execute' && units.isFlow(name) ? units.of(member) : undefined;
  return inline ? { kind: 'inline', unit: inline } : { kind: 'method', name, member };
}

function ofSuper(name: string, unit: FlowUnit, units: FlowUnits): CallTarget {
  const member = units.isFlow(name) ? units.cls.above(unit.member.owner, name) : undefined;
  const above = member && units.of(member);
  return above ? { kind: 'inline', unit: above } : FOREIGN;
}

function ofPromise(name: string, call: Call): CallTarget {
  if (COMBINATORS.has(name)) return { kind: 'combinator', mode: name as Combinator, items: call.arguments[0] };
  return name === 'resolve' || name === 'reject' ? { kind: 'settled', value: call.arguments[0] } : FOREIGN;
}

function ofIdentifier(callee: SyntaxNode, unit: FlowUnit): CallTarget {
  const binding = unit.bindingOf(callee);
  if (!binding) return FOREIGN;
  if (binding.kind === 'parameter') {
    return { kind: 'parameter', given: unit.argumentsOf(binding).map(({ value }) => unwrap(value)) };
  }
  const functions = binding.values.filter((value) => isFunction(value));
  return functions.length > 0 && functions.length === binding.values.length ? { kind: 'closure', functions } : FOREIGN;
}

function isContextField(object: SyntaxNode, units: FlowUnits): boolean {
  if (object.type !== 'MemberExpression' || object.object.type !== 'ThisExpression') return false;
  const field = propertyName(object);
  return field !== undefined && units.cls.contextFields.has(field);
}
