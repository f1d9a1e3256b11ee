import { Redis } from 'ioredis';
import type { Contestant } from '../contestant.js';
import { ratesOf } from '../servers/levels.js';
import { orderPaidText } from './order-paid.js';
import { PUBLISH_LEVELS } from './publish-levels.js';

/** A plain XADD by ioredis; its defaults. */
export default async function redisPublish(url: string): Promise<Contestant> {
  const redis = new Redis(url);
  const stream = `raw-${process.pid}`;
  let number = 0;
  return {
    warmUp: 400,
    close: async () => void (await redis.quit()),
    prepare: async () => void (await redis.del(stream)),
    run: () => ratesOf(PUBLISH_LEVELS, () => redis.xadd(stream, '*', 'body', orderPaidText(number++))),
  };
}
