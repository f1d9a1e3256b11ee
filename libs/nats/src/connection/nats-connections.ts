import { Logger } from '@nestjs/common';
import { connect } from '@nats-io/transport-node';
import { toClientOptions, type ClientOptions } from './client-options.js';
import type { NatsConnectionOptions } from './nats-connection.options.js';
import { NatsLink } from './nats-link.js';
import { NatsUnavailableError } from './nats.errors.js';

/** First pause between two attempts to connect. Milliseconds. */
const FIRST_DELAY = 50;

/**
 * Opens connections to one NATS server or cluster, all from one set of options. Whatever must not wait for something
 * else has a connection of its own.
 *
 * @example
 * ```ts
 * const connections = new NatsConnections({ servers: 'nats://127.0.0.1:4222' });
 * const link = await connections.open('store');
 * await link.jetStream("INFO");
 * await connections.close();
 * ```
 */
export class NatsConnections {
  private readonly options: ClientOptions;
  private readonly links = new Set<NatsLink>();

  /** @throws {InvalidOptionError} @throws {UnknownOptionError} @throws {InvalidDurationError} */
  constructor(options: NatsConnectionOptions = {}) {
    this.options = toClientOptions(options);
  }

  /** `host:port` of each server, without secrets. */
  get servers(): readonly string[] {
    return this.options.servers;
  }

  /**
   * Opens a connection. Once it is open it comes back by itself, for ever.
   *
   * @param purpose shown by the server's monitoring after the name of the application
   * @throws {NatsUnavailableError} `unreachable` when nobody answers within `connectTimeout`, `refused` at once
   */
  async open(purpose: string): Promise<NatsLink> {
    const { servers, connectTimeout } = this.options;
    const deadline = Date.now() + connectTimeout;
    for (let delay = FIRST_DELAY; ; delay = Math.min(delay * 2, 1_000)) {
      try {
        const link = await this.connectOnce(purpose);
        this.links.add(link);
        reportLosses(link, purpose);
        link.onEvent((event) => event === 'closed' && this.links.delete(link));
        return link;
      } catch (error) {
        const cause = error as Error;
        if (isRefusal(cause)) throw refused(servers, cause);
        if (Date.now() + delay >= deadline) throw unreachable(servers, cause);
      }
      await new Promise((resolve) => setTimeout(resolve, delay));
    }
  }

  /** Closes every connection that was opened here. */
  async close(): Promise<void> {
    await Promise.all([...this.links].map((link) => link.close()));
  }

  private async connectOnce(purpose: string): Promise<NatsLink> {
    const { client, connectionName, maxReconnectDelay, servers } = this.options;
    let lostAt: number | undefined;
    const connection = await connect({
      ...client,
      name: `${connectionName} ${purpose}`,
      // By time, not by count: the client asks several times for one attempt. A random part keeps many nodes from
      // coming back at the same moment.
      reconnectDelayHandler: () => {
        const gone = lostAt === undefined ? 0 : performance.now() - lostAt;
        const pause = Math.min(maxReconnectDelay, Math.max(FIRST_DELAY, gone / 4));
        return Math.round(pause * (0.75 + Math.random() / 4));
      },
    });
    const link = new NatsLink(connection, servers);
    link.onEvent((event) => (lostAt = event === 'disconnected' ? performance.now() : undefined));
    return link;
  }
}

/** Says once that the server is lost and once that it is back, however often the client tries in between. */
function reportLosses(link: NatsLink, purpose: string): void {
  const logger = new Logger('CatgaNats');
  const what = `the connection of the ${purpose} to NATS at ${link.servers.join(', ')}`;
  let lostAt: number | undefined;
  link.onEvent((event) => {
    if (event === 'disconnected' && lostAt === undefined) {
      lostAt = performance.now();
      logger.warn(`Lost ${what}. It is made again by itself.`);
    } else if (event === 'connected' && lostAt !== undefined) {
      logger.log(`Regained ${what} after ${((performance.now() - lostAt) / 1_000).toFixed(1)} s.`);
      lostAt = undefined;
    }
  });
}

function isRefusal({ name, message }: Error): boolean {
  return (
    name === 'AuthorizationError' || name === 'UserAuthenticationExpiredError' || /authori[sz]ation/i.test(message)
  );
}

function refused(servers: readonly string[], cause: Error): NatsUnavailableError {
  return new NatsUnavailableError(
    'refused',
    `NATS at ${servers.join(', ')} does not let us in: ${cause.message}. Check user, pass, token, nkeySeed or credentials, whichever the server wants.`,
    { cause, details: { servers } },
  );
}

function unreachable(servers: readonly string[], cause: Error): NatsUnavailableError {
  return new NatsUnavailableError(
    'unreachable',
    `Nobody answers as NATS at ${servers.join(', ')}: ${cause.message}. Check the address, that the server runs and that nothing is in between; raise connectTimeout when it starts slowly.`,
    { cause, details: { servers } },
  );
}
