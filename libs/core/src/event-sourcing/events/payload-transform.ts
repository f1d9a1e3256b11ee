import type { MaybePromise } from '../../foundation/index.js';
import type { StoredEvent } from '../../store/index.js';
import type { Type } from '../../messages/index.js';

/** The fields of an event on their way into the store or out of it. */
export type EventData = Readonly<Record<string, unknown>>;

/** A class of events, as others are told about it. */
export interface DescribedEventType {
  /** Wire name. */
  readonly name: string;
  /** Version of the shape that the class has, from 1. */
  readonly version: number;
  readonly eventClass: Type<object>;
}

/**
 * Changes what is stored of some events, e.g. encrypts personal fields. It stands between the event and the codec:
 * `encode` sees the event's own fields before the codec does, `decode` gets back what `encode` gave, before upcasters
 * run. Events that no transform wants pay nothing.
 *
 * The two `prepare` steps are where it may wait, e.g. to load keys; they are called once for all the events of an
 * append or of a page. `encode` and `decode` are called for each event and never wait.
 */
export interface PayloadTransform {
  /** Whether it wants the events of this type. Asked once for a type. */
  appliesTo(type: DescribedEventType): boolean;
  /** Called before {@link encode} with the events of one append that it wants. */
  prepareEncode?(events: readonly object[]): MaybePromise<void>;
  /** Called before {@link decode} with the stored events of one page that it wants. */
  prepareDecode?(events: readonly StoredEvent[]): MaybePromise<void>;
  /** What to store instead of these fields. Must not change them: they are the event's own. */
  encode(data: EventData, type: DescribedEventType): EventData;
  /** What was given to `encode`, or what stands for it now. */
  decode(data: EventData, type: DescribedEventType, stored: StoredEvent): EventData;
}
