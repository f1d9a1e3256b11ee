import { Subscription, type Observable } from 'rxjs';
import type { Codec } from '../store/index.js';
import { ReplyOverflowError } from './microservice.errors.js';
import type { ReplyChunk } from './reply-format.js';
import { replyError } from './rpc-error.js';

const { setTimeout, clearTimeout, setImmediate } = globalThis;

/** Characters or bytes after which a chunk is sent: far below the limits of brokers, and far above an ordinary value. */
const CHUNK = 64 * 1_024;
/** Values that wait for the caller. */
const MOST_WAITING = 10_000;

/**
 * The values of one answer, kept until the caller takes them. Requests have one reply each, so an answer of several values
 * that come one after the other is several replies, and the caller asks for each: what it has not asked for is not sent.
 */
export class ReplyStream {
  private parts: (string | Uint8Array)[] = [];
  private isError = false;
  private isComplete = false;
  private wake: (() => void) | undefined;
  private readonly subscription = new Subscription();

  /** @param ended called once, when nothing more will come */
  constructor(
    values: Observable<unknown>,
    private readonly codec: Codec,
    private readonly ended: () => void,
  ) {
    const observer = {
      next: (value: unknown) => this.add(value),
      error: (error: unknown) => this.fail(error),
      complete: () => this.end(),
    };
    this.subscription.add(values.subscribe(observer));
  }

  /** True when the caller has all of it. */
  get isTaken(): boolean {
    return this.isComplete && this.parts.length === 0;
  }

  /** The first values: all of them, if they come in one go. */
  async first(): Promise<Omit<ReplyChunk, 'more'>> {
    await this.arrival();
    // A method that emits several values at once is one reply, without a second round trip to learn that it has ended.
    if (!this.isComplete) await new Promise((resolve) => setImmediate(resolve));
    return this.take();
  }

  /**
   * What has come since; nothing when nothing does for that long.
   *
   * @param patience milliseconds
   */
  async next(patience: number): Promise<Omit<ReplyChunk, 'more'>> {
    await this.arrival(patience);
    return this.take();
  }

  /** Ends the method's observable; what the caller has not taken yet ends with this error. */
  fail(error: unknown): void {
    if (this.isComplete) return;
    this.subscription.unsubscribe();
    this.isError = true;
    this.parts.push(this.encodeError(error));
    this.end();
  }

  /** The caller wants no more. */
  cancel(): void {
    this.subscription.unsubscribe();
    this.parts = [];
    this.isError = false;
    this.end();
  }

  private add(value: unknown): void {
    if (this.isComplete) return;
    try {
      this.parts.push(this.codec.encode(value));
    } catch (error) {
      this.fail(error);
      return;
    }
    if (this.parts.length > MOST_WAITING) this.fail(new ReplyOverflowError(MOST_WAITING));
    this.notify();
  }

  private end(): void {
    if (this.isComplete) return;
    this.isComplete = true;
    this.notify();
    this.ended();
  }

  private take(): Omit<ReplyChunk, 'more'> {
    let size = 0;
    let count = 0;
    for (const { length } of this.parts) {
      if (count > 0 && size + length > CHUNK) break;
      size += length;
      count += 1;
    }
    const parts = this.parts.splice(0, count);
    return { parts, isError: this.isError && this.parts.length === 0 };
  }

  private encodeError(error: unknown): string | Uint8Array {
    try {
      return this.codec.encode(replyError(error));
    } catch (cause) {
      return this.codec.encode(replyError(cause));
    }
  }

  private async arrival(patience?: number): Promise<void> {
    if (this.isComplete || this.parts.length > 0) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (patience !== undefined) timer = setTimeout(resolve, patience);
    });
    clearTimeout(timer);
  }

  private notify(): void {
    this.wake?.();
    this.wake = undefined;
  }
}
