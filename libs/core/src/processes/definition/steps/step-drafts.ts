import { readCondition } from '../../decorators/condition.decorator.js';
import { isInline } from '../../decorators/inline.decorator.js';
import { readStepMetadata, type ProcessStepMetadata } from '../../decorators/process-step.decorator.js';
import type { StepAlternative, StepBlueprint } from '../blueprint.js';
import { didYouMean, type Problems } from '../flow/problems.js';
import type { PolicyLayer } from '../options/options.types.js';
import type { ClassMembers } from '../source/class-members.js';
import { compensationsOf } from './compensations.js';
import { declaredPolicy } from './declared-policy.js';

/** A step before configuration and defaults are put in. */
export interface StepDraft extends Pick<StepBlueprint, 'name' | 'alternatives' | 'formerly' | 'compensate'> {
  readonly key?: (...args: never[]) => string | number;
  /** What its decorators say. */
  readonly policy: PolicyLayer;
}

/** The name of the step that a method is, or would be. */
export function stepNameOf(cls: ClassMembers, method: string): string {
  return readStepMetadata(cls.prototype, method)?.name ?? method;
}

/**
 * Makes the steps out of the methods that the flow awaits, and of those that share a name with one.
 *
 * @param order names of the steps in the order of the code
 */
export function draftSteps(
  cls: ClassMembers,
  called: ReadonlySet<string>,
  order: readonly string[],
  named: readonly string[],
  problems: Problems,
): StepDraft[] {
  const groups = groupMethods(cls, called, problems);
  checkNames(groups, problems);
  const compensations = compensationsOf(cls, groups, named, problems);
  return order
    .filter((name) => groups.has(name))
    .map((name) => draft(cls, name, groups.get(name) as readonly string[], compensations, problems));
}

/** The methods behind each step name, in the order of the class. */
function groupMethods(cls: ClassMembers, called: ReadonlySet<string>, problems: Problems): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const method of cls.members.keys()) {
    if (!called.has(method) && readStepMetadata(cls.prototype, method) === undefined) continue;
    const name = stepNameOf(cls, method);
    groups.set(name, [...(groups.get(name) ?? []), method]);
  }
  for (const [name, methods] of groups) {
    if (!methods.some((method) => called.has(method))) {
      groups.delete(name);
      for (const method of methods) problems.add(neverCalled(cls, method));
    } else checkConditions(cls, name, methods, problems);
  }
  return groups;
}

function neverCalled(cls: ClassMembers, method: string): string {
  if (isInline(cls.prototype, method)) {
    return `"${method}" is both @Inline() and @ProcessStep(): a part of the flow is no step. Keep one of them.`;
  }
  return `"${method}" has @ProcessStep(), but execute does not await it. Write \`await this.${method}(…)\`, or remove the decorator.`;
}

function checkConditions(cls: ClassMembers, name: string, methods: readonly string[], problems: Problems): void {
  for (const method of methods) {
    const condition = readCondition(cls.prototype, method);
    const predicate = condition === undefined ? undefined : cls.members.get(condition);
    if (condition !== undefined && predicate?.kind !== 'method') {
      problems.add(
        `@Condition('${condition}') on "${method}": ${cls.target.name} has no method "${condition}".${didYouMean(condition, cls.members.keys())}`,
      );
    } else if (predicate?.async) {
      problems.add(
        `@Condition('${condition}') on "${method}": "${condition}" is async, but the choice is made at once. Let it answer true or false without waiting.`,
      );
    }
  }
  const bare = methods.slice(0, -1).find((method) => readCondition(cls.prototype, method) === undefined);
  if (bare === undefined) return;
  const all = methods.map((method) => `"${method}"`).join(' and ');
  problems.add(
    `${all} share the step name "${name}", but "${bare}" has no condition and would always be taken. Give them different names, or choose with @Condition('predicate') on all but the last one.`,
  );
}

function checkNames(groups: ReadonlyMap<string, readonly string[]>, problems: Problems): void {
  for (const name of groups.keys()) {
    const bad = /[:[\]/]/.exec(name)?.[0];
    if (bad !== undefined)
      problems.add(
        `The step name "${name}" contains "${bad}", which keys are made with. Use letters, digits, "-", "_" or ".".`,
      );
    if (name !== name.trim() || name === '')
      problems.add(`The step name "${name}" begins or ends with a space, or is empty. Trim it.`);
  }
}

function draft(
  cls: ClassMembers,
  name: string,
  methods: readonly string[],
  compensations: ReadonlyMap<string, string>,
  problems: Problems,
): StepDraft {
  const metadata = methods.map((method) => readStepMetadata(cls.prototype, method) ?? {});
  const one = <K extends 'key' | 'compensate'>(key: K): ProcessStepMetadata[K] | undefined => {
    const said = metadata.filter((each) => each[key] !== undefined);
    if (said.some((each) => each[key] !== said[0]?.[key])) {
      problems.add(`The alternatives of step "${name}" differ in "${key}". Say it at one of them.`);
    }
    return said[0]?.[key];
  };
  const key = one('key');
  return {
    name,
    alternatives: methods.map((method) => alternative(cls, method, compensations)),
    policy: declaredPolicy(cls, name, methods, problems),
    formerly: [...new Set(metadata.flatMap((each) => each.formerly ?? []))],
    compensate: compensateOf(name, one('compensate'), problems),
    ...(key === undefined ? {} : { key }),
  };
}

function compensateOf(
  name: string,
  value: StepDraft['compensate'] | undefined,
  problems: Problems,
): StepDraft['compensate'] {
  if (value !== undefined && !['completed', 'in-doubt', 'started'].includes(value)) {
    problems.add(
      `Step "${name}": compensate is ${JSON.stringify(value)}. Write 'completed', 'in-doubt' or 'started'; the method that undoes it is named by @Compensate('method').`,
    );
  }
  return value ?? 'in-doubt';
}

function alternative(cls: ClassMembers, method: string, compensations: ReadonlyMap<string, string>): StepAlternative {
  const compensation = compensations.get(method);
  const condition = readCondition(cls.prototype, method);
  return {
    method,
    ...(compensation === undefined ? {} : { compensation }),
    ...(condition === undefined ? {} : { condition }),
  };
}
