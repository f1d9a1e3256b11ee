import { Cluster } from 'ioredis';
import {
  messageOf,
  type RedisArgument,
  type RedisConnection,
  type RedisConnections,
  type RedisConnectionStatus,
} from '../connection/index.js';
import { SCRIPTS, type Script } from './scripts/index.js';

/**
 * One connection that runs the transport's scripts. They are loaded first thing on every connection, so that no call
 * has to be sent a second time and calls keep their order. A server that does not answer for `timeout` milliseconds is
 * taken for lost: whoever waits is told, and the connection is made anew.
 */
export class Link {
  readonly connection: RedisConnection;
  private readonly base: string;
  private underWay = 0;
  private lastSign = 0;
  private watch: NodeJS.Timeout | undefined;

  constructor(
    connections: RedisConnections,
    role: string,
    private readonly timeout: number,
  ) {
    this.base = connections.key('t');
    this.connection = connections.open(role);
    this.connection.onStatus((status) => {
      if (status === 'ready') this.load();
    });
  }

  get isReady(): boolean {
    return this.connection.status === 'ready';
  }

  onStatus(listener: (status: RedisConnectionStatus) => void): () => void {
    return this.connection.onStatus(listener);
  }

  /** The key or channel of that name. */
  key(name: string): string {
    return `${this.base}:${name}`;
  }

  /** Runs a script; texts of the answer are bytes. */
  async run(script: Script, args: RedisArgument[]): Promise<unknown> {
    try {
      return await this.call('EVALSHA', [script.digest, 1, this.base, ...args]);
    } catch (error) {
      if (!isUnknownScript(error)) throw error;
      return this.call('EVAL', [script.text, 1, this.base, ...args]);
    }
  }

  /** Runs a command; texts of the answer are bytes. */
  async call(command: string, args: RedisArgument[]): Promise<unknown> {
    if (this.underWay++ === 0) this.sign();
    this.watch ??= setInterval(() => this.look(), Math.max(20, this.timeout / 4)).unref();
    try {
      return await this.connection.callBuffer(command, args);
    } catch (error) {
      // Behind a name or a proxy another server may be the primary by now.
      if (messageOf(error).startsWith('READONLY')) this.connection.reset();
      throw error;
    } finally {
      this.underWay--;
      this.sign();
    }
  }

  close(): void {
    clearInterval(this.watch);
    this.watch = undefined;
    this.connection.close();
  }

  private load(): void {
    const { client } = this.connection;
    const nodes = client instanceof Cluster ? client.nodes('master') : [client];
    for (const { text } of Object.values(SCRIPTS)) {
      for (const node of nodes) node.call('SCRIPT', ['LOAD', text]).catch(() => undefined);
    }
  }

  private sign(): void {
    this.lastSign = performance.now();
  }

  private look(): void {
    if (this.underWay > 0) {
      if (performance.now() - this.lastSign > this.timeout) this.connection.reset();
      return;
    }
    clearInterval(this.watch);
    this.watch = undefined;
  }
}

/** The server was restarted, or its scripts were flushed by hand. */
function isUnknownScript(error: unknown): boolean {
  return messageOf(error).includes('NOSCRIPT');
}
