import { connect } from '@nats-io/transport-node';
import type { Contestant } from '../contestant.js';
import { ratesOf } from '../servers/levels.js';
import { orderPaidText } from './order-paid.js';
import { REQUEST_LEVELS } from './request-levels.js';

/** The client library's `request`, answered by a subscription of the same process; its defaults. */
export default async function natsRequest(servers: string): Promise<Contestant> {
  const connection = await connect({ servers });
  const subject = `raw.${process.pid}`;
  connection.subscribe(subject, {
    callback: (_error, message) => void message.respond(JSON.stringify(message.json())),
  });
  await connection.flush();
  let number = 0;
  return {
    warmUp: 400,
    close: () => connection.close(),
    run: () =>
      ratesOf(REQUEST_LEVELS, async () =>
        (await connection.request(subject, orderPaidText(number++), { timeout: 30_000 })).json(),
      ),
  };
}
