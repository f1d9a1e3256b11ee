import { DeciderEndedError, DeciderModel, type Decider } from '@catga/core';
import { ScenarioOutcome, type ScenarioResult } from './scenario-outcome.js';

/** A scenario of a decider with a history; see {@link forDecider}. */
export interface DeciderScenario<State, Command, Event extends object> {
  /** What has happened before, oldest first; may be called more than once. */
  given(...events: readonly Event[]): DeciderScenario<State, Command, Event>;
  when(command: Command): ScenarioOutcome<State, void>;
}

/**
 * Given a history, when a command, then these events: the rules of a decider.
 *
 * @param id that `initialState` gets. Default `'1'`
 * @example
 * ```ts
 * forDecider(cart).given(new ItemAdded('book')).when(new CheckOut()).then(new CheckedOut());
 * forDecider(cart).given(new CheckedOut()).when(new AddItem('book')).thenThrows(DomainError);
 * ```
 */
export function forDecider<State, Command, Event extends object>(
  decider: Decider<State, Command, Event>,
  id = '1',
): DeciderScenario<State, Command, Event> {
  return scenario(new DeciderModel(decider), id, []);
}

function scenario<State, Command, Event extends object>(
  model: DeciderModel<State, Command, Event>,
  id: string,
  history: readonly Event[],
): DeciderScenario<State, Command, Event> {
  return {
    given: (...events) => scenario(model, id, [...history, ...events]),
    when: (command) => new ScenarioOutcome<State, void>(`${model.name} "${id}"`, run(model, id, history, command)),
  };
}

function run<State, Command, Event extends object>(
  model: DeciderModel<State, Command, Event>,
  id: string,
  history: readonly Event[],
  command: Command,
): ScenarioResult<State> {
  const { decider } = model;
  const given = model.replay(model.create(id), history);
  try {
    if (decider.isTerminal?.(given) === true) throw new DeciderEndedError(model.name, id, commandName(command));
    const decided = decider.decide(command, given);
    const events = Array.isArray(decided) ? (decided as readonly Event[]) : [decided as Event];
    return { events, state: model.replay(given, events), failure: undefined };
  } catch (error) {
    return { events: [], state: given, failure: { error } };
  }
}

function commandName(command: unknown): string {
  return (command as object | null | undefined)?.constructor?.name ?? String(command);
}
