import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Contestant } from '../contestant.js';
import { BACKLOG, IN_FLIGHT } from './backlog.js';
import { flood } from './flood.js';
import { orderPaidText } from './order-paid.js';
import { Tally } from './tally.js';

/** The client library's `consume` on a durable consumer, each message acknowledged; its defaults. */
export default async function natsConsume(servers: string): Promise<Contestant> {
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const stream = `RAW_${process.pid}`;
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], storage: 'file' });
  await manager.consumers.add(stream, { durable_name: 'bench', ack_policy: 'explicit', max_ack_pending: BACKLOG });
  const js = jetstream(connection);
  const consumer = await js.consumers.get(stream, 'bench');
  const tally = new Tally();
  return {
    warmUp: 1_000,
    close: () => connection.close(),
    async run() {
      await flood(BACKLOG, IN_FLIGHT, (number) => js.publish(`${stream}.order-paid`, orderPaidText(number)));
      const handled = tally.expect(BACKLOG);
      tally.begin();
      const messages = await consumer.consume({
        callback(message) {
          JSON.parse(message.string());
          message.ack();
          tally.count();
        },
      });
      await handled;
      await connection.flush();
      const result = tally.result();
      await messages.close();
      return result;
    },
  };
}
