import 'reflect-metadata';
import {
  isCatgaError,
  RETRY_METADATA,
  TIMEOUT_METADATA,
  type Duration,
  type RetryOptions,
} from '../../../foundation/index.js';
import { readStepMetadata } from '../../decorators/process-step.decorator.js';
import type { Problems } from '../flow/problems.js';
import { layerOf, mergeLayers } from '../options/policy-layers.js';
import type { PolicyLayer, StepOptions } from '../options/options.types.js';
import type { ClassMembers } from '../source/class-members.js';

/**
 * What the decorators of a step say about time and retries: `@Timeout` and `@Retry` on the class, then the decorators
 * of the method, which outrank them.
 */
export function declaredPolicy(
  cls: ClassMembers,
  step: string,
  methods: readonly string[],
  problems: Problems,
): PolicyLayer {
  const onClass = safely(problems, () =>
    layerOf(cls.target.name, {
      timeout: Reflect.getMetadata(TIMEOUT_METADATA, cls.target) as Duration | undefined,
      retry: Reflect.getMetadata(RETRY_METADATA, cls.target) as RetryOptions | undefined,
    }),
  );
  const onMethods = methods.map((method) => methodLayer(cls, method, problems));
  const differing = Object.keys(mergeLayers(...onMethods)).filter((key) => {
    const said = onMethods.map((layer) => layer[key as keyof PolicyLayer]).filter((value) => value !== undefined);
    return new Set(said).size > 1;
  });
  for (const key of differing) {
    problems.add(`The alternatives of step "${step}" differ in "${key}". Say it at one of them, or the same at all.`);
  }
  return mergeLayers(onClass, ...onMethods);
}

/** `@Timeout` or `@Retry` on a method that is no step would be forgotten in silence. */
export function checkUnusedPolicies(cls: ClassMembers, steps: ReadonlySet<string>, problems: Problems): void {
  for (const method of cls.members.keys()) {
    if (steps.has(method)) continue;
    const decorators = [
      Reflect.getMetadata(TIMEOUT_METADATA, cls.prototype, method) === undefined ? [] : ['@Timeout'],
      Reflect.getMetadata(RETRY_METADATA, cls.prototype, method) === undefined ? [] : ['@Retry'],
    ].flat();
    for (const decorator of decorators) {
      problems.add(
        `"${method}" has ${decorator}, but it is no step. Put it on a method that execute awaits, or on the class for all its steps.`,
      );
    }
  }
}

function methodLayer(cls: ClassMembers, method: string, problems: Problems): PolicyLayer {
  const metadata = readStepMetadata(cls.prototype, method) ?? {};
  const timeout = Reflect.getMetadata(TIMEOUT_METADATA, cls.prototype, method) as Duration | undefined;
  const retry = Reflect.getMetadata(RETRY_METADATA, cls.prototype, method) as RetryOptions | undefined;
  if (timeout !== undefined && metadata.timeout !== undefined) problems.add(twice(method, 'timeout', '@Timeout'));
  if (retry !== undefined && metadata.retry !== undefined) problems.add(twice(method, 'retry', '@Retry'));
  const said: StepOptions = {
    timeout: timeout ?? metadata.timeout,
    retry: retry ?? metadata.retry,
    backoff: metadata.backoff,
    onUnknown: metadata.onUnknown,
  };
  return safely(problems, () => layerOf(`${cls.target.name}.${method}`, said));
}

function twice(method: string, option: string, decorator: string): string {
  return `"${method}" says its ${option} twice, in ${decorator} and in @ProcessStep. Keep one of them.`;
}

/** One wrong option must not hide the other problems of the class. */
function safely(problems: Problems, read: () => PolicyLayer): PolicyLayer {
  try {
    return read();
  } catch (error) {
    if (!isCatgaError(error)) throw error;
    problems.add(error.message);
    return {};
  }
}
