import type { RedisConnectionOptions } from './connection.options.js';
import { toConnectionSettings, type ConnectionSettings } from './connection-settings.js';
import { RedisConnection } from './redis-connection.js';

/**
 * Opens dedicated connections from one set of options: blocking reads, subscriptions and commits must not share one.
 *
 * @example
 * ```ts
 * const connections = new RedisConnections({ url: 'redis://localhost:6379', name: 'shop' });
 * const reader = connections.open('transport-reader');
 * await reader.ready(10_000);
 * await reader.call('XREAD', 'BLOCK', 1_000, 'STREAMS', connections.key('t', 'orders'), '$');
 * ```
 */
export class RedisConnections {
  readonly settings: ConnectionSettings;
  private readonly opened = new Set<RedisConnection>();

  /**
   * @param where whose options they are, for messages
   * @throws {InvalidOptionError} @throws {InvalidDurationError}
   */
  constructor(options: RedisConnectionOptions, where = 'new RedisConnections') {
    this.settings = toConnectionSettings(where, options);
  }

  /** Begins every key: `{name}:`. */
  get prefix(): string {
    return `{${this.settings.name}}:`;
  }

  /** A key under the prefix; its parts are joined with colons. */
  key(...parts: readonly string[]): string {
    return this.prefix + parts.join(':');
  }

  /** A new connection that begins to connect at once. @param role what it is for; shown by `CLIENT LIST` */
  open(role: string): RedisConnection {
    return this.add(new RedisConnection(this.settings, role));
  }

  /** As {@link RedisConnections.open}, for {@link RedisConnection.subscribe} and nothing else. */
  openSubscriber(role: string): RedisConnection {
    return this.add(new RedisConnection(this.settings, role, 'messages'));
  }

  /** Closes all that are open. */
  close(): void {
    for (const connection of [...this.opened]) connection.close();
  }

  private add(connection: RedisConnection): RedisConnection {
    this.opened.add(connection);
    connection.onStatus((status) => {
      if (status === 'closed') this.opened.delete(connection);
    });
    return connection;
  }
}
