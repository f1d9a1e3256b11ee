import type { Codec } from '../../store/index.js';
import type { PayloadTransform } from './payload-transform.js';

/** What a reader does with an event whose type this program does not know. */
export type UnknownEventPolicy =
  /** Stop with an {@link UnknownEventTypeError}. */
  | 'throw'
  /** Leave it out. */
  | 'skip'
  /** Give a {@link RawEvent}. */
  | 'raw';

/** Options of {@link EventRegistry}. */
export interface EventRegistryOptions {
  /** How fields are written on a store of text and bytes. Default: {@link JsonCodec}. */
  readonly codec?: Codec | undefined;
  /**
   * Versions to write events in that older programs still running must read, by wire name. Needs downcasters.
   * Default: every event in the version of its class.
   */
  readonly writeAs?: Readonly<Record<string, number>> | undefined;
  /** What changes payloads on their way, in this order on the way in; e.g. encryption. */
  readonly transforms?: readonly PayloadTransform[] | undefined;
}
