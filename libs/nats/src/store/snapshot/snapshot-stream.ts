import { JetStreamError, PublishAcks, type NatsLink } from '../../connection/index.js';

/** Says where a snapshot is and how to know that it is whole. */
export interface SnapshotManifest {
  readonly format: number;
  /** The state after the message of this sequence. */
  readonly sequence: number;
  /** When the log was made: a snapshot of another log of the same name is none of this one. */
  readonly created: string;
  /** Sequences of its chunks in the stream of snapshots, in their order. */
  readonly chunks: readonly number[];
  readonly bytes: number;
  readonly sha256: string;
}

interface StoredMessage {
  readonly sequence: number;
  readonly data: Uint8Array;
}

/** JetStream's numbers for a stream, and for a message, that is not there. */
const ABSENT = new Set([10059, 10037]);
/** And for a name that is in use. */
const NAME_IN_USE = 10058;
/** How long a look at one small message may take. Milliseconds. */
const LOOK = 2_000;
/** Chunks that are read at the same time. */
const AT_ONCE = 8;

/** The stream that holds the snapshots of a store: chunks, and a manifest for each that is complete. */
export class SnapshotStream {
  readonly stream: string;
  private readonly prefix: string;

  constructor(
    private readonly link: NatsLink,
    name: string,
  ) {
    this.stream = `${name}_SNAP`;
    this.prefix = `catga.store.${name}.snap`;
  }

  /** Makes the stream if it is not there. @param replicas copies over a cluster */
  async create(replicas: number): Promise<void> {
    const config = {
      name: this.stream,
      subjects: [`${this.prefix}.>`],
      retention: 'limits',
      storage: 'file',
      discard: 'new',
      num_replicas: replicas,
      allow_direct: true,
    };
    try {
      await this.link.jetStream(`STREAM.CREATE.${this.stream}`, config);
    } catch (error) {
      // Servers of 2.9 say so also when the settings are the same.
      if (!(error instanceof JetStreamError) || error.errorCode !== NAME_IN_USE) throw error;
    }
  }

  /** Writes chunks one after the other. */
  writer(id: string): { write(chunk: Uint8Array): Promise<number>; close(): void } {
    const acks = new PublishAcks(this.link, 10_000);
    const subject = `${this.prefix}.chunk.${id}`;
    return {
      write: async (chunk) => (await acks.publish(subject, chunk)).sequence,
      close: () => acks.close(),
    };
  }

  /** Makes a snapshot known. */
  async publish(manifest: SnapshotManifest): Promise<void> {
    const acks = new PublishAcks(this.link, 10_000);
    try {
      await acks.publish(`${this.prefix}.manifest`, JSON.stringify(manifest));
    } finally {
      acks.close();
    }
  }

  /** The manifests that are there and can be read, the newest first: two, or some more after a crash. */
  async manifests(): Promise<readonly SnapshotManifest[]> {
    const found: SnapshotManifest[] = [];
    for (let next = 1; ;) {
      const message = await this.find({ seq: next, next_by_subj: `${this.prefix}.manifest` });
      if (message === undefined) return found.reverse();
      next = message.sequence + 1;
      try {
        found.push(JSON.parse(Buffer.from(message.data).toString('utf8')) as SnapshotManifest);
      } catch {
        // What nobody can read does not count.
      }
    }
  }

  /** Chunks in their order. @throws {JetStreamError} when one is missing */
  async *chunks({ chunks }: SnapshotManifest): AsyncGenerator<Uint8Array, undefined> {
    for (let from = 0; from < chunks.length; from += AT_ONCE) {
      const some = chunks.slice(from, from + AT_ONCE);
      for (const chunk of await Promise.all(some.map((seq) => this.message({ seq })))) yield chunk.data;
    }
    return undefined;
  }

  /** Removes everything that is older than the two last snapshots. @param before first sequence to keep */
  async prune(before: number): Promise<void> {
    // Servers of 2.9 take 1 for "everything".
    if (before > 1) await this.link.jetStream(`STREAM.PURGE.${this.stream}`, { seq: before });
  }

  private async find(which: object): Promise<StoredMessage | undefined> {
    try {
      return await this.message(which, LOOK);
    } catch (error) {
      if (error instanceof JetStreamError && ABSENT.has(error.errorCode)) return undefined;
      throw error;
    }
  }

  private async message(which: object, timeout?: number): Promise<StoredMessage> {
    const { message } = await this.link.jetStream<{ message: { seq: number; data?: string } }>(
      `STREAM.MSG.GET.${this.stream}`,
      which,
      timeout,
    );
    return { sequence: message.seq, data: Buffer.from(message.data ?? '', 'base64') };
  }
}
