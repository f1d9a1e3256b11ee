import type { EventRegistry } from '../../event-sourcing/index.js';
import type { Clock } from '../../foundation/index.js';
import type { Codec, Store } from '../../store/index.js';
import type { Signal } from '../run/signal.js';
import type { ResolvedProjectionsOptions } from './projections.options.js';

/** What all projections of a node share. */
export interface ProjectionScope {
  /** The log, and for projections that are stored also where. */
  readonly store: Store;
  readonly registry: EventRegistry;
  readonly codec: Codec;
  readonly options: ResolvedProjectionsOptions;
  readonly clock: Clock;
  /** Fired after every commit with events, of any node. */
  readonly appended: Signal;
  readonly warn: (message: string) => void;
  readonly log: (message: string) => void;
}

/** The last position of the log. */
export async function headOf(store: Store): Promise<number> {
  const page = await store.readAll({ direction: 'backward', limit: 1, closed: true });
  return page.events[0]?.position ?? 0;
}
