import type { QoS, TransportMessage } from '@catga/core';
import { wasNotSent, type RedisArgument } from '../connection/index.js';
import type { Link } from './link.js';
import { encodeMessage, hashOf, pack } from './message-format.js';
import type { TransportSettings } from './redis-transport.options.js';
import { SCRIPTS } from './scripts/index.js';
import { PartialFailure } from './transport-errors.js';
import type { ServerClock } from './server-clock.js';

/** Most messages and bytes of one call: a script keeps everybody else waiting. */
const MOST_MESSAGES = 200;
const MOST_BYTES = 512 * 1_024;

interface Batch {
  readonly args: RedisArgument[];
  messages: number;
  bytes: number;
  readonly done: Promise<void>;
}

/** Publishes; what is published in one turn of the event loop goes in one call. */
export class Publisher {
  private open: Batch | undefined;
  private turn = Math.floor(Math.random() * 1_000);

  constructor(
    private readonly link: Link,
    private readonly settings: TransportSettings,
    private readonly clock: ServerClock,
    private readonly isCluster: boolean,
  ) {}

  /** Resolves when the server has stored all of them. */
  async publish(messages: readonly TransportMessage[], qos: QoS): Promise<void> {
    const batches = new Set<Promise<void>>();
    for (const message of messages) batches.add(this.add(message, qos));
    const outcomes = await Promise.allSettled(batches);
    const failures = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason as Error] : []));
    const [first] = failures;
    if (first === undefined) return;
    const isWhole =
      failures.length === outcomes.length && failures.every((each) => wasNotSent(each) === wasNotSent(first));
    throw isWhole ? first : new PartialFailure(first);
  }

  /** QoS 0: nobody waits for the answer. */
  offer(messages: readonly TransportMessage[]): void {
    const args: RedisArgument[] = [this.turn, this.isCluster ? 0 : 1];
    this.turn = (this.turn + messages.length) % 1_000_000;
    const publishedAt = this.clock.now();
    for (const message of messages) {
      const { id, subject, key } = message;
      args.push(subject, pack({ i: id, s: subject, k: key, t: publishedAt }, message));
    }
    this.link.run(SCRIPTS.offer, args).catch(() => undefined);
  }

  private add(message: TransportMessage, qos: QoS): Promise<void> {
    const { header, body } = encodeMessage(message);
    // Characters, not bytes: near enough to bound a call.
    const size = header.length + body.length;
    const batch = this.batchFor(size);
    const { id, subject, key } = message;
    batch.args.push(subject, qos === 2 ? id : '', key === undefined ? '' : hashOf(key), header, body);
    batch.messages++;
    batch.bytes += size;
    return batch.done;
  }

  private batchFor(size: number): Batch {
    const { open } = this;
    if (open !== undefined && open.messages < MOST_MESSAGES && open.bytes + size <= MOST_BYTES) return open;
    const args: RedisArgument[] = [this.settings.deduplicationWindow, this.settings.retain];
    // A full batch goes before the next one: calls are sent in the order in which their batches were begun.
    const done = Promise.resolve().then(async () => {
      if (this.open === batch) this.open = undefined;
      await this.link.run(SCRIPTS.publish, args);
    });
    const batch: Batch = { args, messages: 0, bytes: 0, done };
    this.open = batch;
    return batch;
  }
}
