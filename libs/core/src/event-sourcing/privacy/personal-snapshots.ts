import { hkdfSync } from 'node:crypto';
import type { Codec, Store, StoredRecord } from '../../store/index.js';
import { SNAPSHOT_COLLECTION, type SealedSnapshot, type SnapshotSeal } from '../snapshots/index.js';
import { decrypt, encrypt, fromBytes, KEY_BYTES, toBytes } from './cipher.js';
import { sealedIn } from './personal-data.transform.js';
import type { SubjectKeys } from './subject-keys.js';

/** Marks what is not a plain snapshot. */
const FORMAT = 'sealed-snapshot-1';

/** What is kept of a snapshot: whose data it may hold, and the snapshot. */
interface Envelope {
  readonly format: typeof FORMAT;
  /** Version of the stream up to which it was searched for personal data. */
  readonly searchedTo: number;
  /** Subject and id of its key: all of them are needed to open it. */
  readonly keys: readonly (readonly [subject: string, key: string])[];
  readonly data: string;
}

/**
 * Snapshots of states that were folded from personal data. The state of an aggregate may hold anything that its events
 * said, so a snapshot is encrypted with the keys of all subjects of the stream together: when one of them is forgotten,
 * nobody can open it, and the events tell the state anew, with placeholders.
 *
 * A stream with a forgotten subject gets no snapshots any more: a state that was loaded before may still be around, and
 * must not be written to disk after it.
 */
export class PersonalSnapshots implements SnapshotSeal {
  constructor(
    private readonly store: Store,
    private readonly keys: SubjectKeys,
    private readonly codec: Codec,
  ) {}

  async seal(stream: string, encoded: string | Uint8Array): Promise<SealedSnapshot | undefined> {
    const search = await this.search(stream);
    const key = await this.keyOf(search.keys);
    if (key === undefined) return undefined;
    const plain = toBytes(encoded);
    const data = search.keys.length === 0 ? base64(plain) : encrypt(plain, key, contextOf(stream, search.keys));
    const envelope: Envelope = { format: FORMAT, ...search, data };
    return { value: JSON.stringify(envelope), tags: search.keys.map(([subject]) => subjectTag(subject)) };
  }

  async open(stream: string, value: unknown): Promise<string | Uint8Array | undefined> {
    const envelope = parse(value);
    // From before there was encryption: it may hold anything, so it is of no use, and is written anew.
    if (envelope === undefined) return undefined;
    const { keys, data } = envelope;
    if (keys.length === 0) return fromBytes(Buffer.from(data, 'base64'));
    const key = await this.keyOf(keys);
    return key === undefined ? undefined : fromBytes(decrypt(data, key, contextOf(stream, keys)));
  }

  /** Removes the snapshots that hold data of a subject. Gives how many there were. */
  async drop(subject: string): Promise<number> {
    let count = 0;
    for (;;) {
      const { records } = await this.store.findRecords({
        collection: SNAPSHOT_COLLECTION,
        tags: [subjectTag(subject)],
      });
      if (records.length === 0) return count;
      await this.store.commit({ records: records.map(({ collection, key }) => ({ collection, key })) });
      count += records.length;
    }
  }

  /** Whose data is in the stream: what the snapshot before knew, and the events since. */
  private async search(stream: string): Promise<Pick<Envelope, 'searchedTo' | 'keys'>> {
    const former: StoredRecord | undefined = await this.store.getRecord(SNAPSHOT_COLLECTION, stream);
    const { searchedTo = 0, keys = [] } = parse(former?.value) ?? {};
    const events = await this.store.readStream(stream, { from: searchedTo + 1 });
    const found = new Map(keys.map((pair) => [JSON.stringify(pair), pair]));
    for (const event of events) {
      for (const { subject, key } of sealedIn(event, this.codec)) {
        found.set(JSON.stringify([subject, key]), [subject, key]);
      }
    }
    return { searchedTo: events.at(-1)?.version ?? searchedTo, keys: [...found.values()] };
  }

  /** One key out of all of them; undefined when one of them is gone. */
  private async keyOf(pairs: Envelope['keys']): Promise<Uint8Array | undefined> {
    await this.keys.load(new Set(pairs.map(([subject]) => subject)));
    const parts: Uint8Array[] = [];
    for (const [subject, id] of pairs) {
      const key = this.keys.peek(subject)?.key;
      if (key?.id !== id) return undefined;
      parts.push(key.key);
    }
    return new Uint8Array(hkdfSync('sha256', Buffer.concat(parts), '', FORMAT, KEY_BYTES));
  }
}

function parse(value: unknown): Envelope | undefined {
  if (typeof value !== 'string' || !value.startsWith(`{"format":"${FORMAT}"`)) return undefined;
  return JSON.parse(value) as Envelope;
}

function contextOf(stream: string, keys: Envelope['keys']): string {
  return JSON.stringify(['snapshot', stream, keys]);
}

function subjectTag(subject: string): string {
  return `subject:${subject}`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64');
}
