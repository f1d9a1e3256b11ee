import 'reflect-metadata';
import { Scope } from '@nestjs/common';
import type { ProcessMetadata } from '../decorators/catga-process.decorator.js';
import { readProcessId } from '../decorators/process-id.decorator.js';
import type { FlowUnit, FlowUnits } from './flow/flow-unit.js';
import { didYouMean, type Problems } from './flow/problems.js';
import { RESERVED_PROCESS_NAMES } from './options/reserved-names.js';
import type { ClassMembers } from './source/class-members.js';
import type { StepDraft } from './steps/step-drafts.js';

const ADVICE_TARGET = 'Set "target": "ES2022" or later, in tsconfig.json, or as jsc.target in .swcrc.';

/** What must hold for the class as a whole. */
export function checkClass(
  cls: ClassMembers,
  metadata: ProcessMetadata | undefined,
  name: string,
  problems: Problems,
): void {
  if (!metadata)
    problems.add(`${cls.target.name} has no @CatgaProcess(Command) of its own. Decorate the class with it.`);
  checkName(name, problems);
  checkScope(cls, problems);
  checkId(cls, problems);
  for (const field of new Set(cls.privateNames)) {
    problems.add(
      field.endsWith('…')
        ? `#private members were compiled for an old target, which a run's object cannot reach. Write \`private\` (TypeScript) in place of \`#\`. ${ADVICE_TARGET}`
        : `${field}: a run has an object of its own, on which \`this.${field}\` throws. Write \`private ${field.slice(1)}\` (TypeScript) in place of \`${field}\`.`,
    );
  }
  for (const method of cls.members.keys()) {
    if (cls.baseNames.has(method))
      problems.add(`"${method}" hides the method of CatgaProcessBase of that name. Give it another name.`);
  }
}

/** The flow, when it can be read. */
export function checkExecute(cls: ClassMembers, units: FlowUnits, problems: Problems): FlowUnit | undefined {
  const execute = cls.members.get('execute');
  if (execute?.kind !== 'method') {
    const near = didYouMean('execute', cls.members.keys());
    problems.add(
      `It has no method execute.${near} Write \`async execute(command: …) { … }\` as a method, not as a field.`,
    );
  } else if (execute.generator) {
    problems.add(
      'execute is a generator, which has no single result. Write `async execute(command) { … }` without the `*`.',
    );
  } else if (!execute.async) {
    problems.add(
      `execute is no native async function: it is not declared \`async\`, or it was compiled for an old target. ${ADVICE_TARGET}`,
    );
  } else {
    const unit = units.of(execute);
    if (unit) return unit;
    problems.add(
      'The source of execute cannot be read: something has replaced the method. Remove decorators that wrap execute.',
    );
  }
  return undefined;
}

/** A run that was recorded under a former name must not find two steps. */
export function checkFormerNames(steps: readonly StepDraft[], problems: Problems): void {
  const owners = new Map<string, string>();
  for (const { name, formerly } of steps) {
    for (const old of formerly) {
      const other = steps.find((step) => step.name === old);
      if (other) {
        problems.add(
          `Step "${name}" was formerly "${old}", but there still is a step "${old}". Remove that step, or drop the former name.`,
        );
      }
      const owner = owners.get(old);
      if (owner !== undefined)
        problems.add(`Steps "${owner}" and "${name}" both were formerly "${old}". Only one can take over its records.`);
      owners.set(old, name);
    }
  }
}

function checkName(name: string, problems: Problems): void {
  if (name === '')
    problems.add("The class has no name. Give the process one: @CatgaProcess(Command, { name: 'Order' }).");
  const bad = /[:[\]/\s]/.exec(name)?.[0];
  if (bad !== undefined)
    problems.add(
      `The name "${name}" contains "${bad}", which ids and addresses are made with. Use letters, digits, "-", "_" or ".".`,
    );
  if (RESERVED_PROCESS_NAMES.has(name))
    problems.add(`The name "${name}" is an option of \`processes\`. Give the process another one.`);
}

function checkScope(cls: ClassMembers, problems: Problems): void {
  const options = Reflect.getMetadata('scope:options', cls.target) as { scope?: Scope } | undefined;
  if (options?.scope === undefined || options.scope === Scope.DEFAULT) return;
  problems.add(
    'It is request-scoped or transient, but a run outlives every request. Remove the scope; what a run needs to know belongs in its command.',
  );
}

function checkId(cls: ClassMembers, problems: Problems): void {
  const source = readProcessId(cls.target);
  if (typeof source !== 'string') return;
  const member = cls.members.get(source);
  if (member?.kind !== 'method') {
    problems.add(
      `@ProcessId('${source}'): ${cls.target.name} has no method "${source}".${didYouMean(source, cls.members.keys())}`,
    );
  } else if (member.async) {
    problems.add(
      `@ProcessId('${source}'): "${source}" is async, but the id is needed at once. Let it return the id without waiting.`,
    );
  }
}
