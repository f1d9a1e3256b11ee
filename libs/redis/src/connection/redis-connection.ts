import {
  isPassingRefusal,
  isAuthFailure,
  isConnectionFailure,
  messageOf,
  reasonOf,
  RedisAuthError,
  RedisClosedError,
  RedisUnavailableError,
  wasNotSent,
} from './connection.errors.js';
import type { ConnectionSettings } from './connection-settings.js';
import { createClient, createNodeClient, type RedisClient } from './create-client.js';
import { Redis } from 'ioredis';
import { joinServerLog, type ServerLogEntry } from './server-log.js';

/** How a connection is. */
export type RedisConnectionStatus = 'connecting' | 'ready' | 'lost' | 'closed';

/** What a command takes: text, numbers, bytes. */
export type RedisArgument = string | number | Buffer;

/**
 * One dedicated connection that comes back by itself, with growing pauses. A command whose answer the connection lost
 * fails; nothing is kept and sent later, so whoever gives up a command knows that it will not happen any more.
 * Made by {@link RedisConnections.open}.
 */
export class RedisConnection {
  /** The client underneath, for what this class does not offer. */
  readonly client: RedisClient;
  private current: RedisConnectionStatus = 'connecting';
  private lastError: Error | undefined;
  private readonly log: ServerLogEntry;
  private readonly listeners = new Set<(status: RedisConnectionStatus) => void>();

  constructor(
    private readonly settings: ConnectionSettings,
    /** What it is for; shown by `CLIENT LIST`. */
    readonly role: string,
    kind: 'commands' | 'messages' = 'commands',
  ) {
    this.log = joinServerLog(settings.target);
    const warn = (text: string): void => this.log.warn(`Redis at ${settings.target} ${text}`);
    this.client = (kind === 'messages' ? createNodeClient : createClient)(settings, role, warn);
    this.client.on('error', (error: Error) => this.failed(error));
    this.client.on('ready', () => this.change('ready'));
    this.client.on('close', () => this.change('lost'));
    this.client.on('end', () => this.change('lost'));
    this.client.connect().catch((error: Error) => this.failed(error));
  }

  get status(): RedisConnectionStatus {
    return this.current;
  }

  /** The server as messages name it. */
  get target(): string {
    return this.settings.target;
  }

  /** Calls the listener whenever the status changes. Returns the way to stop it. */
  onStatus(listener: (status: RedisConnectionStatus) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Waits until commands can be sent.
   *
   * @param within milliseconds
   * @throws {RedisAuthError} at once when the server refuses the login
   * @throws {RedisUnavailableError} when it is not there within that time
   * @throws {RedisClosedError}
   */
  ready(within: number): Promise<void> {
    if (this.current === 'ready') return Promise.resolve();
    if (this.current === 'closed') return Promise.reject(new RedisClosedError(this.role));
    return new Promise((resolve, reject) => {
      const end = (error?: Error): void => {
        clearTimeout(timer);
        stop();
        if (error === undefined) resolve();
        else reject(error);
      };
      const timer = setTimeout(() => end(this.problem(`no connection within ${within} ms`)), within);
      const look = (status: RedisConnectionStatus): void => {
        if (status === 'ready') end();
        else if (status === 'closed') end(new RedisClosedError(this.role));
        else if (isAuthFailure(this.lastError)) end(this.problem());
      };
      const stop = this.onStatus(look);
      look(this.current);
    });
  }

  /**
   * Sends a command; replies are text and numbers.
   *
   * @throws {RedisUnavailableError} there is no connection, so nothing was sent; or it was lost before the answer
   * @throws {RedisAuthError} {@link RedisClosedError}, and what Redis answers otherwise
   */
  call(command: string, ...args: RedisArgument[]): Promise<unknown> {
    if (this.current !== 'ready') return Promise.reject(this.absence());
    return this.client.call(command, args).catch((error: unknown) => this.explain(error));
  }

  /** As {@link RedisConnection.call}, with every text as bytes. */
  callBuffer(command: string, args: RedisArgument[]): Promise<unknown> {
    if (this.current !== 'ready') return Promise.reject(this.absence());
    return this.client.callBuffer(command, args).catch((error: unknown) => this.explain(error));
  }

  /**
   * Listens to a channel; after each loss of the connection again. The promise is kept when the server has agreed. For
   * connections of {@link RedisConnections.openSubscriber}.
   *
   * @param resumed called when messages may have been missed: the server has agreed once more after a loss
   */
  async subscribe(channel: string, listener: (message: Buffer) => void, resumed?: () => void): Promise<void> {
    const { client } = this;
    client.on('messageBuffer', (from: Buffer, message: Buffer) => {
      if (from.toString() === channel) listener(message);
    });
    await client.subscribe(channel);
    this.onStatus((status) => {
      // A failure means that it was lost once more: it will be ready again.
      if (status === 'ready') client.subscribe(channel).then(resumed, () => undefined);
    });
  }

  /**
   * What is wrong with the connection, as an error for whoever waited.
   *
   * @param otherwise the reason when the connection tells none
   * @param wasSent whether the server may have got what was asked
   */
  problem(otherwise?: string, wasSent = false): RedisAuthError | RedisUnavailableError {
    const { lastError, target } = this;
    const cause = lastError === undefined ? {} : { cause: lastError };
    if (isAuthFailure(lastError)) return new RedisAuthError(target, messageOf(lastError), cause);
    const reason = lastError === undefined && otherwise !== undefined ? otherwise : reasonOf(lastError);
    return new RedisUnavailableError(target, reason, { ...cause, wasSent });
  }

  /** Drops the socket and connects anew: what was sent and not answered can then no longer arrive late. */
  reset(): void {
    if (this.current === 'closed') return;
    this.client.disconnect(true);
    // Not in good order: the other end may not answer any more.
    if (this.client instanceof Redis) this.client.stream?.destroy();
  }

  /** Closes at once; commands under way fail. */
  close(): void {
    if (this.current === 'closed') return;
    this.change('closed');
    this.client.disconnect();
  }

  /** Why nothing can be sent. */
  private absence(): Error {
    return this.current === 'closed' ? new RedisClosedError(this.role) : this.problem();
  }

  /** What the client says of a lost connection is about its options. */
  private explain(error: unknown): never {
    if (!isConnectionFailure(error)) throw error;
    const wasSent = !wasNotSent(error);
    throw new RedisUnavailableError(this.target, reasonOf(this.lastError ?? error), { cause: error, wasSent });
  }

  private failed(error: Error): void {
    if (isPassingRefusal(error)) return;
    // The reason is worth more than the loss that follows it.
    if (messageOf(error) !== 'Connection is closed.' || this.lastError === undefined) this.lastError = rootOf(error);
    if (isAuthFailure(this.lastError)) this.tell();
  }

  private change(status: RedisConnectionStatus): void {
    if (this.current === 'closed' || this.current === status) return;
    this.current = status;
    if (status === 'ready') {
      this.lastError = undefined;
      this.log.ready();
    } else if (status === 'lost') this.log.lost(reasonOf(this.lastError));
    else this.log.leave();
    this.tell();
  }

  private tell(): void {
    for (const listener of [...this.listeners]) listener(this.current);
  }
}

/** A cluster hides what its nodes said. */
function rootOf(error: Error): Error {
  return (error as { lastNodeError?: Error }).lastNodeError ?? error;
}
