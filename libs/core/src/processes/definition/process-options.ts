import { assertKnownOptions, InvalidOptionError, toMilliseconds, UnknownOptionError } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import { isCodec } from '../decorators/serializer.decorator.js';
import { upperFirst } from './flow/problems.js';
import { readShape, type ProcessShape } from './read-shape.js';
import { layerOf, positiveDuration, retryPolicyOf, wholeNumber } from './options/policy-layers.js';
import { PROCESS_OPTION_NAMES, RESERVED_PROCESS_NAMES } from './options/reserved-names.js';
import type {
  PolicyLayer,
  ProcessesOptions,
  ProcessOverrides,
  ResolvedProcessOptions,
  StepOptions,
} from './options/options.types.js';

export type {
  ProcessesOptions,
  ProcessOverrides,
  ResolvedProcessOptions,
  RetentionOptions,
  StepOptions,
} from './options/options.types.js';

/**
 * Checks the options of processes and fills in the defaults.
 *
 * @param processes the process classes of the application. With them, the names of processes and steps are checked as
 * well; leave them out where they are not known yet, and call again once they are.
 * @throws {UnknownOptionError} naming the nearest known option, process or step
 * @throws {InvalidOptionError} {@link InvalidDurationError}
 * @throws {ProcessDefinitionError} when one of the classes cannot run as it is written
 */
export function resolveProcessOptions(
  options: ProcessesOptions = {},
  processes?: readonly Type<object>[],
): ResolvedProcessOptions {
  if (typeof options !== 'object' || options === null) assertKnownOptions('processes', options, PROCESS_OPTION_NAMES);
  const shapes = processes?.map((target) => readShape(target));
  const overrides = overridesIn(options, shapes);
  const { serializer } = options;
  if (serializer !== undefined && !isCodec(serializer)) {
    throw new InvalidOptionError('processes.serializer', serializer, 'an object with name, encode and decode');
  }
  return {
    lease: positiveDuration('processes.lease', options.lease ?? '15s'),
    limits: limitsOf(options),
    defaults: defaultsOf(options),
    retention: retentionOf(options.retention),
    ...(serializer === undefined ? {} : { codec: serializer }),
    redact: redactOf(options.redact),
    steps: layersOf('processes.steps', options.steps, shapes),
    processes: new Map(
      overrides.map(([name, value]) => {
        assertKnownOptions(`processes.${name}`, value, ['steps']);
        const shape = shapes?.filter((one) => one.name === name);
        return [name, layersOf(`processes.${name}.steps`, value.steps, shape)];
      }),
    ),
  };
}

/** Everything that is no option must be the name of a process. */
function overridesIn(
  options: ProcessesOptions,
  shapes: readonly ProcessShape[] | undefined,
): [string, ProcessOverrides][] {
  const others = Object.entries(options).filter(
    ([key, value]) => !RESERVED_PROCESS_NAMES.has(key) && value !== undefined,
  );
  const names = shapes?.map((shape) => shape.name);
  for (const [key, value] of others) {
    // Before the processes are known, only what can be no name of a class is surely wrong.
    const isProcess = names ? names.includes(key) : /^\p{Lu}/u.test(key) || isObject(value);
    if (!isProcess) throw new UnknownOptionError('processes', key, [...PROCESS_OPTION_NAMES, ...(names ?? [])]);
  }
  return others as [string, ProcessOverrides][];
}

function layersOf(
  where: string,
  steps: Readonly<Record<string, StepOptions>> | undefined,
  shapes: readonly ProcessShape[] | undefined,
): ReadonlyMap<string, PolicyLayer> {
  if (steps === undefined) return new Map();
  if (!isObject(steps)) throw new InvalidOptionError(where, steps, 'an object: { stepName: { timeout: … } }');
  // A step whose name is made at run time may have any name.
  if (shapes && !shapes.some((shape) => shape.openNames)) {
    assertKnownOptions(where, steps, [...new Set(shapes.flatMap((shape) => shape.stepNames))]);
  }
  return new Map(Object.entries(steps).map(([name, value]) => [name, layerOf(`${where}.${name}`, value)]));
}

function defaultsOf(options: ProcessesOptions): ResolvedProcessOptions['defaults'] {
  const { defaultTimeout: timeout = '30s', defaultRetry: retry, defaultBackoff: backoff } = options;
  const layer = layerOf('processes', { timeout, retry, backoff }, (option) => `processes.default${upperFirst(option)}`);
  return { timeout: layer.timeout as number, retry: retryPolicyOf(layer) };
}

function limitsOf(options: ProcessesOptions): ResolvedProcessOptions['limits'] {
  const count = (
    key: 'historyWarning' | 'historyLimit' | 'maxPayload' | 'warnPayload' | 'maxClaims',
    fallback: number,
  ) => wholeNumber(`processes.${key}`, options[key] ?? fallback, 1);
  const historyLimit = count('historyLimit', 10_000);
  const maxPayload = count('maxPayload', 2 * 1_024 * 1_024);
  const limits = {
    historyLimit,
    maxPayload,
    // Whoever only lowers a limit need not think of the warning.
    historyWarning: count('historyWarning', Math.min(1_000, historyLimit)),
    warnPayload: count('warnPayload', Math.min(256 * 1_024, maxPayload)),
    maxClaims: count('maxClaims', 5),
    suspendAfter: toMilliseconds(options.suspendAfter ?? '1m', 'processes.suspendAfter'),
  };
  const below = (key: 'historyWarning' | 'warnPayload', limit: number, name: string): void => {
    if (limits[key] <= limit) return;
    throw new InvalidOptionError(`processes.${key}`, limits[key], `a number that is not above ${name}, ${limit}`);
  };
  below('historyWarning', historyLimit, 'historyLimit');
  below('warnPayload', maxPayload, 'maxPayload');
  return limits;
}

function retentionOf(options: ProcessesOptions['retention']): ResolvedProcessOptions['retention'] {
  assertKnownOptions('processes.retention', options, ['age', 'count']);
  const age = options?.age ?? '30d';
  return {
    ...(age === false ? {} : { age: toMilliseconds(age, 'processes.retention.age') }),
    ...(options?.count === undefined ? {} : { count: wholeNumber('processes.retention.count', options.count, 0) }),
  };
}

function redactOf(names: readonly string[] = []): readonly string[] {
  if (Array.isArray(names) && names.every((name) => typeof name === 'string' && name !== '')) return [...names];
  throw new InvalidOptionError('processes.redact', names, `the names of fields: ['cardNumber', 'iban']`);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
