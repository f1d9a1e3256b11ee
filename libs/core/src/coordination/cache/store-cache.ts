import type { Store } from '../../store/index.js';
import { textOf } from '../record-text.js';
import type { CacheBackend, CacheHit, CachePayload, CacheWrite } from './cache-backend.js';

/** Collection of the cached values. */
export const CACHE_COLLECTION = 'catga.cache';

/** Records that one commit removes. */
const PORTION = 200;

/** What is written of a value. Bytes are base64, so that a record is always text. */
interface Kept {
  /** Left out: until the record expires. Milliseconds since 1970, by the store's clock. */
  readonly freshUntil?: number;
  readonly text?: string;
  readonly bytes?: string;
}

/**
 * A cache in the records of a store: shared by all nodes where the store is, and there after a restart where it is
 * durable. Every value that is written is a commit of that store. Two nodes may make the same value at once.
 */
export class StoreCache implements CacheBackend {
  constructor(private readonly store: Store) {}

  get name(): string {
    return this.store.capabilities.name;
  }

  async read(key: string): Promise<CacheHit | undefined> {
    const record = await this.store.getRecord(CACHE_COLLECTION, key);
    if (record === undefined) return undefined;
    const kept = JSON.parse(textOf(record)) as Kept;
    const isStale = kept.freshUntil !== undefined && kept.freshUntil <= (await this.store.now());
    const payload = payloadOf(kept);
    return payload === undefined ? { isStale } : { isStale, payload };
  }

  async write(key: string, { payload, ttl, staleFor, tags }: CacheWrite): Promise<void> {
    const freshUntil = (await this.store.now()) + ttl;
    const kept: Kept = { ...(staleFor > 0 && { freshUntil }), ...contentOf(payload) };
    const value = JSON.stringify(kept);
    const record = { collection: CACHE_COLLECTION, key, value, tags, expiresAt: freshUntil + staleFor };
    await this.store.commit({ records: [record] });
  }

  async remove(key: string): Promise<boolean> {
    if ((await this.store.getRecord(CACHE_COLLECTION, key)) === undefined) return false;
    await this.store.commit({ records: [{ collection: CACHE_COLLECTION, key }] });
    return true;
  }

  async removeTag(tag: string): Promise<void> {
    for (;;) {
      const query = { collection: CACHE_COLLECTION, tags: [tag], limit: PORTION };
      const { records, cursor } = await this.store.findRecords(query);
      if (records.length > 0) {
        await this.store.commit({ records: records.map(({ key }) => ({ collection: CACHE_COLLECTION, key })) });
      }
      if (cursor === undefined) return;
    }
  }
}

function contentOf(payload: CachePayload | undefined): Pick<Kept, 'text' | 'bytes'> {
  if (payload === undefined) return {};
  return typeof payload === 'string' ? { text: payload } : { bytes: Buffer.from(payload).toString('base64') };
}

function payloadOf({ text, bytes }: Kept): CachePayload | undefined {
  return bytes === undefined ? text : new Uint8Array(Buffer.from(bytes, 'base64'));
}
