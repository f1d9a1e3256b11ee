import { createHash } from 'node:crypto';

/** Longest name of a consumer that a server takes as the name of a folder. */
const LONGEST_CONSUMER_NAME = 200;

/**
 * Names of everything that a transport has on the server. Subjects of users hold words of letters, digits, `_` and `-`
 * only, so a word of ours with a `$` or a `=` never meets one of theirs.
 *
 * What a stream covers reaches ordinary subscribers too, so QoS 0 and requests have subjects apart from JetStream's.
 */
export class Names {
  /** Messages of QoS 1 and 2. */
  readonly messages: string;
  /** What subscriptions have done: one record a subject. */
  readonly state: string;
  readonly deadLetters: string;
  readonly unkeyedPrefix: string;

  constructor(readonly prefix: string) {
    this.messages = `${prefix}_MSG`;
    this.state = `${prefix}_SUB`;
    this.deadLetters = `${prefix}_DLQ`;
    this.unkeyedPrefix = `${prefix}.u.`;
  }

  get messageSubjects(): string[] {
    return [`${this.prefix}.u.>`, `${this.prefix}.k.>`, `${this.prefix}.r.>`];
  }

  get stateSubjects(): string[] {
    return [`${this.prefix}.s.>`];
  }

  get deadLetterSubjects(): string[] {
    return [`${this.prefix}.d.>`];
  }

  unkeyed(subject: string): string {
    return this.unkeyedPrefix + subject;
  }

  /** Packs of messages without a key. */
  packed(subject: string): string {
    return this.unkeyed(`$pack.${subject}`);
  }

  keyed(subject: string, partition: number): string {
    return `${this.prefix}.k.${partition}.${subject}`;
  }

  /** Everything of one partition. */
  partition(partition: number): string {
    return `${this.prefix}.k.${partition}.>`;
  }

  /** Messages without a key that one subscription gets again: replays, and what a member gave back. */
  again(subscription: string): string {
    return `${this.prefix}.r.${subscription}`;
  }

  /** The same for messages with a key; they stay in their partition, so its owner keeps them apart from their like. */
  keyedAgain(subscription: string, partition: number): string {
    return `${this.prefix}.k.${partition}.$again.${subscription}`;
  }

  fleeting(subject: string): string {
    return `${this.prefix}.q.${subject}`;
  }

  request(subject: string): string {
    return `${this.prefix}.c.${subject}`;
  }

  /** Members of a subscription tell each other here that they live. */
  members(subscription: string): string {
    return `${this.prefix}.m.${subscription}`;
  }

  get layout(): string {
    return `${this.prefix}.s.$layout`;
  }

  subscription(subscription: string): string {
    return `${this.prefix}.s.${subscription}`;
  }

  partitionState(subscription: string, partition: number): string {
    return `${this.prefix}.s.${subscription}.${partition}`;
  }

  /** What of a pack, by its number in the stream, is still to be handled. */
  packState(subscription: string, sequence: number): string {
    return `${this.prefix}.s.${subscription}.$pack.${sequence}`;
  }

  deadLetter(subscription: string): string {
    return `${this.prefix}.d.${subscription}`;
  }

  /** The durable consumer of one subject of a subscription; `''` is what it gets again. */
  consumer(subscription: string, subject: string): string {
    const name = `${subscription}=${subject.replaceAll('.', '~')}`;
    if (name.length <= LONGEST_CONSUMER_NAME) return name;
    return `${subscription}=${createHash('sha256').update(subject).digest('hex').slice(0, 32)}`;
  }

  /** The durable consumer of the packs of one subject. */
  packConsumer(subscription: string, subject: string): string {
    return this.consumer(subscription, `$pack.${subject}`);
  }
}
