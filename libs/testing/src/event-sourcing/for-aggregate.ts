import { inspect, isDeepStrictEqual } from 'node:util';
import { AggregateModel, AggregateRoot, type AggregateType, type AnyAggregate, type IdOf } from '@catga/core';
import { ScenarioError, ScenarioOutcome, type ScenarioResult } from './scenario-outcome.js';

/** A scenario of an aggregate with a history; see {@link forAggregate}. */
export interface AggregateScenario<A extends AnyAggregate> {
  /** What has happened before, oldest first; may be called more than once. */
  given(...events: readonly object[]): AggregateScenario<A>;
  /**
   * The command. It gets the aggregate, or makes one: `() => Order.place('1', customer)`; what it returns, also by a
   * promise, is looked at when that is an aggregate.
   */
  when<R>(command: (aggregate: A) => R): ScenarioOutcome<A, R>;
}

/**
 * Given a history, when a command, then these events: the rules of an aggregate without a store.
 *
 * It also fails when the state after the command is not what its events give: when a command method changes the state
 * itself, or a method with `@On` depends on more than the state and the event.
 *
 * @param id of the aggregate. Default `'1'`
 * @throws {AggregateDefinitionError} what the application would say at boot
 * @example
 * ```ts
 * forAggregate(Order)
 *   .given(new OrderPlaced('1', 100))
 *   .when((order) => order.pay(100))
 *   .then(new OrderPaid('1', 100));
 *
 * forAggregate(Order).when((order) => order.pay(100)).thenThrows(DomainError);
 * ```
 */
export function forAggregate<A extends AnyAggregate>(
  type: AggregateType<A>,
  id: IdOf<A> = '1' as IdOf<A>,
): AggregateScenario<A> {
  return scenario(new AggregateModel(type), id, []);
}

function scenario<A extends AnyAggregate>(
  model: AggregateModel<A>,
  id: IdOf<A>,
  history: readonly object[],
): AggregateScenario<A> {
  return {
    given: (...events) => scenario(model, id, [...history, ...events]),
    when: <R>(command: (aggregate: A) => R) =>
      new ScenarioOutcome<A, R>(`${model.name} "${String(id)}"`, run(model, id, history, command)),
  };
}

function run<A extends AnyAggregate>(
  model: AggregateModel<A>,
  id: IdOf<A>,
  history: readonly object[],
  command: (aggregate: A) => unknown,
): ScenarioResult<A> | Promise<ScenarioResult<A>> {
  const given = model.replay(model.create(id), history);
  const outcome = (answer: unknown): ScenarioResult<A> => resultOf(model, history, made(model, answer) ?? given);
  const failed = (error: unknown): ScenarioResult<A> => ({
    events: given.uncommittedEvents,
    state: given,
    failure: { error },
  });
  let answer: unknown;
  try {
    answer = command(given);
  } catch (error) {
    return failed(error);
  }
  return answer instanceof Promise ? answer.then(outcome, failed) : outcome(answer);
}

function made<A extends AnyAggregate>(model: AggregateModel<A>, answer: unknown): A | undefined {
  return answer instanceof AggregateRoot && answer instanceof model.type ? answer : undefined;
}

function resultOf<A extends AnyAggregate>(
  model: AggregateModel<A>,
  history: readonly object[],
  aggregate: A,
): ScenarioResult<A> {
  const events = aggregate.uncommittedEvents;
  const replayed = model.replay(model.create(aggregate.id), [...history, ...events]);
  const [now, later] = [model.capture(aggregate), model.capture(replayed)];
  if (!isDeepStrictEqual(now, later)) {
    throw new ScenarioError(
      `${model.name} "${String(aggregate.id)}" is in a state that its events do not give: ${inspect(now)}, but after loading it would be ${inspect(later)}. Change the state in methods marked with @On only, and by nothing but the event.`,
    );
  }
  return { events, state: aggregate, failure: undefined };
}
