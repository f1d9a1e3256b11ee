import type { SubscriptionSettings } from '@catga/core';
import type { TransportContext } from './context.js';
import type { Source } from './durable-consumers.js';
import type { Runner } from './runner.js';

/** One durable consumer of a subscription, as one member uses it. */
export interface DurableSourceOptions extends Source {
  readonly context: TransportContext;
  readonly settings: SubscriptionSettings;
  readonly runner: Runner;
  /** Name of the consumer on the server. */
  readonly consumer: string;
  /** Messages that may be held at once: handled, and waiting for a free place. */
  readonly window: () => number;
  /** A message was settled: there may be room for others, of any source. */
  readonly onRoom: () => void;
  /** The server has no such consumer any more. */
  readonly onGone: () => void;
}

/** Where a member gets messages without a key from. */
export interface DurableSource {
  readonly options: DurableSourceOptions;
  /** Messages that come with one delivery. */
  readonly messagesEach: number;
  /** Messages whose handlers run here, and those that are done but not acknowledged yet. */
  readonly inHand: number;
  /** Begins to fetch. */
  join(): void;
  /** Asks for more if there is room. */
  pull(): void;
  /** Does what has to be done from time to time. */
  beat(): void;
  /** Fetches nothing more and gives back what has not begun; what has is finished. */
  leave(): Promise<void>;
  /** Resolves when copies for others that are on their way are stored. */
  given(): Promise<void>;
  /** After {@link leave}, when nothing runs any more. */
  end(): void;
  /** Waits for nothing. */
  abort(reason: Error): void;
}
