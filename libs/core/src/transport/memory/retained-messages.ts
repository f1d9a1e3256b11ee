import { Fifo } from '../../foundation/index.js';
import type { KeptMessage } from './memory-message.js';

/** What a message costs beside its own bytes, roughly. */
const OVERHEAD = 200;

/** The newest messages, for subscriptions that begin with the oldest there is; bounded by their bytes. */
export class RetainedMessages {
  private messages = new Fifo<KeptMessage>();
  private bytes = 0;

  /** @param limit bytes; 0 keeps nothing */
  constructor(private readonly limit: number) {}

  add(message: KeptMessage): void {
    if (this.limit === 0) return;
    this.messages.push(message);
    this.bytes += message.size + OVERHEAD;
    while (this.bytes > this.limit) this.bytes -= (this.messages.shift()?.size ?? 0) + OVERHEAD;
  }

  /** In the order in which they were published. */
  of(subjects: readonly string[]): KeptMessage[] {
    return this.messages.toArray().filter(({ subject }) => subjects.includes(subject));
  }
}
