import { randomUUID } from 'node:crypto';
import type { StoredRecord } from '../../store/index.js';
import { decrypt, encrypt, newKey } from './cipher.js';
import { MasterKeyError } from './privacy.errors.js';
import type { ResolvedMasterKey } from './privacy.options.js';

/** Collection of the keys of subjects; the key of a record is the subject. */
export const SUBJECT_KEYS = 'subject-keys';

/** The key of a subject, ready for use. */
export interface SubjectKey {
  /** Goes with everything that it encrypts. */
  readonly id: string;
  readonly key: Uint8Array;
}

/** What the store knows of a subject. */
export interface SubjectState {
  /** Undefined: it has none, or no longer. */
  readonly key: SubjectKey | undefined;
  /** True when it was forgotten, however long ago and whatever came after. */
  readonly forgotten: boolean;
  /** Version of the record; 0 when there is none. */
  readonly recordVersion: number;
}

/** What is kept in the record. It is text on every store: a store of references must not hold a key in the clear either. */
interface StoredSubject {
  /** Wrapped key; left out when there is none. */
  readonly key?: { readonly id: string; readonly masterKey: string; readonly wrapped: string };
  /** When it was forgotten last, milliseconds since 1970. */
  readonly forgottenAt?: number;
}

/** Wraps and opens the keys of subjects with master keys. */
export class KeyRing {
  constructor(private readonly masterKeys: readonly [ResolvedMasterKey, ...ResolvedMasterKey[]]) {}

  /** Makes a key for a subject. */
  create(subject: string, forgotten: boolean, now: number): { readonly key: SubjectKey; readonly value: string } {
    const key = { id: randomUUID(), key: newKey() };
    return { key, value: this.write(subject, key, forgotten ? now : undefined) };
  }

  /** @throws {MasterKeyError} */
  read(subject: string, record: StoredRecord | undefined): SubjectState {
    if (record === undefined) return { key: undefined, forgotten: false, recordVersion: 0 };
    const { key, forgottenAt } = parse(record);
    const { version: recordVersion } = record;
    const forgotten = forgottenAt !== undefined;
    if (key === undefined) return { key: undefined, forgotten, recordVersion };
    return { key: { id: key.id, key: this.open(subject, key) }, forgotten, recordVersion };
  }

  /** The record under the current master key; undefined when it is that already. @throws {MasterKeyError} */
  rewrap(subject: string, record: StoredRecord): string | undefined {
    const { key, forgottenAt } = parse(record);
    if (key === undefined || key.masterKey === this.masterKeys[0].id) return undefined;
    return this.write(subject, { id: key.id, key: this.open(subject, key) }, forgottenAt);
  }

  private write(subject: string, { id, key }: SubjectKey, forgottenAt: number | undefined): string {
    const [{ id: masterKey, key: master }] = this.masterKeys;
    const stored: StoredSubject = {
      key: { id, masterKey, wrapped: encrypt(key, master, contextOf(subject, id)) },
      ...(forgottenAt !== undefined && { forgottenAt }),
    };
    return JSON.stringify(stored);
  }

  private open(subject: string, { id, masterKey, wrapped }: NonNullable<StoredSubject['key']>): Uint8Array {
    const master = this.masterKeys.find((one) => one.id === masterKey);
    if (master === undefined) throw new MasterKeyError(subject, masterKey, 'which is not configured');
    try {
      return decrypt(wrapped, master.key, contextOf(subject, id));
    } catch (cause) {
      throw new MasterKeyError(subject, masterKey, 'which has another value now, or the record was changed', { cause });
    }
  }
}

/** The record of a subject that was forgotten: its key is not in it. */
export function forgottenRecord(now: number): string {
  const stored: StoredSubject = { forgottenAt: now };
  return JSON.stringify(stored);
}

function parse(record: StoredRecord): StoredSubject {
  return JSON.parse(record.value as string) as StoredSubject;
}

function contextOf(subject: string, id: string): string {
  return JSON.stringify(['subject-key', subject, id]);
}
