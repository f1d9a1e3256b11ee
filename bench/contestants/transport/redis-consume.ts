import { Redis } from 'ioredis';
import type { Contestant } from '../contestant.js';
import { BACKLOG, IN_FLIGHT } from './backlog.js';
import { flood } from './flood.js';
import { orderPaidText } from './order-paid.js';
import { Tally } from './tally.js';

const COUNT = 100;
type Entries = [id: string, fields: string[]][];

/** XREADGROUP by hundreds, one XACK for each of them, by ioredis; its defaults. */
export default async function redisConsume(url: string): Promise<Contestant> {
  const redis = new Redis(url);
  const stream = `raw-${process.pid}`;
  const tally = new Tally();
  return {
    warmUp: 1_000,
    close: async () => void (await redis.quit()),
    async run() {
      await redis.del(stream);
      await redis.xgroup('CREATE', stream, 'bench', '$', 'MKSTREAM');
      await flood(BACKLOG, IN_FLIGHT, (number) => redis.xadd(stream, '*', 'body', orderPaidText(number)));
      const handled = tally.expect(BACKLOG);
      tally.begin();
      for (let left = BACKLOG; left > 0;) {
        const reply = await redis.xreadgroup('GROUP', 'bench', 'me', 'COUNT', COUNT, 'STREAMS', stream, '>');
        const entries = (reply as [string, Entries][] | null)?.[0]?.[1] ?? [];
        for (const [, fields] of entries) {
          JSON.parse(fields[1] as string);
          tally.count();
        }
        left -= entries.length;
        await redis.xack(stream, 'bench', ...entries.map(([id]) => id));
      }
      await handled;
      return tally.result();
    },
  };
}
