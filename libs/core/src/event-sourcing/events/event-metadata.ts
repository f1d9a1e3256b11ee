import type { MessageContext } from '../../messages/index.js';
import type { Payload, StoredEvent } from '../../store/index.js';

/** What is known about an event beside what it says. */
export interface EventMetadata {
  /** Id of this event, unique among all. */
  readonly eventId: string;
  /** Version of the shape it was stored in; see `@Event(name, { version })`. */
  readonly schemaVersion: number;
  /** Id shared by everything that one outside request has caused. */
  readonly correlationId?: string;
  /** Id of the message that caused this event. */
  readonly causationId?: string;
  readonly tenant?: string;
  /** Who did it. */
  readonly user?: string;
  /** W3C `traceparent`. */
  readonly traceparent?: string;
  /** Whatever else the writer noted; empty when nothing. */
  readonly headers: Readonly<Record<string, string>>;
}

/** What a writer may say about events. What is left out comes from the context of the append, when one is given. */
export interface EventMetadataInput {
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly tenant?: string | undefined;
  /** Who did it, e.g. the id of the signed-in user. */
  readonly user?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** The parts of a {@link MessageContext} that are kept with events. */
export type EventContext = Pick<MessageContext, 'messageId' | 'correlationId' | 'tenant' | 'traceparent' | 'headers'>;

/**
 * Metadata as it is stored: short names, because it goes with every event, and nothing that follows from elsewhere.
 * `v` comes first, so that a reader sees the version of the shape without parsing the rest.
 */
export interface StoredMetadata {
  /** Version of the shape; left out for 1. */
  readonly v?: number;
  readonly id?: string;
  /** In place of the id, where that is this and the position of the event. */
  readonly base?: string;
  readonly cor?: string;
  readonly cau?: string;
  readonly ten?: string;
  readonly usr?: string;
  readonly trc?: string;
  readonly hdr?: Readonly<Record<string, string>>;
}

/** What all events of one append share. */
export type SharedMetadata = Omit<StoredMetadata, 'v' | 'id' | 'base'>;

/** What the events of an append share, of its context and of what its writer says; undefined when that is nothing. */
export function sharedMetadata(input?: EventMetadataInput, context?: EventContext): SharedMetadata | undefined {
  if (input === undefined && context === undefined) return undefined;
  const correlation = input?.correlationId ?? context?.correlationId;
  const causation = input?.causationId ?? context?.messageId;
  const tenant = input?.tenant ?? context?.tenant;
  const traceparent = input?.traceparent ?? context?.traceparent;
  const headers = { ...context?.headers, ...input?.headers };
  return {
    ...(correlation === undefined ? undefined : { cor: correlation }),
    ...(causation === undefined ? undefined : { cau: causation }),
    ...(tenant === undefined ? undefined : { ten: tenant }),
    ...(input?.user === undefined ? undefined : { usr: input.user }),
    ...(traceparent === undefined ? undefined : { trc: traceparent }),
    ...(Object.keys(headers).length === 0 ? undefined : { hdr: headers }),
  };
}

/** The metadata of one event. */
export function metadataOf(id: string, version: number, shared: SharedMetadata | undefined): StoredMetadata {
  if (shared === undefined) return version === 1 ? { id } : { v: version, id };
  return version === 1 ? { id, ...shared } : { v: version, id, ...shared };
}

/** Version of the shape of a stored event, read without parsing anything else. Events of other writers have version 1. */
export function schemaVersionOf(metadata: Payload): number {
  if (typeof metadata === 'string') return metadata.startsWith('{"v":') ? Number.parseInt(metadata.slice(5), 10) : 1;
  const version = (metadata as StoredMetadata | null | undefined)?.v;
  return typeof version === 'number' ? version : 1;
}

const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze({});

/** Digits of a position in an id: ids of one base sort in the order of the log. */
const POSITION_DIGITS = 9;

/**
 * The metadata of a stored event. An event that somebody put into the store without this module gets an id of its
 * place, so that every event has one.
 */
export function readMetadata(
  stored: Payload,
  { stream, version, position }: Pick<StoredEvent, 'stream' | 'version' | 'position'>,
): EventMetadata {
  const found = parse(stored);
  const place =
    found.base === undefined
      ? `${stream}@${version}`
      : found.base + position.toString(36).padStart(POSITION_DIGITS, '0');
  return {
    eventId: found.id ?? place,
    schemaVersion: found.v ?? 1,
    ...(found.cor === undefined ? undefined : { correlationId: found.cor }),
    ...(found.cau === undefined ? undefined : { causationId: found.cau }),
    ...(found.ten === undefined ? undefined : { tenant: found.ten }),
    ...(found.usr === undefined ? undefined : { user: found.usr }),
    ...(found.trc === undefined ? undefined : { traceparent: found.trc }),
    headers: found.hdr ?? NO_HEADERS,
  };
}

function parse(stored: Payload): Partial<StoredMetadata> {
  if (typeof stored !== 'string') return isObject(stored) ? stored : {};
  try {
    const value: unknown = JSON.parse(stored);
    return isObject(value) ? value : {};
  } catch {
    // Another writer's; its event is still an event.
    return {};
  }
}

function isObject(value: unknown): value is Partial<StoredMetadata> {
  return typeof value === 'object' && value !== null && !(value instanceof Uint8Array);
}
