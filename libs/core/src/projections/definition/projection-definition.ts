import { readOnBindings, type EventRegistry, type RecordedEvent } from '../../event-sourcing/index.js';
import type { MaybePromise } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import type { EventQuery } from '../../store/index.js';
import { readModel, type ReadModelDefinition } from '../model/read-model.js';
import { ProjectionDefinitionError } from '../projection.errors.js';
import type { ProjectionContext } from '../run/projection-context.js';
import type { ProjectionTarget } from '../run/projection-target.js';
import { readProjectionOptions } from './projection.decorator.js';
import {
  DEFAULT_BATCH,
  faultsOfOptions,
  resolveErrorPolicy,
  type ProjectionMode,
  type ProjectionOptions,
  type ResolvedErrorPolicy,
} from './projection.options.js';

/** A method of a projection, bound to its instance. */
export type ProjectionHandler = (event: object, context: ProjectionContext) => MaybePromise<void>;

/** A projection ready to run: its class read and checked, its methods bound to the instance that Nest made. */
export interface ProjectionDefinition {
  readonly name: string;
  readonly className: string;
  readonly mode: ProjectionMode;
  readonly version: number;
  readonly models: readonly ReadModelDefinition<unknown>[];
  readonly partitions: number;
  readonly onError: ResolvedErrorPolicy;
  /** Most events in one commit. */
  readonly batch: number;
  /** Whether events of closed streams are read as well. */
  readonly closed: boolean;
  /** Event classes it has methods for. */
  readonly events: readonly Type<object>[];
  readonly target: ProjectionTarget<unknown> | undefined;
  /** What of the log it reads; asked when it starts, so that every event class is known by then. */
  query(registry: EventRegistry): EventQuery;
  /** The method for an event; undefined when it has none. */
  handlerOf(event: object): ProjectionHandler | undefined;
  /** Events with the same key are seen in order by one partition. Undefined: the key is the stream. */
  readonly keyOf: ((recorded: RecordedEvent) => string) | undefined;
}

/** The options of a class with `@Projection`. @throws {ProjectionDefinitionError} with every fault found */
export function checkedOptions(target: Type<object>): ProjectionOptions {
  const options = readProjectionOptions(target);
  if (options === undefined) throw new ProjectionDefinitionError(target.name, ['it has no @Projection decorator.']);
  const faults = [...faultsOfOptions(options)];
  const bindings = readOnBindings(target);
  if (bindings.length === 0) faults.push('no method takes an event. Write @On(OrderPlaced) above one.');
  const seen = new Map<Type<object>, string>();
  for (const { method, events } of bindings) {
    for (const event of events) {
      const first = seen.get(event);
      if (first !== undefined)
        faults.push(`both ${first} and ${method} take ${event.name}. Leave one: its order would be anybody's guess.`);
      seen.set(event, method);
    }
  }
  const names = modelsOf(options).map(({ name }) => name);
  if (names.length === 0) faults.push('models is empty. Leave it out, or name at least one read model.');
  if (new Set(names).size < names.length) faults.push('two of its read models have the same name.');
  const strange = names.find((name) => typeof name !== 'string' || !/^[\w.:-]+$/.test(name));
  if (strange !== undefined)
    faults.push(`read model ${JSON.stringify(strange)}: write letters, digits and . : _ - in its name.`);
  if (faults.length > 0) throw new ProjectionDefinitionError(target.name, faults);
  return options;
}

/**
 * Reads a projection class.
 *
 * @param instance what Nest (or a test) made of it
 * @param target its {@link ProjectionOptions.target}, when it has one
 * @throws {ProjectionDefinitionError} with every fault found
 */
export function defineProjection(
  type: Type<object>,
  instance: object,
  target?: ProjectionTarget<unknown>,
): ProjectionDefinition {
  const options = checkedOptions(type);
  const handlers = handlersOf(type, instance);
  const { key = 'stream' } = options;
  return {
    name: options.name,
    className: type.name,
    mode: options.mode ?? 'async',
    version: options.version ?? 1,
    models: modelsOf(options),
    partitions: options.partitions ?? 1,
    onError: resolveErrorPolicy(options.onError),
    batch: options.batch ?? DEFAULT_BATCH,
    closed: options.closed ?? true,
    events: [...handlers.keys()],
    target,
    query: (registry) => queryOf(registry, [...handlers.keys()], options),
    handlerOf: handlerFinder(handlers),
    keyOf: key === 'stream' ? undefined : (recorded) => key(recorded.event, recorded),
  };
}

function modelsOf({ models, name }: ProjectionOptions): readonly ReadModelDefinition<unknown>[] {
  if (models === undefined) return [readModel(name)];
  return models.map((model) =>
    typeof model === 'string' ? readModel(model) : (model as ReadModelDefinition<unknown>),
  );
}

function handlersOf(type: Type<object>, instance: object): Map<Type<object>, ProjectionHandler> {
  const handlers = new Map<Type<object>, ProjectionHandler>();
  for (const { method, events } of readOnBindings(type)) {
    const handler = (instance as Record<string, ProjectionHandler>)[method] as ProjectionHandler;
    for (const event of events) handlers.set(event, handler.bind(instance));
  }
  return handlers;
}

/** By class, and where a class has no method by the nearest one it extends; found out once a class. */
function handlerFinder(handlers: Map<Type<object>, ProjectionHandler>): ProjectionDefinition['handlerOf'] {
  const byPrototype = new Map<object | null, ProjectionHandler | undefined>();
  for (const [type, handler] of handlers) byPrototype.set(type.prototype as object, handler);
  const find = (prototype: object | null): ProjectionHandler | undefined => {
    if (prototype === null) return undefined;
    if (!byPrototype.has(prototype))
      byPrototype.set(prototype, find(Object.getPrototypeOf(prototype) as object | null));
    return byPrototype.get(prototype);
  };
  return (event) => find(Object.getPrototypeOf(event) as object | null);
}

/** Types of the classes with a method, under all names they ever had, and of the known classes derived from them. */
function queryOf(registry: EventRegistry, events: readonly Type<object>[], options: ProjectionOptions): EventQuery {
  registry.register(...events);
  const derived = registry.types
    .map(({ eventClass }) => eventClass)
    .filter((known) => events.some((event) => known.prototype instanceof event));
  const { categories, tags } = options;
  return {
    types: registry.storedNames([...events, ...derived]),
    ...(categories === undefined ? {} : { categories }),
    ...(tags === undefined ? {} : { tags }),
  };
}
