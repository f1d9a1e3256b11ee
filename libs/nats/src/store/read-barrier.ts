import type { StoreUnavailableError } from '@catga/core';
import { JetStreamError } from '../connection/index.js';
import type { LogStream, StreamDetails } from './log-stream.js';
import { storeFault, type StoreName } from './nats-store.errors.js';

/** Pause before the server is asked again. Milliseconds. */
const PAUSE = 100;
/** A log that seems to have gone back is looked at so often: a leader that was deposed may still answer for a moment. */
const LOOKS = 6;
/** Pause between those looks. Milliseconds. */
const LOOK_PAUSE = 400;
/** JetStream's number for a stream that is not there. */
const NOT_FOUND = 10059;

/** What the barrier needs to know of its store. */
export interface BarrierContext {
  readonly log: LogStream;
  readonly name: StoreName;
  /** Milliseconds. */
  readonly timeout: number;
  /** When the stream was made. */
  readonly created: string;
  /** Sequence of the last message that this node has applied. */
  applied(): number;
  /** The log has lost what was in it. */
  lost(fault: StoreUnavailableError): void;
  /** The server has told its time, milliseconds since 1970. */
  clock(time: number): void;
}

/** A read that waits for a message to be applied. */
interface Reached {
  readonly sequence: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/**
 * Lets a read wait until this node has applied everything that was in the log when the read began. One question to the
 * server serves all reads that wait; whoever comes while it is under way is served by the next one.
 */
export class ReadBarrier {
  private running: Promise<void> | undefined;
  private following: Promise<void> | undefined;
  private reached: Reached[] = [];
  private failed: Error | undefined;

  constructor(private readonly context: BarrierContext) {}

  /** @throws {StoreUnavailableError} */
  pass(): Promise<void> {
    if (this.running === undefined) return (this.running = this.ask());
    // The question under way was asked before this read began.
    return (this.following ??= this.running.then(
      () => this.follow(),
      () => this.follow(),
    ));
  }

  /**
   * Asks for the last message of the log, and says so when the log has lost what this node has seen.
   *
   * @throws {StoreUnavailableError}
   */
  look(): Promise<number> {
    return this.end(performance.now() + this.context.timeout);
  }

  /** To be called whenever a message was applied. */
  applied(): void {
    if (this.reached.length === 0) return;
    const applied = this.context.applied();
    for (const { sequence, resolve } of this.reached) if (sequence <= applied) resolve();
    this.reached = this.reached.filter(({ sequence }) => sequence > applied);
  }

  /** No further message is going to be applied. */
  fail(error: Error): void {
    this.failed = error;
    for (const { reject } of this.reached.splice(0)) reject(error);
  }

  private follow(): Promise<void> {
    this.following = undefined;
    return (this.running = this.ask());
  }

  private async ask(): Promise<void> {
    const deadline = performance.now() + this.context.timeout;
    try {
      const end = await this.end(deadline);
      await this.reach(end, deadline);
    } finally {
      this.running = undefined;
    }
  }

  /** Sequence of the last message of the log. */
  private async end(deadline: number): Promise<number> {
    for (let looks = 1; ;) {
      const applied = this.context.applied();
      const details = await this.details(deadline);
      const problem = this.problem(details, applied);
      if (problem === undefined) return (details as StreamDetails).state.last_seq;
      if (looks++ >= LOOKS) {
        const fault = storeFault.dataLoss(this.context.name, problem);
        this.context.lost(fault);
        throw fault;
      }
      await pause(LOOK_PAUSE);
    }
  }

  /** @param applied what this node had seen when it asked; it may have gone on since. */
  private problem(details: StreamDetails | undefined, applied: number): string | undefined {
    const { log, created } = this.context;
    if (details === undefined) return `stream "${log.stream}" is gone`;
    if (details.created !== created) return `stream "${log.stream}" was made anew at ${details.created}`;
    const { last_seq: last } = details.state;
    if (last < applied) return `stream "${log.stream}" ends at message ${last}, this node has seen message ${applied}`;
    return undefined;
  }

  /** Undefined when there is no such stream. */
  private async details(deadline: number): Promise<StreamDetails | undefined> {
    const { log } = this.context;
    for (;;) {
      try {
        if (!log.link.connected) throw new Error('the connection is lost.');
        const details = await log.details(Math.min(2_000, this.context.timeout));
        if (details.ts !== undefined) this.context.clock(Date.parse(details.ts));
        return details;
      } catch (error) {
        if (error instanceof JetStreamError && error.errorCode === NOT_FOUND) return undefined;
        if ((error as { reason?: string }).reason === 'closed' || performance.now() + PAUSE >= deadline) {
          throw storeFault.unread(this.context.name, error as Error);
        }
      }
      await pause(PAUSE);
    }
  }

  private async reach(sequence: number, deadline: number): Promise<void> {
    if (this.failed !== undefined) throw this.failed;
    if (this.context.applied() >= sequence) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve, reject) => {
      this.reached.push({ sequence, resolve, reject });
      const late = (): void => reject(storeFault.unread(this.context.name));
      timer = setTimeout(late, Math.max(0, deadline - performance.now()));
    }).finally(() => clearTimeout(timer));
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
