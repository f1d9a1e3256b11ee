import { setTimeout as sleep } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import {
  isConnectionFailure,
  isPassingRefusal,
  messageOf,
  RedisAuthError,
  RedisUnavailableError,
  wasNotSent,
  type RedisArgument,
  type RedisConnection,
} from '../connection/index.js';
import type { Script } from './scripts/script.js';
import type { StoreIdentity } from './store-identity.js';
import { isLoss } from './store.errors.js';

/** Pause after a server said that it is not ready. Milliseconds. */
const PAUSE = 25;

/** No answer came in time. */
export class NoAnswerError extends Error {
  constructor(
    /** The server may have done what it was asked. False: it was never sent. */
    readonly wasSent: boolean,
    cause: Error,
  ) {
    super(cause instanceof RedisUnavailableError ? cause.summary : messageOf(cause), { cause });
  }
}

/**
 * Runs scripts on one connection, again and again until there is an answer or the time is up. So a script must be one
 * that may run twice: a read, or a group of commits with its number.
 */
export class ScriptRunner {
  constructor(
    readonly connection: RedisConnection,
    private readonly headKey: string,
    private readonly identity: StoreIdentity,
  ) {}

  /**
   * @param deadline on the clock of `performance.now()`
   * @throws {NoAnswerError} when the time is up
   * @throws {StoreUnavailableError} when the store has lost something
   * @throws what Redis answers otherwise
   */
  async run(script: Script, args: readonly RedisArgument[], deadline: number): Promise<unknown> {
    const { identity } = this;
    let wasSent = false;
    for (;;) {
      if (identity.loss !== undefined) throw identity.loss;
      const left = deadline - performance.now();
      if (left <= 0) throw new NoAnswerError(wasSent, this.connection.problem('there was no time left', wasSent));
      if (this.connection.status !== 'ready') await this.awaitConnection(left, wasSent);
      try {
        return await this.attempt(script, [identity.epoch, identity.seen, ...args], deadline);
      } catch (error) {
        const isLost = isLoss(error);
        // A replica may be behind, which is no loss; whoever should be asked is elsewhere.
        const isReplica = isLost ? await this.isReplica() : messageOf(error).startsWith('READONLY');
        if (isLost && !isReplica) throw identity.lost(error);
        const isPassing = isReplica || isPassingRefusal(error);
        if (!isPassing && !isConnectionFailure(error)) throw error;
        wasSent ||= !isPassing && !wasNotSent(error);
        if (performance.now() + PAUSE >= deadline) throw new NoAnswerError(wasSent, error as Error);
        // Behind a name or a proxy another server may be the primary by now.
        if (isReplica) this.connection.reset();
        await sleep(PAUSE);
      }
    }
  }

  /** One attempt; a server that has forgotten the script, after a restart, is given its text. */
  private attempt(script: Script, args: readonly RedisArgument[], deadline: number): Promise<unknown> {
    return this.send('EVALSHA', script.sha, args, deadline).catch((error: unknown) => {
      if (!messageOf(error).includes('NOSCRIPT')) throw error;
      return this.send('EVAL', script.text, args, deadline);
    });
  }

  private send(command: string, script: string, args: readonly RedisArgument[], deadline: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(
        () => {
          // What was sent must not arrive after this was given up.
          this.connection.reset();
          reject(new NoAnswerError(true, this.connection.problem('there was no answer in time', true)));
        },
        Math.max(1, deadline - performance.now()),
      );
      const end = (): void => clearTimeout(timer);
      this.connection.callBuffer(command, [script, 1, this.headKey, ...args]).then(
        (reply) => {
          end();
          resolve(reply);
        },
        (error: Error) => {
          end();
          reject(error);
        },
      );
    });
  }

  /** In a cluster a replica sends its clients to the primary. */
  private async isReplica(): Promise<boolean> {
    if (this.connection.client instanceof Cluster) return false;
    const info = await this.connection.call('INFO', 'replication').catch(() => '');
    return String(info).includes('role:slave');
  }

  private async awaitConnection(within: number, wasSent: boolean): Promise<void> {
    try {
      await this.connection.ready(Math.max(1, within));
    } catch (error) {
      if (error instanceof RedisAuthError) throw error;
      throw new NoAnswerError(wasSent, error as Error);
    }
  }
}
