import type { Codec, StoredEvent } from '../../store/index.js';
import type { MaybePromise } from '../../foundation/index.js';
import {
  UnreadableEventError,
  type DescribedEventType,
  type EventData,
  type PayloadTransform,
} from '../events/index.js';
import { decrypt, encrypt, fromBytes, toBytes } from './cipher.js';
import { personalFieldsOf, type PersonalFields } from './personal.decorator.js';
import { PersonalDataDamagedError, SubjectKeyMissingError, SubjectMissingError } from './privacy.errors.js';
import type { ResolvedPrivacyOptions } from './privacy.options.js';
import type { SubjectKey } from './subject-key.js';
import type { SubjectKeys } from './subject-keys.js';

/** Field of a stored event with what is encrypted; no class may have a field of that name. */
export const SEALED_FIELD = '$personal';

/** The personal data of one subject in a stored event. */
export interface SealedFields {
  readonly subject: string;
  /** Id of the key. */
  readonly key: string;
  /** Names of the fields: what is to be replaced when the key is gone. */
  readonly fields: readonly string[];
  readonly data: string;
}

/** Encrypts the personal fields of events on their way into the store, and decrypts them on their way out. */
export class PersonalDataTransform implements PayloadTransform {
  constructor(
    private readonly keys: SubjectKeys,
    private readonly options: ResolvedPrivacyOptions,
    private readonly codec: Codec,
  ) {}

  appliesTo(type: DescribedEventType): boolean {
    return personalFieldsOf(type.eventClass).length > 0;
  }

  prepareEncode(events: readonly object[]): Promise<void> {
    const subjects = new Set<string>();
    for (const event of events) {
      for (const { subject } of partsOf(event as EventData, event.constructor.name, declaredBy(event)))
        subjects.add(subject);
    }
    return this.keys.loadForWriting(subjects);
  }

  prepareDecode(events: readonly StoredEvent[]): MaybePromise<void> {
    const subjects = new Set<string>();
    for (const event of events) for (const { subject } of sealedIn(event, this.codec)) subjects.add(subject);
    return subjects.size === 0 ? undefined : this.keys.load(subjects);
  }

  encode(data: EventData, type: DescribedEventType): EventData {
    const parts = partsOf(data, type.name, personalFieldsOf(type.eventClass));
    if (parts.length === 0) return data;
    const open: Record<string, unknown> = { ...data };
    const sealed = parts.map(({ subject, fields }): SealedFields => {
      const { id, key } = this.keyOf(subject);
      const personal = Object.fromEntries(fields.map((field) => [field, data[field]]));
      // Not removed: so the fields keep their order when they come back.
      for (const field of fields) open[field] = null;
      const context = contextOf(type.name, subject, id);
      return { subject, key: id, fields, data: encrypt(toBytes(this.codec.encode(personal)), key, context) };
    });
    return { ...open, [SEALED_FIELD]: sealed };
  }

  decode(data: EventData, type: DescribedEventType, stored: StoredEvent): EventData {
    const { [SEALED_FIELD]: sealed, ...open } = data;
    // Stored before its class had personal data.
    if (sealed === undefined) return data;
    if (!isSealed(sealed)) throw new UnreadableEventError(stored.type, `its field ${SEALED_FIELD} is damaged`, stored);
    for (const part of sealed) {
      const key = this.keyFor(part);
      Object.assign(open, key === undefined ? this.placeholders(part, type) : this.open(part, key, stored));
    }
    return open;
  }

  private open(part: SealedFields, { id, key }: SubjectKey, stored: StoredEvent): object {
    try {
      const context = contextOf(stored.type, part.subject, id);
      return this.codec.decode(fromBytes(decrypt(part.data, key, context))) as object;
    } catch (cause) {
      throw new PersonalDataDamagedError(part.subject, stored, { cause });
    }
  }

  private placeholders({ fields }: SealedFields, type: DescribedEventType): object {
    const own = Object.assign({}, ...personalFieldsOf(type.eventClass).map(({ forgotten }) => forgotten)) as EventData;
    const { placeholder } = this.options;
    return Object.fromEntries(fields.map((field) => [field, Object.hasOwn(own, field) ? own[field] : placeholder]));
  }

  /** Undefined: it is gone for good. */
  private keyFor({ subject, key }: SealedFields): SubjectKey | undefined {
    const state = this.keys.peek(subject);
    if (state?.key?.id === key) return state.key;
    if (state?.forgotten === true) return undefined;
    throw new SubjectKeyMissingError(subject);
  }

  private keyOf(subject: string): SubjectKey {
    const key = this.keys.peek(subject)?.key;
    if (key === undefined) throw new SubjectKeyMissingError(subject);
    return key;
  }
}

/** What is encrypted in a stored event; empty when nothing is. */
export function sealedIn(stored: StoredEvent, codec: Codec): readonly SealedFields[] {
  // Most events have none, and decoding one only to see that costs as much as reading it.
  const { data } = stored;
  if (typeof data === 'string' && !data.includes(SEALED_FIELD)) return [];
  const isEncoded = typeof data === 'string' || data instanceof Uint8Array;
  try {
    const payload = (isEncoded ? codec.decode(data) : data) as EventData | null | undefined;
    const sealed = payload?.[SEALED_FIELD];
    return isSealed(sealed) ? sealed : [];
  } catch {
    // Whoever reads the event says what is wrong with it.
    return [];
  }
}

function isSealed(value: unknown): value is readonly SealedFields[] {
  return Array.isArray(value) && value.every((part: Partial<SealedFields>) => typeof part.data === 'string');
}

/** Whose the personal data of an event is, and in which fields; what is undefined is no data. */
function partsOf(
  data: EventData,
  type: string,
  declared: readonly PersonalFields[],
): { readonly subject: string; readonly fields: readonly string[] }[] {
  return declared.flatMap(({ subject: of, fields: named }) => {
    const candidates = named ?? Object.keys(data).filter((field) => field !== of);
    const fields = candidates.filter((field) => data[field] !== undefined);
    if (fields.length === 0) return [];
    const subject: unknown = typeof of === 'function' ? of(data) : data[of];
    const text = typeof subject === 'number' ? String(subject) : subject;
    if (typeof text !== 'string' || text === '') throw new SubjectMissingError(type, fields, subject);
    return [{ subject: text, fields }];
  });
}

function declaredBy(event: object): readonly PersonalFields[] {
  return personalFieldsOf(event.constructor as DescribedEventType['eventClass']);
}

function contextOf(type: string, subject: string, key: string): string {
  return JSON.stringify(['event', type, subject, key]);
}
