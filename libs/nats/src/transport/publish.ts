import type { QoS, TransportMessage } from '@catga/core';
import { headers } from '@nats-io/transport-node';
import type { TransportContext } from './context.js';
import { toTransportError } from './errors.js';
import type { PackItem } from './packs/pack-format.js';
import { partitionOf } from './partition-of.js';

/**
 * Gives messages to JetStream, all at once, and waits until every one is stored. Messages of one key go to one subject
 * over one connection, so they are stored in this order.
 */
export async function publishDurably(
  context: TransportContext,
  messages: readonly TransportMessage[],
  payloads: readonly (Buffer | PackItem)[],
  qos: QoS,
): Promise<void> {
  const answers = messages.map((message, index) =>
    publishOne(context, message, payloads[index] as Buffer | PackItem, qos),
  );
  // All of them are awaited, so that nothing is still on its way when the caller hears of the first failure.
  let failure: { readonly reason: unknown } | undefined;
  for (const answer of answers) {
    try {
      await answer;
    } catch (error) {
      failure ??= { reason: toTransportError(error) };
    }
  }
  if (failure !== undefined) throw failure.reason;
}

function publishOne(
  { names, acks, packs, partitions }: TransportContext,
  { id, subject, key }: TransportMessage,
  payload: Buffer | PackItem,
  qos: QoS,
): Promise<unknown> {
  if (!Buffer.isBuffer(payload)) return packs.publish(subject, payload);
  const target = key === undefined ? names.unkeyed(subject) : names.keyed(subject, partitionOf(key, partitions));
  if (qos !== 2) return acks.publish(target, payload);
  const once = headers();
  // The window is one for the whole stream: without the subject, one id on two subjects would be one message.
  once.set('Nats-Msg-Id', `${subject} ${encodeURIComponent(id)}`);
  return acks.publish(target, payload, { headers: once });
}
