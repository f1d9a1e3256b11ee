import { readCompensate, readCompensationStep } from '../../decorators/compensation.decorators.js';
import { nearestName } from '../../../foundation/index.js';
import { didYouMean, listNames, lowerFirst, upperFirst, type Problems } from '../flow/problems.js';
import type { ClassMembers } from '../source/class-members.js';

/** `compensateX`, with an upper-case letter, so that a method `compensated()` is nothing special. */
const CONVENTION = /^compensate(?=[^\p{Ll}])(.+)$/u;

/**
 * Which method undoes which, by step method. A `@Compensate` on the step outranks `@CompensationStep`, and that the
 * name; a compensation that undoes nothing is a problem.
 *
 * @param groups the methods behind each step name
 * @param named steps that are no methods
 */
export function compensationsOf(
  cls: ClassMembers,
  groups: ReadonlyMap<string, readonly string[]>,
  named: readonly string[],
  problems: Problems,
): ReadonlyMap<string, string> {
  const steps = [...groups.values()].flat();
  const explicit = new Map<string, string>();
  for (const method of steps) {
    const compensation = readCompensate(cls.prototype, method);
    if (compensation === undefined) continue;
    if (cls.members.get(compensation)?.kind === 'method') explicit.set(method, compensation);
    else
      problems.add(
        `@Compensate('${compensation}') on "${method}": ${cls.target.name} has no method "${compensation}".${didYouMean(compensation, cls.members.keys())}`,
      );
  }
  const marked = markedCompensations(cls, groups, new Set(explicit.values()), problems);
  const byName = namedCompensations(cls, groups, named, new Set([...explicit.values(), ...marked.values()]), problems);
  const all = new Map([...byName, ...marked, ...explicit]);
  checkOwnSteps(new Set([...marked.values(), ...byName.values()]), steps, problems);
  checkUnused(cls, steps, problems);
  return all;
}

/** `@CompensationStep('reserve')`; without a name it must be referred to in another way. */
function markedCompensations(
  cls: ClassMembers,
  groups: ReadonlyMap<string, readonly string[]>,
  referredTo: ReadonlySet<string>,
  problems: Problems,
): Map<string, string> {
  const found = new Map<string, string>();
  for (const method of cls.members.keys()) {
    const mark = readCompensationStep(cls.prototype, method);
    if (!mark) continue;
    const { step } = mark;
    const methods = step === undefined ? [] : methodsOf(step, groups);
    if (step !== undefined && methods.length === 0) {
      problems.add(
        `@CompensationStep('${step}') on "${method}": there is no step "${step}".${didYouMean(step, groups.keys())} ${listSteps(groups)}`,
      );
    }
    if (step === undefined && !referredTo.has(method) && stepFor(method, groups).length === 0) {
      problems.add(
        `"${method}" has @CompensationStep(), but no step refers to it. Name the step it undoes, @CompensationStep('step'), or put @Compensate('${method}') on that step.`,
      );
    }
    for (const one of methods) {
      const other = found.get(one);
      if (other !== undefined)
        problems.add(`"${other}" and "${method}" both say that they undo step "${step}". Keep one of them.`);
      found.set(one, method);
    }
  }
  return found;
}

/** `compensateReserve` undoes the step, or the method, `reserve`. */
function namedCompensations(
  cls: ClassMembers,
  groups: ReadonlyMap<string, readonly string[]>,
  named: readonly string[],
  explained: ReadonlySet<string>,
  problems: Problems,
): Map<string, string> {
  const found = new Map<string, string>();
  const steps = new Set([...groups.values()].flat());
  for (const [method, member] of cls.members) {
    if (member.kind !== 'method' || !CONVENTION.test(method)) continue;
    const undone = stepFor(method, groups);
    for (const one of undone) found.set(one, method);
    const isMarked = readCompensationStep(cls.prototype, method)?.step !== undefined;
    // A business may well have a step "compensateCustomer".
    if (undone.length === 0 && !isMarked && !explained.has(method) && !steps.has(method))
      problems.add(orphan(method, groups, named));
  }
  return found;
}

function orphan(method: string, groups: ReadonlyMap<string, readonly string[]>, named: readonly string[]): string {
  const step = CONVENTION.exec(method)?.[1] ?? method;
  const inPlace = named.find((name) => upperFirst(name) === step);
  if (inPlace !== undefined) {
    return `"${method}" cannot undo "${inPlace}", which is written in execute as step('${inPlace}', …). Make it a method of the class.`;
  }
  const nearest = nearestName(step, [...groups.keys(), ...[...groups.values()].flat()].map(upperFirst));
  const advice = nearest === undefined ? '' : ` Did you mean "compensate${nearest}"?`;
  return `"${method}" undoes no step: execute awaits no "${lowerFirst(step)}".${advice} ${listSteps(groups)}`;
}

/** The engine calls compensations; a flow that awaits one as well would undo the same thing twice. */
function checkOwnSteps(compensations: ReadonlySet<string>, steps: readonly string[], problems: Problems): void {
  for (const method of steps.filter((one) => compensations.has(one))) {
    problems.add(
      `"${method}" is the compensation of a step, called when the run fails; execute awaits it as well, so it would be done twice. Write the undoing in execute as a method with another name.`,
    );
  }
}

function checkUnused(cls: ClassMembers, steps: readonly string[], problems: Problems): void {
  for (const method of cls.members.keys()) {
    if (readCompensate(cls.prototype, method) !== undefined && !steps.includes(method)) {
      problems.add(
        `"${method}" has @Compensate(), but it is no step: execute does not await it. Remove the decorator, or await the method.`,
      );
    }
  }
}

/** The step methods that a method undoes by its name: those of the step of that name, else the method of that name. */
function stepFor(method: string, groups: ReadonlyMap<string, readonly string[]>): readonly string[] {
  const name = CONVENTION.exec(method)?.[1];
  if (name === undefined) return [];
  const byMethod = [...groups.values()].flat().filter((one) => upperFirst(one) === name);
  if (byMethod.length > 0) return byMethod;
  return [...groups].flatMap(([step, methods]) => (upperFirst(step) === name ? methods : []));
}

function methodsOf(step: string, groups: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return groups.get(step) ?? [...groups.values()].flat().filter((method) => method === step);
}

function listSteps(groups: ReadonlyMap<string, readonly string[]>): string {
  return groups.size === 0 ? 'It has no steps.' : `Its steps: ${listNames([...groups.keys()])}.`;
}
