import { headers } from '@nats-io/transport-node';
import { JetStreamError, type PublishAcks } from '../connection/index.js';
import { type JetStreamApi, WRONG_LAST_SEQUENCE } from './jetstream-api.js';

/** A record and the number of the message that holds it, which the next write must name. */
export interface StateRecord<T> {
  readonly value: T;
  readonly revision: number;
}

/**
 * Records with compare-and-set: the last message of a subject in a stream that keeps one for each. It is what a NATS
 * key-value bucket is, without its client, and written through the one inbox for acknowledgements.
 */
export class StateRecords {
  constructor(
    private readonly api: JetStreamApi,
    private readonly acks: PublishAcks,
    private readonly stream: string,
  ) {}

  async get<T>(subject: string): Promise<StateRecord<T> | undefined> {
    const found = await this.api.lastMessage(this.stream, subject);
    if (found === undefined) return undefined;
    return { value: JSON.parse(found.data.toString()) as T, revision: found.sequence };
  }

  /**
   * @param revision of the record that it replaces; 0: there is none
   * @returns the new revision; undefined when somebody else was faster
   */
  async put(subject: string, value: object, revision: number): Promise<number | undefined> {
    const expectation = headers();
    expectation.set('Nats-Expected-Last-Subject-Sequence', String(revision));
    try {
      const ack = await this.acks.publish(subject, JSON.stringify(value), { headers: expectation });
      return ack.sequence;
    } catch (error) {
      if (error instanceof JetStreamError && WRONG_LAST_SEQUENCE.has(error.errorCode)) return undefined;
      throw error;
    }
  }

  /** Subjects of records below a subject, itself left out. */
  async subjects(filter: string): Promise<string[]> {
    const info = await this.api.streamInfo(this.stream, filter);
    return Object.keys(info?.state.subjects ?? {});
  }

  async remove(filter: string): Promise<void> {
    await this.api.purge(this.stream, { filter });
  }
}
