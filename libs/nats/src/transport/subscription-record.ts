import type { SubscriptionSettings } from '@catga/core';
import type { TransportContext } from './context.js';
import type { StateRecord } from './state-records.js';

/** What is known of a durable subscription, also while it has no member. */
export interface SubscriptionRecord {
  /** Its subjects, each with the number of the message after which it begins. */
  readonly subjects: Readonly<Record<string, number>>;
}

/**
 * The record of a subscription, made or changed so that it says what this member says. Who came last wins: members with
 * other subjects see a newer revision and leave the messages to those that know them.
 */
export async function joinSubscription(
  context: TransportContext,
  settings: SubscriptionSettings,
): Promise<StateRecord<SubscriptionRecord>> {
  const { records, names } = context;
  const subject = names.subscription(settings.name);
  for (;;) {
    const found = await records.get<SubscriptionRecord>(subject);
    const known = found?.value.subjects ?? {};
    const isSame =
      Object.keys(known).length === settings.subjects.length && settings.subjects.every((each) => each in known);
    if (found !== undefined && isSame) return found;
    const start = settings.startFrom === 'oldest' ? 0 : await lastSequence(context);
    const value = { subjects: Object.fromEntries(settings.subjects.map((each) => [each, known[each] ?? start])) };
    const revision = await records.put(subject, value, found?.revision ?? 0);
    if (revision !== undefined) return { value, revision };
  }
}

async function lastSequence({ api, names }: TransportContext): Promise<number> {
  const info = await api.streamInfo(names.messages);
  return info?.state.last_seq ?? 0;
}
