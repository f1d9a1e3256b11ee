import { connect } from '@nats-io/transport-node';
import type { Contestant } from '../contestant.js';
import { BACKLOG } from './backlog.js';
import { Feeder } from './feeder.js';
import { Tally } from './tally.js';

/** A core subscription of the client library, fed by another process: nothing is kept or acknowledged. */
export default async function natsSubscribe(servers: string): Promise<Contestant> {
  const connection = await connect({ servers });
  const subject = `raw.${process.pid}`;
  const tally = new Tally();
  connection.subscribe(subject, {
    callback(_error, message) {
      message.json();
      tally.count();
    },
  });
  await connection.flush();
  const feeder = await Feeder.start(servers, subject, 'plain');
  return {
    warmUp: 1_000,
    async close() {
      feeder.stop();
      await connection.close();
    },
    async run() {
      const handled = tally.expect(BACKLOG);
      feeder.send(BACKLOG);
      await handled;
      return tally.result();
    },
  };
}
