import type { Store } from '../store/index.js';
import { withTimeLimit } from './time-limit.js';

/** Asks the store whether it could commit now; parts that ask at the same time share one answer. */
export class StoreProbe {
  private asked: { readonly answer: Promise<void>; readonly at: number } | undefined;

  constructor(
    private readonly store: Store,
    /** Milliseconds. */
    private readonly timeout: number,
  ) {}

  /** @throws what `Store.ping` throws, or an error when it takes too long */
  async ping(): Promise<void> {
    await withTimeLimit(this.answer(), this.timeout, `Store "${this.store.capabilities.name}"`);
  }

  private answer(): Promise<void> {
    const now = performance.now();
    // A ping that hangs is not waited for again: the store may be back although that one never answers.
    if (this.asked && now - this.asked.at < this.timeout) return this.asked.answer;
    const answer = this.send();
    const asked = { answer, at: now };
    this.asked = asked;
    const forget = (): void => {
      if (this.asked === asked) this.asked = undefined;
    };
    answer.then(forget, forget);
    return answer;
  }

  /** A store of somebody else's may throw instead of rejecting. */
  private async send(): Promise<void> {
    await this.store.ping();
  }
}
