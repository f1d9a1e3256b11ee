/** How much work to have at hand beyond what runs: enough not to wait for the server, little enough for others. */
const AHEAD = 50;
const MOST_MESSAGES = 1_000;
const MOST_BYTES = 16 * 1_024 * 1_024;

/**
 * How far to fetch ahead, from how long handlers take: what they do in 50 ms. Slow handlers get a message when one of
 * them is free, so that no message waits behind them while another node has time; quick ones get hundreds in one read.
 */
export class Pace {
  /** Milliseconds that a handler takes; unknown means slow. */
  private duration = Number.POSITIVE_INFINITY;
  private size = 1_000;

  constructor(private readonly concurrency: number) {}

  /** A handler took that long. */
  took(milliseconds: number): void {
    this.duration = Number.isFinite(this.duration) ? this.duration * 0.9 + milliseconds * 0.1 : milliseconds;
  }

  /** A message has that many bytes. */
  weighed(bytes: number): void {
    this.size = this.size * 0.9 + bytes * 0.1;
  }

  /** Messages to have at hand. */
  get ahead(): number {
    const soon = (this.concurrency * AHEAD) / Math.max(this.duration, 0.01);
    return Math.floor(Math.min(soon, MOST_MESSAGES, MOST_BYTES / this.size));
  }

  /** Most messages that may wait behind others of their key. */
  get behind(): number {
    return Math.max(100, Math.min(10_000, (2 * MOST_BYTES) / this.size));
  }
}
