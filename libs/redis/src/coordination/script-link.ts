import { CatgaError } from '@catga/core';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  isAuthFailure,
  isConnectionFailure,
  isPassingRefusal,
  messageOf,
  RedisAuthError,
  RedisClosedError,
  wasNotSent,
  type RedisArgument,
  type RedisConnection,
} from '../connection/index.js';
import { RedisCoordinationError } from './coordination.errors.js';
import type { Script } from './scripts/script.js';

/** Milliseconds between two attempts. */
const PAUSE = 25;

/** Runs scripts that may run twice: until there is an answer, or the time is up. */
export class ScriptLink {
  constructor(
    private readonly connection: () => RedisConnection,
    private readonly base: string,
    /** Milliseconds. */
    private readonly timeout: number,
  ) {}

  /** As {@link ScriptLink.runBuffer}, with texts as text. */
  async run(script: Script, args: readonly RedisArgument[]): Promise<unknown> {
    return toText(await this.runBuffer(script, args));
  }

  /**
   * Texts of the answer are bytes.
   *
   * @throws {RedisUnavailableError} there was no answer in time; it says whether it was sent
   * @throws {RedisAuthError} {@link RedisClosedError} {@link RedisCoordinationError}
   */
  async runBuffer(script: Script, args: readonly RedisArgument[]): Promise<unknown> {
    const connection = this.connection();
    const deadline = performance.now() + this.timeout;
    let wasSent = false;
    for (;;) {
      try {
        if (connection.status !== 'ready') await connection.ready(Math.max(1, deadline - performance.now()));
        return await this.attempt(connection, script, args, deadline);
      } catch (error) {
        if (error instanceof RedisAuthError || error instanceof RedisClosedError) throw error;
        if (isAuthFailure(error)) throw new RedisAuthError(connection.target, messageOf(error), { cause: error });
        if (!isConnectionFailure(error) && !isPassingRefusal(error)) throw refusal(connection, error);
        wasSent ||= isConnectionFailure(error) && !wasNotSent(error);
        if (performance.now() + PAUSE >= deadline) throw connection.problem('there was no answer in time', wasSent);
        // Behind a name or a proxy another server may be the primary by now.
        if (messageOf(error).startsWith('READONLY')) connection.reset();
        await sleep(PAUSE);
      }
    }
  }

  private async attempt(
    connection: RedisConnection,
    script: Script,
    args: readonly RedisArgument[],
    deadline: number,
  ): Promise<unknown> {
    // What was sent must not arrive after this was given up.
    const limit = setTimeout(() => connection.reset(), Math.max(1, deadline - performance.now()));
    try {
      return await connection.callBuffer('EVALSHA', [script.digest, 1, this.base, ...args]).catch((error: unknown) => {
        if (!messageOf(error).startsWith('NOSCRIPT')) throw error;
        return connection.callBuffer('EVAL', [script.text, 1, this.base, ...args]);
      });
    } finally {
      clearTimeout(limit);
    }
  }
}

function refusal({ target }: RedisConnection, error: unknown): CatgaError {
  return error instanceof CatgaError ? error : new RedisCoordinationError(target, messageOf(error), { cause: error });
}

function toText(reply: unknown): unknown {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString();
  return Array.isArray(reply) ? reply.map(toText) : reply;
}
