import { createInbox } from '@nats-io/transport-node';
import { JetStreamError } from '../connection/index.js';
import type { TransportContext } from './context.js';
import { parseDelivery } from './delivery.js';
import { DELETED_BEFORE } from './jetstream-api.js';

/** Messages looked at, and deleted, at once. */
const BATCH = 256;
/** How long a batch may take. Milliseconds. */
const PATIENCE = 5_000;
const MEMORY_OF_CONSUMER = 10_000_000_000;

/**
 * Removes messages of one subject one by one, up to a number or, without one, all but the newest. Purging would be one
 * request, but a server before 2.10 then forgets what its consumers have delivered, so that nothing that fails comes
 * again.
 */
export async function deleteHandled(
  context: TransportContext,
  subject: string,
  floor: number | undefined,
  keep: number,
): Promise<void> {
  const { api, names } = context;
  const { name, num_pending: count } = await api.createEphemeral(names.messages, {
    deliver_policy: 'all',
    ack_policy: 'none',
    filter_subject: subject,
    headers_only: true,
    mem_storage: true,
    num_replicas: 1,
    inactive_threshold: MEMORY_OF_CONSUMER,
  });
  try {
    for (let left = floor === undefined ? count - keep : count; left > 0; left -= BATCH) {
      const batch = await nextSequences(context, name, Math.min(BATCH, left));
      const handled = batch.filter((sequence) => floor === undefined || sequence <= floor);
      await Promise.all(handled.map((sequence) => deleteOne(context, sequence)));
      if (handled.length < batch.length || batch.length === 0) return;
    }
  } finally {
    await api.deleteConsumer(names.messages, name).catch(() => undefined);
  }
}

/**
 * By way of the acknowledgements of publishing: a request of the client library costs five times as much, and here it
 * is one for every message that was ever handled.
 */
async function deleteOne({ acks, names }: TransportContext, sequence: number): Promise<void> {
  const request = JSON.stringify({ seq: sequence, no_erase: true });
  try {
    await acks.publish(`$JS.API.STREAM.MSG.DELETE.${names.messages}`, request);
  } catch (error) {
    // Another node was faster.
    if (!(error instanceof JetStreamError && DELETED_BEFORE.includes(error.errorCode))) throw error;
  }
}

function nextSequences({ link, names }: TransportContext, consumer: string, batch: number): Promise<number[]> {
  return new Promise((resolve) => {
    const sequences: number[] = [];
    const end = (): void => {
      clearTimeout(late);
      if (!subscription.isClosed()) subscription.unsubscribe();
      resolve(sequences);
    };
    const late = setTimeout(end, PATIENCE);
    const reply = createInbox();
    const subscription = link.connection.subscribe(reply, {
      callback: (error, { reply: acknowledge }) => {
        if (error === null && acknowledge !== undefined) sequences.push(parseDelivery(acknowledge).sequence);
        // A message without a subject for its acknowledgement says that there is no more.
        if (error !== null || acknowledge === undefined || sequences.length === batch) end();
      },
    });
    const request = JSON.stringify({ batch, no_wait: true });
    link.connection.publish(`$JS.API.CONSUMER.MSG.NEXT.${names.messages}.${consumer}`, request, { reply });
  });
}
