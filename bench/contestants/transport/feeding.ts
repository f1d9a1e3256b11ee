/** Entry of a feeder's process: publishes so many messages when it is told to. */
import { connect } from '@nats-io/transport-node';
import { orderPaid } from './order-paid.js';

/** Between two looks at the connection: a client that is never given a turn would hold everything in memory. */
const CHUNK = 500;

const [url = '', subject = '', format = 'plain'] = process.argv.slice(2);
const connection = await connect({ servers: url });
const order = (number: number): string => JSON.stringify(orderPaid(number));
const PACKETS: Readonly<Record<string, (number: number) => string>> = {
  plain: order,
  nest: (number) => JSON.stringify({ pattern: subject, data: orderPaid(number) }),
  catga: (number) => `${JSON.stringify({ i: `order-${number}`, t: Date.now() })}\n${order(number)}`,
};
const packet = PACKETS[format] ?? order;
// Made before they are wanted: the feeder must be faster than whoever is fed.
const packets = Array.from({ length: 1_000 }, (_, number) => Buffer.from(packet(number)));

process.on('message', (messages: number) => void send(messages));
process.on('disconnect', () => void connection.close());
process.send?.('ready');

async function send(messages: number): Promise<void> {
  for (let sent = 0; sent < messages; sent++) {
    connection.publish(subject, packets[sent % packets.length]);
    if (sent % CHUNK === CHUNK - 1) await new Promise((resolve) => setImmediate(resolve));
  }
  await connection.flush();
}
