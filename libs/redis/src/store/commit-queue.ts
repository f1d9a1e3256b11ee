import { setImmediate } from 'node:timers';
import type { CommitBatch, CommitResult } from '@catga/core';
import { withoutDot, type RedisArgument } from '../connection/index.js';
import { readAnswer } from './commit-answer.js';
import { commitArguments, sizeOf } from './commit-arguments.js';
import { NoAnswerError, type ScriptRunner } from './script-runner.js';
import { COMMIT } from './scripts/commit.js';
import type { StoreIdentity } from './store-identity.js';
import { CommitTooLargeError, storeError, toStoreError } from './store.errors.js';

/** What one script may take: it keeps the server from everybody else while it runs. */
const MOST_COMMITS = 64;
const MOST_BYTES = 262_144;

/** Redis takes about a million arguments. */
const MOST_ARGUMENTS = 1_000_000;

/** The server remembers the groups of a client for a day. Milliseconds. */
const REMEMBERED = 20 * 3_600_000;

/** A commit whose answer is awaited. */
interface Waiting {
  readonly batch: CommitBatch;
  readonly args: readonly RedisArgument[];
  readonly size: number;
  /** On the clock of `performance.now()`. */
  readonly deadline: number;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: Error) => void;
}

/** What the queue needs of its store. */
export interface CommitQueueOptions {
  readonly runner: ScriptRunner;
  readonly identity: StoreIdentity;
  /** Milliseconds that a commit may take. */
  readonly timeout: number;
  /** Bytes of the largest commit. */
  readonly largest: number;
  /** A commit has succeeded. */
  readonly committed: (batch: CommitBatch) => void;
  /** Looks for events that break the conditions of a batch. Returns the batch with conditions from there on. */
  readonly lookAhead: (batch: CommitBatch) => Promise<CommitBatch>;
}

/**
 * Sends commits in groups: everything that waits goes into one script, one group at a time, in order. A group has a number,
 * so after a lost connection it is sent again and still happens once.
 */
export class CommitQueue {
  private readonly waiting: Waiting[] = [];
  private group = 0;
  /** The last group that was answered, and when. */
  private acknowledged = { group: 0, at: 0 };
  private working = false;
  private looking = 0;
  private readonly idle: (() => void)[] = [];

  constructor(private readonly options: CommitQueueOptions) {}

  /** @throws {InvalidNameError} {@link CommitTooLargeError} at once */
  commit(batch: CommitBatch): Promise<CommitResult> {
    const { identity, largest, timeout } = this.options;
    const args = commitArguments(batch);
    const size = sizeOf(args);
    if (size > largest || args.length > MOST_ARGUMENTS) throw new CommitTooLargeError(identity.name, size, largest);
    return new Promise((resolve, reject) => {
      this.add({ batch, args, size, deadline: performance.now() + timeout, resolve, reject });
    });
  }

  /** Waits until every commit has its answer. */
  async drained(): Promise<void> {
    if (this.working || this.looking > 0) await new Promise<void>((resolve) => this.idle.push(resolve));
  }

  private add(waiting: Waiting): void {
    this.waiting.push(waiting);
    if (this.working) return;
    this.working = true;
    setImmediate(this.next);
  }

  /** Sends the next group. In a turn of its own, so that whoever was just answered can join it. */
  private readonly next = (): void => {
    const group = this.take();
    if (group.length === 0) {
      this.working = false;
      this.release();
      return;
    }
    void this.send(group).then(() => setImmediate(this.next));
  };

  private take(): Waiting[] {
    let size = 0;
    let count = 0;
    for (const { size: own } of this.waiting) {
      if (count > 0 && (count === MOST_COMMITS || size + own > MOST_BYTES)) break;
      size += own;
      count++;
    }
    return this.waiting.splice(0, count);
  }

  private async send(group: readonly Waiting[]): Promise<void> {
    const { runner, identity } = this.options;
    const [first] = group as [Waiting];
    const number = ++this.group;
    const args: RedisArgument[] = [identity.client, number, this.known(), group.length];
    for (const each of group) for (const arg of each.args) args.push(arg);
    try {
      const reply = (await runner.run(COMMIT, args, first.deadline)) as Buffer;
      this.acknowledged = { group: number, at: performance.now() };
      const lines = reply.toString().split('\n');
      for (const [index, each] of group.entries()) this.answer(each, lines[index] as string);
    } catch (error) {
      const failure = this.failure(error);
      for (const { reject } of group) reject(failure);
    }
  }

  /** The last group that the server must know. */
  private known(): number {
    const { group, at } = this.acknowledged;
    return performance.now() - at < REMEMBERED ? group : 0;
  }

  private answer(waiting: Waiting, line: string): void {
    const { batch, resolve, reject } = waiting;
    const answer = readAnswer(line, batch);
    if (answer === 'look') return void this.look(waiting);
    if (answer instanceof Error) return reject(answer);
    this.options.identity.saw(answer.position);
    if (answer.repeated !== true) this.options.committed(batch);
    resolve(answer);
  }

  private async look(waiting: Waiting): Promise<void> {
    this.looking++;
    try {
      const args = commitArguments(await this.options.lookAhead(waiting.batch));
      this.add({ ...waiting, args });
    } catch (error) {
      waiting.reject(error as Error);
    }
    this.looking--;
    this.release();
  }

  /** Tells who waits for the end that nothing is left to do. */
  private release(): void {
    if (!this.working && this.looking === 0) for (const done of this.idle.splice(0)) done();
  }

  private failure(error: unknown): Error {
    const { name, loss } = this.options.identity;
    if (error === loss) return loss as Error;
    if (!(error instanceof NoAnswerError)) return toStoreError(name, error);
    const fate = error.wasSent
      ? 'It was sent and may have been written: read before you decide again, or commit it again with the same id'
      : 'Nothing of this was written';
    return storeError('connection', name, `${withoutDot(error.message)}. ${fate}.`, error.cause);
  }
}
