import { assertKnownOptions, InvalidOptionError } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import { resolveSnapshotOptions, type SnapshotOptions } from '../snapshots/index.js';
import { assertCategory } from './aggregate.decorator.js';
import { AggregateDefinitionError } from './aggregate.errors.js';

/**
 * The rules of one kind of thing as pure functions: what a command leads to, and what an event does to the state.
 * Nothing in it waits, reads the clock or draws random numbers; whatever it needs comes with the command.
 *
 * @example
 * ```ts
 * export const cart = defineDecider<CartState, CartCommand, CartEvent>({
 *   name: 'cart',
 *   events: [ItemAdded, CheckedOut],
 *   initialState: () => ({ items: [], isOpen: true }),
 *   decide: (command, state) => {
 *     if (!state.isOpen) throw new DomainError('the cart is closed');
 *     return command instanceof AddItem ? new ItemAdded(command.sku) : new CheckedOut();
 *   },
 *   evolve: (state, event) =>
 *     event instanceof ItemAdded ? { ...state, items: [...state.items, event.sku] } : { ...state, isOpen: false },
 * });
 * ```
 */
export interface Decider<State, Command, Event extends object> {
  /** First half of the name of its streams, `<name>-<id>`; stays for good and has no `-`. */
  readonly name: string;
  /** Classes of its events, so that stored events find them again. */
  readonly events: readonly Type<Event>[];
  /** The state before the first event. */
  initialState(id: string): State;
  /** The events that a command leads to; none: an empty array. Throws when the rules say no. */
  decide(command: Command, state: State): Event | readonly Event[];
  /** The state after an event: a new value, never a changed one. */
  evolve(state: State, event: Event): State;
  /** True for a state that takes no more commands: they fail with a {@link DeciderEndedError}. Default: never. */
  isTerminal?(state: State): boolean;
  /** When to keep a snapshot. Default: never. */
  readonly snapshots?: SnapshotOptions;
}

const KNOWN = ['name', 'events', 'initialState', 'decide', 'evolve', 'isTerminal', 'snapshots'] as const;

/**
 * Checks a decider and gives it back, with its types.
 *
 * @throws {AggregateDefinitionError} {@link UnknownOptionError} {@link InvalidOptionError}
 */
export function defineDecider<State, Command, Event extends object>(
  decider: Decider<State, Command, Event>,
): Decider<State, Command, Event> {
  assertCategory('a decider', decider.name);
  const where = `Decider "${decider.name}"`;
  assertKnownOptions(where, decider, KNOWN);
  for (const name of ['initialState', 'decide', 'evolve'] as const) {
    if (typeof decider[name] !== 'function')
      throw new InvalidOptionError(`${where}: ${name}`, decider[name], 'a function');
  }
  if (!Array.isArray(decider.events) || decider.events.length === 0) {
    throw new AggregateDefinitionError(where, [
      'it names no events. Write events: [OrderPlaced, …], the classes that decide returns.',
    ]);
  }
  resolveSnapshotOptions(`${where}: snapshots`, decider.snapshots);
  return decider;
}
