import { atLeast, JetStreamError, NatsUnavailableError, type NatsLink } from '../connection/index.js';

/** What a store asks of its stream when it makes it. */
export interface LogStreamOptions {
  /** Copies over the servers of a cluster: 1, 3 or 5. */
  readonly replicas: number;
  /** Bytes that the stream may take; commits fail beyond. Undefined: no limit. */
  readonly maxBytes: number | undefined;
}

/** What JetStream says about a stream, as far as we look at it. */
export interface StreamDetails {
  readonly created: string;
  readonly config: {
    readonly subjects?: readonly string[];
    readonly storage?: string;
    readonly discard?: string;
    readonly retention?: string;
    /** Nanoseconds; 0: for ever. */
    readonly max_age?: number;
    readonly max_msgs?: number;
    readonly max_bytes?: number;
    readonly max_msgs_per_subject?: number;
    readonly num_replicas?: number;
    readonly allow_direct?: boolean;
  };
  readonly state: {
    readonly messages: number;
    readonly bytes: number;
    readonly first_seq: number;
    readonly last_seq: number;
  };
  /** The server's clock; servers below 2.10 do not tell. */
  readonly ts?: string;
}

/** JetStream's number for a stream that is not there. */
const NOT_FOUND = 10059;
/** And for one that somebody else has made in the meantime, with other settings. */
const NAME_IN_USE = 10058;

/** JetStream's number for a cluster without a leader for the moment. */
const NO_LEADER = 10008;
/** Pause before the server is asked again, and the longest wait for one answer. Milliseconds. */
const PAUSE = 200;
const LONGEST_QUESTION = 2_000;

/** The stream that is the log of a store. */
export class LogStream {
  readonly stream: string;
  readonly subject: string;

  constructor(
    readonly link: NatsLink,
    name: string,
  ) {
    this.stream = `${name}_LOG`;
    this.subject = `catga.store.${name}.log`;
  }

  /** @throws {JetStreamError} @throws {NatsUnavailableError} */
  details(timeout?: number): Promise<StreamDetails> {
    return this.link.jetStream<StreamDetails>(`STREAM.INFO.${this.stream}`, undefined, timeout);
  }

  /**
   * Opens the stream; makes it when there is none. Its settings are not changed when there is one. A cluster that is
   * choosing a leader, or making the stream for somebody else, does not answer for a while and is asked again.
   *
   * @param timeout milliseconds
   * @throws {JetStreamError} @throws {NatsUnavailableError}
   */
  async open(options: LogStreamOptions, timeout: number): Promise<StreamDetails> {
    for (const deadline = performance.now() + timeout; ; await pause(PAUSE)) {
      try {
        return await this.find(options, Math.min(timeout, LONGEST_QUESTION));
      } catch (error) {
        if (!isPassing(error) || performance.now() + PAUSE >= deadline) throw error;
      }
    }
  }

  private async find(options: LogStreamOptions, timeout: number): Promise<StreamDetails> {
    try {
      return await this.details(timeout);
    } catch (error) {
      if (!(error instanceof JetStreamError) || error.errorCode !== NOT_FOUND) throw error;
    }
    try {
      const subject = `STREAM.CREATE.${this.stream}`;
      return await this.link.jetStream<StreamDetails>(subject, this.config(options), timeout);
    } catch (error) {
      if (error instanceof JetStreamError && error.errorCode === NAME_IN_USE) return this.details(timeout);
      throw error;
    }
  }

  /** A message of the log; undefined when it is not there. */
  async message(sequence: number): Promise<Uint8Array | undefined> {
    const subject = `$JS.API.DIRECT.GET.${this.stream}`;
    const answer = await this.link.request(subject, `{"seq":${sequence}}`).catch(() => undefined);
    if (answer !== undefined && answer.headers?.has('Nats-Sequence') === true) return answer.data;
    // A copy that is behind, or a stream that was made without direct reads: the leader knows.
    try {
      const { message } = await this.link.jetStream<{ message: { data?: string } }>(`STREAM.MSG.GET.${this.stream}`, {
        seq: sequence,
      });
      return Buffer.from(message.data ?? '', 'base64');
    } catch (error) {
      if (error instanceof JetStreamError) return undefined;
      throw error;
    }
  }

  private config({ replicas, maxBytes }: LogStreamOptions): object {
    return {
      name: this.stream,
      subjects: [this.subject],
      retention: 'limits',
      storage: 'file',
      // `old` would throw events away at a limit; a log must refuse instead.
      discard: 'new',
      max_age: 0,
      max_msgs: -1,
      max_bytes: maxBytes ?? -1,
      max_msg_size: -1,
      max_consumers: -1,
      num_replicas: replicas,
      allow_direct: true,
      // Compaction removes what no event and no snapshot needs any more.
      deny_delete: false,
      deny_purge: false,
    };
  }
}

/** From this version on, three copies are safe against two writers that both believe to have won a race. */
export const SAFE_REPLICAS = '2.9.21';

/** Whether this server may lose or mix up messages of streams with several copies. */
export function hasUnsafeReplicas(version: string): boolean {
  return !atLeast(version, SAFE_REPLICAS);
}

/** Whether asking again may help: a cluster that is choosing a leader does not answer for a while. */
export function isPassing(error: unknown): boolean {
  if (error instanceof JetStreamError) return error.errorCode === NO_LEADER;
  return error instanceof NatsUnavailableError && (error.reason === 'timeout' || error.reason === 'disconnected');
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
