// A node that takes the lock again and again and writes under it, to be killed and frozen. It believes in its lock for
// as long as it is told to hold it, whatever the lock says: only the token keeps it from writing.
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { DistributedLock, StoreLocks } from '@catga/core';
import { NatsStore } from '@catga/nats';
import { RedisCoordination, RedisStore } from '@catga/redis';
import { SqliteStore } from '@catga/sqlite';

const { kind, options, hold, ttl } = JSON.parse(process.argv[2]);
const store = {
  sqlite: () => new SqliteStore(options),
  redis: () => new RedisStore(options),
  nats: () => new NatsStore(options),
}[kind]();
await store.open();
let backend = new StoreLocks(store);
if (kind === 'redis') {
  const coordination = new RedisCoordination(options);
  await coordination.open();
  backend = coordination.locks;
}
const locks = new DistributedLock(backend);
let goOn;
createInterface({ input: process.stdin }).on('line', () => goOn?.());

for (;;) {
  const lock = await locks.acquire('account', { ttl, wait: 'forever' });
  lock.signal.addEventListener('abort', () => console.log(`lost ${lock.token}`));
  console.log(`got ${lock.token}`);
  if (hold === 'until told') await new Promise((resolve) => (goOn = resolve));
  else await sleep(hold);
  console.log(`${(await write(lock.token)) ? 'wrote' : 'refused'} ${lock.token}`);
  await lock.release();
}

/** Writes with the token as a fence: false when somebody with a higher one was here. */
async function write(token) {
  for (;;) {
    const record = await store.getRecord('accounts', 'a');
    if (record !== undefined && Number(record.value) > token) return false;
    try {
      await store.commit({
        records: [{ collection: 'accounts', key: 'a', value: String(token), ifVersion: record?.version ?? 0 }],
        appends: [{ stream: 'ledger', expectedVersion: 'any', events: [{ type: 'wrote', data: String(token) }] }],
      });
      return true;
    } catch (error) {
      if (error.code !== 'CATGA_RECORD_CONFLICT') throw error;
    }
  }
}
