import { Logger } from '@nestjs/common';

/** One for each server that this process has connections to, as messages name it. */
const logs = new Map<string, ServerLog>();

/** How a connection takes part in the log of its server. */
export interface ServerLogEntry {
  ready(): void;
  /** It was ready, and is no more. */
  lost(reason: string): void;
  /** Said once, however many connections say it. */
  warn(text: string): void;
  /** It is closed. */
  leave(): void;
}

/** Takes a connection into the log of its server. */
export function joinServerLog(target: string): ServerLogEntry {
  const log = logs.get(target) ?? new ServerLog(target);
  logs.set(target, log);
  return log.join(() => logs.delete(target));
}

/**
 * What is worth a line about a server. An application has about ten connections to it, which are lost and made again
 * together: that is one line each. A single one that breaks and comes back is none.
 */
class ServerLog {
  private readonly logger = new Logger('Redis');
  private readonly connections = new Set<object>();
  private readonly working = new Set<object>();
  private readonly said = new Set<string>();
  private lostAt: number | undefined;

  constructor(private readonly target: string) {}

  join(empty: () => void): ServerLogEntry {
    const connection = {};
    this.connections.add(connection);
    return {
      ready: () => {
        this.working.add(connection);
        this.back();
      },
      lost: (reason) => {
        if (this.working.delete(connection) && this.working.size === 0) this.away(reason);
      },
      warn: (text) => {
        if (!this.said.has(text)) this.logger.warn(text);
        this.said.add(text);
      },
      leave: () => {
        this.working.delete(connection);
        if (this.connections.delete(connection) && this.connections.size === 0) empty();
      },
    };
  }

  private away(reason: string): void {
    if (this.lostAt !== undefined) return;
    this.lostAt = performance.now();
    this.logger.warn(
      `Redis at ${this.target} is away: ${reason}. What needs it waits or fails until it is back; connecting goes on by itself.`,
    );
  }

  private back(): void {
    if (this.lostAt === undefined) return;
    const seconds = (performance.now() - this.lostAt) / 1_000;
    this.lostAt = undefined;
    this.logger.log(`Redis at ${this.target} is back after ${seconds.toFixed(1)} s.`);
  }
}
