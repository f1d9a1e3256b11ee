import { NatsTransport } from '@catga/nats';
import type { Contestant } from '../contestant.js';
import { BACKLOG, IN_FLIGHT } from './backlog.js';
import { Feeder } from './feeder.js';
import { Tally } from './tally.js';

/** QoS 0 on NATS, fed by another process as Nest's own transport is: nothing is kept or acknowledged. */
export default async function consumeOnce(servers: string): Promise<Contestant> {
  const name = `once-${process.pid}`;
  const transport = new NatsTransport({ servers, name });
  await transport.open();
  const tally = new Tally();
  const subscription = { name: 'bench', subjects: ['event.order-paid'], qos: 0, concurrency: IN_FLIGHT } as const;
  await transport.subscribe(subscription, async ({ body }) => {
    JSON.parse(body as string);
    tally.count();
  });
  const feeder = await Feeder.start(servers, `${name}.q.event.order-paid`, 'catga');
  return {
    warmUp: 1_000,
    async close() {
      feeder.stop();
      await transport.close();
    },
    async run() {
      const handled = tally.expect(BACKLOG);
      feeder.send(BACKLOG);
      await handled;
      return tally.result();
    },
  };
}
