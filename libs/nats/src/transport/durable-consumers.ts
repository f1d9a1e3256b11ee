import type { SubscriptionSettings } from '@catga/core';
import { NatsUnavailableError } from '../connection/index.js';
import type { TransportContext } from './context.js';
import type { ConsumerInfo } from './jetstream-api.js';
import type { SubscriptionRecord } from './subscription-record.js';

const NANOSECONDS = 1_000_000;
const UNLIMITED = -1;
/** How long an answer is waited for before it is asked for again, one time after the other. Milliseconds. */
const SOON = [250, 500, 1_000, 2_000];

/** What a subscription gets again: replays and what members gave back. Its place among the subjects. */
export const AGAIN = '';

/** What one durable consumer of a subscription delivers: messages of a subject one by one, or packs of them. */
export interface Source {
  /** Or {@link AGAIN}. */
  readonly subject: string;
  readonly isPacked: boolean;
}

/**
 * Makes the durable consumer of one source of a subscription, or changes its ack wait. Returns its name.
 *
 * - One consumer a subject: a server before 2.10 takes only one filter, and a change of servers must not move messages.
 * - No limit to pending acknowledgements: messages that sleep until their next attempt count there, and 1,000 of them
 *   would stop all others. What members fetch is bounded by themselves.
 * - No limit to deliveries: the server would leave the message where it is without telling anybody.
 */
export async function ensureDurableConsumer(
  context: TransportContext,
  settings: SubscriptionSettings,
  record: SubscriptionRecord,
  { subject, isPacked }: Source,
): Promise<string> {
  const { api, names } = context;
  const name = isPacked ? names.packConsumer(settings.name, subject) : names.consumer(settings.name, subject);
  const ackWait = Math.round(settings.ackTimeout * NANOSECONDS);
  const found = await findConsumer(context, name);
  if (found === undefined) {
    await api.createDurable(names.messages, {
      durable_name: name,
      deliver_policy: 'by_start_sequence',
      opt_start_seq: subject === AGAIN ? 1 : (record.subjects[subject] ?? 0) + 1,
      ack_policy: 'explicit',
      ack_wait: ackWait,
      max_ack_pending: UNLIMITED,
      max_deliver: UNLIMITED,
      filter_subject: isPacked
        ? names.packed(subject)
        : subject === AGAIN
          ? names.again(settings.name)
          : names.unkeyed(subject),
    });
  } else if (found.config.ack_wait !== ackWait) {
    await api.createDurable(names.messages, { ...found.config, durable_name: name, ack_wait: ackWait });
  }
  return name;
}

/**
 * In a cluster nobody answers for a consumer that was made a moment ago: it has no leader yet. So it is where several nodes
 * boot at once; who asks again soon is answered then.
 */
async function findConsumer({ api, names }: TransportContext, name: string): Promise<ConsumerInfo | undefined> {
  for (const patience of SOON) {
    try {
      return await api.consumerInfo(names.messages, name, patience);
    } catch (error) {
      if (!(error instanceof NatsUnavailableError && error.reason === 'timeout')) throw error;
    }
  }
  return api.consumerInfo(names.messages, name);
}

/** Removes everything that the server has of a subscription, but for its dead letters. */
export async function removeDurableSubscription(context: TransportContext, subscription: string): Promise<void> {
  const { api, names, records, partitions } = context;
  // The record first: members that see their consumers vanish look there before they make them again.
  await records.remove(names.subscription(subscription));
  await records.remove(`${names.subscription(subscription)}.>`);
  const prefix = names.consumer(subscription, AGAIN);
  const consumers = await api.consumers(names.messages);
  for (const { name } of consumers) if (name.startsWith(prefix)) await api.deleteConsumer(names.messages, name);
  await api.purge(names.messages, { filter: names.again(subscription) });
  for (let partition = 0; partition < partitions; partition++) {
    await api.purge(names.messages, { filter: names.keyedAgain(subscription, partition) });
  }
}
