import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import type { Contestant } from '../contestant.js';
import { ratesOf } from '../servers/levels.js';
import { orderPaidText } from './order-paid.js';
import { PUBLISH_LEVELS } from './publish-levels.js';

/** The client library's own `js.publish`, to a stream on files; its defaults. */
export default async function natsPublish(servers: string): Promise<Contestant> {
  const connection = await connect({ servers });
  const manager = await jetstreamManager(connection);
  const stream = `RAW_${process.pid}`;
  await manager.streams.add({ name: stream, subjects: [`${stream}.>`], storage: 'file' });
  const js = jetstream(connection);
  let number = 0;
  return {
    warmUp: 400,
    close: () => connection.close(),
    prepare: async () => void (await manager.streams.purge(stream)),
    run: () => ratesOf(PUBLISH_LEVELS, () => js.publish(`${stream}.order-paid`, orderPaidText(number++))),
  };
}
