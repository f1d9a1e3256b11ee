import type { Msg, NatsConnection, Status } from '@nats-io/transport-node';
import { JetStreamError, NatsUnavailableError } from './nats.errors.js';
import { featuresOf, type ServerFeatures } from './server-version.js';

/** What happened to a connection. */
export type LinkEvent = 'connected' | 'disconnected' | 'closed';

/** How long JetStream may take to answer a request. Milliseconds. */
const ANSWER = 5_000;

/**
 * One connection that comes back by itself, for ever, until it is closed. Everything of Catga that talks to NATS does so
 * through one of these.
 */
export class NatsLink {
  /** False between a loss and the next success. Published messages are dropped by the client meanwhile. */
  connected = true;
  /** Requests under way: how to tell them that the connection is lost. */
  private readonly asking = new Set<(error: Error) => void>();
  private readonly listeners = new Set<(event: LinkEvent) => void>();

  constructor(
    /** The connection of the client library. */
    readonly connection: NatsConnection,
    /** `host:port` of the servers, for messages. */
    readonly servers: readonly string[],
  ) {
    void this.follow();
  }

  /** Version of the server that we are, or were last, connected to. */
  get version(): string {
    return (this.lastVersion = this.connection.info?.version ?? this.lastVersion);
  }
  private lastVersion = '0.0.0';

  /** What that server can do. */
  get features(): ServerFeatures {
    return featuresOf(this.version);
  }

  /** Largest message that the server takes, headers included. Bytes. */
  get maxPayload(): number {
    return (this.lastLimit = this.connection.info?.max_payload ?? this.lastLimit);
  }
  private lastLimit = 1_048_576;

  /** Calls the listener when the connection is lost, is back or was closed. Returns the way to stop it. */
  onEvent(listener: (event: LinkEvent) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  /**
   * Asks and waits for the answer.
   *
   * @param timeout milliseconds
   * @throws {NatsUnavailableError} `jetstream-off` when nobody listens, `timeout`, `disconnected`, `closed`
   */
  async request(subject: string, payload: string | Uint8Array = '', timeout = ANSWER): Promise<Msg> {
    let lost: ((error: Error) => void) | undefined;
    try {
      // The client would go on waiting for an answer that the lost connection took with it.
      const whenLost = new Promise<never>((_, reject) => this.asking.add((lost = reject)));
      return await Promise.race([this.connection.request(subject, payload, { timeout }), whenLost]);
    } catch (error) {
      throw this.unavailable(error as Error, subject);
    } finally {
      if (lost !== undefined) this.asking.delete(lost);
    }
  }

  /**
   * A request to JetStream's API.
   *
   * @param name what comes after `$JS.API.`
   * @throws {JetStreamError} @throws {NatsUnavailableError}
   */
  async jetStream<T>(name: string, body?: object, timeout?: number): Promise<T> {
    const subject = `$JS.API.${name}`;
    const answer = await this.request(subject, body === undefined ? '' : JSON.stringify(body), timeout);
    const parsed = answer.json<T & { error?: { err_code?: number; code?: number; description?: string } }>();
    const { error } = parsed;
    if (error === undefined) return parsed;
    throw new JetStreamError(subject, error.err_code ?? error.code ?? 0, error.description ?? 'no reason given');
  }

  /** Sends what is waiting, then ends the connection. */
  async close(): Promise<void> {
    if (this.connection.isClosed()) return;
    // While the server is away there is nobody to send anything to, and a drain would wait for him.
    await (this.connected ? this.connection.drain() : this.connection.close()).catch(() => undefined);
  }

  private unavailable(error: Error, subject: string): Error {
    const { name } = error;
    const where = `NATS at ${this.servers.join(', ')}`;
    const details = { subject, servers: this.servers };
    if (name === 'NoRespondersError' || (error as { isNoResponders?: () => boolean }).isNoResponders?.() === true) {
      return jetStreamOff(this.servers, error);
    }
    if (this.connection.isClosed() || name === 'ClosedConnectionError' || name === 'DrainingConnectionError') {
      return new NatsUnavailableError('closed', `The connection to ${where} is closed. Open it again first.`, {
        cause: error,
        details,
      });
    }
    if (name === 'TimeoutError') {
      return new NatsUnavailableError(
        'timeout',
        `${where} did not answer "${subject}" in time. It is busy, has no leader now or is cut off: try again.`,
        { cause: error, details },
      );
    }
    return new NatsUnavailableError(
      'disconnected',
      `The connection to ${where} was lost while waiting for an answer to "${subject}": ${error.message}. It is made again by itself: try again.`,
      { cause: error, details },
    );
  }

  private async follow(): Promise<void> {
    for await (const { type } of this.connection.status() as AsyncIterable<Status>) {
      if (type === 'disconnect') this.tell('disconnected');
      else if (type === 'reconnect') this.tell('connected');
    }
    this.tell('closed');
  }

  private tell(event: LinkEvent): void {
    this.connected = event === 'connected';
    if (event !== 'connected') for (const lost of [...this.asking]) lost(new Error('connection lost'));
    for (const listener of [...this.listeners]) listener(event);
  }
}

/** The error for a server that has no JetStream for us. */
export function jetStreamOff(servers: readonly string[], cause?: Error): NatsUnavailableError {
  return new NatsUnavailableError(
    'jetstream-off',
    `NATS at ${servers.join(', ')} answers, but JetStream does not: it is not enabled, or not for this account. Start the server with -js or a jetstream block in its configuration, and enable it for the account.`,
    { details: { servers }, ...(cause !== undefined && { cause }) },
  );
}
