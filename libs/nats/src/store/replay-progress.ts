import type { Logger } from '@nestjs/common';

/** How often a long replay says how far it is. Milliseconds. */
const EVERY = 5_000;

/** Waits for the replay of a log, and says how far it is when it takes long. */
export class ReplayProgress {
  private wake: (() => void) | undefined;
  private readonly startedAt = performance.now();

  constructor(
    private readonly logger: Logger,
    private readonly store: string,
    /** Sequence at which the replay begins. */
    private current: number,
    /** Sequence at which the replay is done. */
    private readonly end: number,
  ) {}

  /** The message of this sequence was applied. */
  reached(sequence: number): void {
    this.current = sequence;
    if (sequence >= this.end) this.wake?.();
  }

  /** The replay will not go on. */
  stop(): void {
    this.wake?.();
  }

  /** Resolves when the end is reached; throws what `fault` returns when the replay was stopped. */
  async done(fault: () => Error | undefined): Promise<void> {
    const from = this.current;
    const timer = setInterval(() => {
      const share = Math.floor((100 * this.current) / this.end);
      this.logger.log(
        `Replaying the log of store "${this.store}": ${this.current} of ${this.end} messages, ${share} %.`,
      );
    }, EVERY);
    await new Promise<void>((resolve) => {
      this.wake = resolve;
      if (this.current >= this.end || fault() !== undefined) resolve();
    });
    clearInterval(timer);
    this.wake = undefined;
    const problem = fault();
    if (problem !== undefined) throw problem;
    const seconds = (performance.now() - this.startedAt) / 1_000;
    if (seconds > EVERY / 1_000) {
      this.logger.log(`Replayed ${this.end - from} messages of store "${this.store}" in ${seconds.toFixed(1)} s.`);
    }
  }
}
