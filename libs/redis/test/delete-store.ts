import { Redis } from 'ioredis';

/** Deletes all keys of a store, so that a shared server does not fill up. */
export async function deleteStore(url: string, name: string): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `{${name}}:*`, count: 1_000 })) {
    if ((keys as string[]).length > 0) await redis.unlink(...(keys as string[]));
  }
  redis.disconnect();
}
