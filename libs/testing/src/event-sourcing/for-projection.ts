import { inspect, isDeepStrictEqual } from 'node:util';
import {
  defineProjection,
  EventLog,
  EventRegistry,
  MemoryStore,
  ProjectionRuntime,
  type ProjectionDefinition,
  type ReadModelDefinition,
  type Type,
} from '@catga/core';
import { ScenarioError } from './scenario-outcome.js';

/** A scenario of a projection; see {@link forProjection}. */
export interface ProjectionScenario {
  /** Events of one stream, called `scenario-1`, oldest first; may be called more than once. */
  given(...events: readonly object[]): ProjectionScenario;
  /** Events of a stream of this name; may be called more than once, in the order in which they happened. */
  givenIn(stream: string, ...events: readonly object[]): ProjectionScenario;
  /** The last events; the same as another {@link given}, and where one reads what the scenario is about. */
  when(...events: readonly object[]): ProjectionOutcome;
}

/** What came of the events of a {@link ProjectionScenario}. */
export interface ProjectionOutcome {
  /**
   * The read model holds exactly these values under these keys. Without a model: the first of the projection.
   *
   * @throws {ScenarioError}
   */
  thenModel<T>(expected: Readonly<Record<string, NoInfer<T>>>, model?: ReadModelDefinition<T> | string): Promise<void>;
  /** The value under a key, for checks of one's own; undefined when there is none. */
  value<T>(key: string, model?: ReadModelDefinition<T> | string): Promise<T | undefined>;
  /**
   * For whoever awaits the outcome itself: nothing would have been looked at.
   *
   * @throws {ScenarioError} always
   */
  then(...callbacks: readonly unknown[]): never;
  /** The projection throws on one of the events; gives what it threw. @throws {ScenarioError} when it does not */
  thenFails(): Promise<{ readonly name: string; readonly message: string; readonly code?: string }>;
}

interface GivenEvent {
  readonly stream: string;
  readonly event: object;
}

/**
 * Given events, then this read model: a projection on a store in memory that encodes everything, as a durable one does.
 * A method that throws is not tried again.
 *
 * @param instance when the class injects something. Default: made without arguments
 * @throws {ProjectionDefinitionError} what the application would say at boot
 * @example
 * ```ts
 * await forProjection(OrderList)
 *   .given(new OrderPlaced('1', 'de', 10))
 *   .when(new OrderShipped('1'))
 *   .thenModel({ '1': { id: '1', country: 'de', amount: 10, status: 'shipped' } });
 * ```
 */
export function forProjection(type: Type<object>, instance?: object): ProjectionScenario {
  const made = instance ?? new (type as unknown as new () => object)();
  const definition = defineProjection(type, made);
  return scenario({ ...definition, mode: 'async', onError: { retry: onlyOnce, giveUp: 'pause' } }, []);
}

const onlyOnce = { attempts: 1, backoff: 0, maxBackoff: 0 };

function scenario(definition: ProjectionDefinition, history: readonly GivenEvent[]): ProjectionScenario {
  const withEvents = (stream: string, events: readonly object[]): readonly GivenEvent[] => [
    ...history,
    ...events.map((event) => ({ stream, event })),
  ];
  return {
    given: (...events) => scenario(definition, withEvents('scenario-1', events)),
    givenIn: (stream, ...events) => scenario(definition, withEvents(stream, events)),
    when: (...events) => outcome(definition, withEvents('scenario-1', events)),
  };
}

function outcome(definition: ProjectionDefinition, history: readonly GivenEvent[]): ProjectionOutcome {
  const through = async (): Promise<ProjectionRuntime> => {
    const { runtime, failure } = await run(definition, history);
    if (failure === undefined) return runtime;
    throw new ScenarioError(`${definition.className} failed: ${failure.message}`, { cause: failure });
  };
  return {
    async thenModel(expected, model) {
      const runtime = await through();
      const { items } = await runtime.readModels.of(definition.name, model).find({ limit: 100_000 });
      const actual = Object.fromEntries(items.map(({ key, value }) => [key, value]));
      if (isDeepStrictEqual(actual, { ...expected })) return;
      throw new ScenarioError(`${definition.className} made\n${inspect(actual)}\nand not\n${inspect(expected)}`);
    },
    async value(key, model) {
      return (await through()).readModels.of(definition.name, model).get(key);
    },
    async thenFails() {
      const { failure } = await run(definition, history);
      if (failure !== undefined) return failure;
      throw new ScenarioError(`${definition.className} took every event and was expected to fail.`);
    },
    // eslint-disable-next-line unicorn/no-thenable -- so that `await` fails where nothing is expected
    then() {
      throw new ScenarioError(
        `Nothing is expected of ${definition.className}: the result of .when(…) says nothing. Await .thenModel(…), .thenFails() or .value(…) of it.`,
      );
    },
  };
}

async function run(definition: ProjectionDefinition, history: readonly GivenEvent[]) {
  const store = new MemoryStore({ mode: 'copy' });
  const registry = new EventRegistry(store);
  const log = new EventLog(store, registry);
  const runtime = new ProjectionRuntime({ store, registry, log });
  runtime.registerDefinition(definition);
  let head = 0;
  for (const { stream, event } of history) ({ position: head } = await log.append(stream, [event]));
  await runtime.start();
  try {
    return { runtime, failure: await failureOf(runtime, definition.name, head) };
  } finally {
    await runtime.stop();
  }
}

/** Waits until every event was taken, or one was refused. */
async function failureOf({ projections }: ProjectionRuntime, name: string, head: number) {
  for (;;) {
    const reached = await projections.waitFor(name, head, { timeout: 50 }).then(
      () => true,
      () => false,
    );
    if (reached) return undefined;
    const { paused } = await projections.status(name);
    if (paused?.error !== undefined) return paused.error;
  }
}
