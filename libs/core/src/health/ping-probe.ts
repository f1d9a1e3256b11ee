import { withTimeLimit } from './time-limit.js';

/** Asks a store or transport whether it could work now; parts that ask at the same time share one answer. */
export class PingProbe {
  private asked: { readonly answer: Promise<void>; readonly at: number } | undefined;

  constructor(
    private readonly target: { ping(): Promise<void> },
    /** Names the target in messages. */
    private readonly name: string,
    /** Milliseconds. */
    private readonly timeout: number,
  ) {}

  /** @throws what the target's `ping` throws, or an error when it takes too long */
  async ping(): Promise<void> {
    await withTimeLimit(this.answer(), this.timeout, this.name);
  }

  private answer(): Promise<void> {
    const now = performance.now();
    // A ping that hangs is not waited for again: the target may be back although that one never answers.
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

  /** One of somebody else's may throw instead of rejecting. */
  private async send(): Promise<void> {
    await this.target.ping();
  }
}
