import type { Contestant, Figures } from '../contestant.js';
import { BACKLOG, IN_FLIGHT } from './backlog.js';
import { flood } from './flood.js';
import { orderPaidText } from './order-paid.js';
import { Tally } from './tally.js';
import { openTransport } from './transports.js';

const SUBJECT = 'event.order-paid';
const SUBSCRIPTION = { name: 'bench', subjects: [SUBJECT], concurrency: IN_FLIGHT };

/**
 * QoS 1: a backlog, from joining the subscription until every message was handled and acknowledged; and publishing and
 * handling in one process. `apart`: only a backlog that was published with QoS 2, whose messages lie in the stream of NATS one by one.
 */
export default async function consume(variant: string): Promise<Contestant> {
  const transport = await openTransport(variant);
  const tally = new Tally();
  const join = () =>
    transport.subscribe(SUBSCRIPTION, async ({ body }) => {
      JSON.parse(body as string);
      tally.count();
    });
  let published = 0;
  const publish = (number: number) =>
    transport.publish([{ id: `order-${number}`, subject: SUBJECT, body: orderPaidText(number) }]);
  // Its id is new each time: the broker would drop it otherwise.
  const publishOnce = (number: number) =>
    transport.publish([{ id: `once-${published++}`, subject: SUBJECT, body: orderPaidText(number) }], { qos: 2 });
  await (await join()).stop();

  async function backlog(send: (number: number) => Promise<void>): Promise<{ rate: number; cpu: number }> {
    await flood(BACKLOG, IN_FLIGHT, send);
    const handled = tally.expect(BACKLOG);
    tally.begin();
    const consumer = await join();
    await handled;
    await consumer.stop();
    return tally.result();
  }

  async function through(): Promise<{ rate: number; cpu: number }> {
    const consumer = await join();
    const handled = tally.expect(BACKLOG);
    tally.begin();
    await flood(BACKLOG, IN_FLIGHT, publish);
    await handled;
    await consumer.stop();
    return tally.result();
  }

  return {
    warmUp: 1_000,
    close: () => transport.close(),
    async run(): Promise<Figures> {
      if (variant.endsWith(' apart')) return backlog(publishOnce);
      const alone = await backlog(publish);
      const both = await through();
      return { rate: alone.rate, cpu: alone.cpu, through: both.rate, throughCpu: both.cpu };
    },
  };
}
