import { InvalidOptionError, type TransportWarning } from '@catga/core';
import type { JetStreamApi, StreamConfig } from './jetstream-api.js';
import type { Names } from './names.js';
import type { TransportSettings } from './transport-settings.js';

const NANOSECONDS = 1_000_000;
const UNLIMITED = -1;

/** What must be as it is, and what happens when it is not. */
const WHY: Readonly<Partial<Record<keyof StreamConfig, string>>> = {
  retention: 'messages may go before every subscription has handled them, or stay for ever',
  storage: 'what was published is lost when the server ends',
  discard: 'a full stream deletes its oldest messages instead of refusing new ones',
  max_age: 'messages that wait longer than that are deleted unhandled',
  max_msgs: 'a full stream refuses messages',
  max_msgs_per_subject: 'messages are deleted unhandled',
  num_replicas: 'fewer servers than configured hold each message',
};

/**
 * Makes the streams of a transport, or takes them as they are and says in what they differ from what is needed.
 *
 * `limits` retention, although acknowledged messages shall go: with `interest` a message that nobody has subscribed to
 * yet is dropped, and `startFrom: 'oldest'` would find nothing. So the nodes trim what everybody has handled.
 *
 * @throws {InvalidOptionError} another transport's streams have this name's subjects
 */
export async function ensureStreams(
  api: JetStreamApi,
  names: Names,
  settings: TransportSettings,
): Promise<TransportWarning[]> {
  const common = {
    retention: 'limits',
    storage: 'file',
    discard: 'new',
    num_replicas: settings.replicas,
    max_age: 0,
    max_msgs: UNLIMITED,
    max_bytes: settings.maxWaitingBytes ?? UNLIMITED,
    max_msgs_per_subject: UNLIMITED,
    duplicate_window: settings.deduplicationWindow * NANOSECONDS,
  } as const;
  const wanted: StreamConfig[] = [
    { ...common, name: names.messages, subjects: names.messageSubjects },
    { ...common, name: names.state, subjects: names.stateSubjects, max_msgs_per_subject: 1, max_bytes: UNLIMITED },
    { ...common, name: names.deadLetters, subjects: names.deadLetterSubjects, max_bytes: UNLIMITED },
  ];
  const warnings: TransportWarning[] = [];
  for (const config of wanted) warnings.push(...(await ensureStream(api, config)));
  return warnings;
}

async function ensureStream(api: JetStreamApi, wanted: StreamConfig): Promise<TransportWarning[]> {
  const found = await api.streamInfo(wanted.name);
  // Two nodes that make it at the same moment say the same, which JetStream takes.
  let real = (found ?? (await api.createStream(wanted))).config;
  if (!wanted.subjects.every((subject) => real.subjects.includes(subject))) {
    throw new InvalidOptionError(
      'NatsTransport name',
      wanted.name,
      `another name: the stream "${wanted.name}" belongs to somebody else`,
    );
  }
  if (real.duplicate_window !== wanted.duplicate_window || real.max_bytes !== wanted.max_bytes) {
    const { duplicate_window, max_bytes } = wanted;
    real = (await api.updateStream({ ...real, duplicate_window, max_bytes })).config;
  }
  return (Object.keys(WHY) as (keyof StreamConfig)[])
    .filter((key) => real[key] !== wanted[key])
    .map((key) => ({
      code: 'CATGA_NATS_STREAM_SETTINGS',
      message: `Stream "${wanted.name}" has ${key} ${String(real[key])}: ${WHY[key] ?? ''}. Set it to ${String(wanted[key])} with "nats stream edit ${wanted.name}", or delete the stream when it is empty; it is made anew at the next start.`,
    }));
}
