import { randomFillSync } from 'node:crypto';
import { coarseNow } from '../foundation/index.js';

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
/** Random bytes are fetched in bulk: one call of the operating system for 512 ids. */
const POOL = 4096;
const RANDOM_BYTES = 8;

/**
 * Makes UUIDs of version 7 (RFC 9562): 48 bits of milliseconds, 12 bits that count within one, 62 random bits. They sort
 * by time, also within a millisecond and when the clock goes back.
 */
export class UuidV7Generator {
  private readonly pool = new Uint8Array(POOL);
  private used = POOL;
  private time = -1;
  private counter = 0;
  private prefix = '';

  /** @param now milliseconds since 1970. Default: the coarse clock. */
  constructor(private readonly now: () => number = coarseNow) {}

  /** @example `0198c3a1-7c1e-7000-9b3f-2f4be1c80d52` */
  next(): string {
    const now = this.now();
    if (now > this.time) this.startMillisecond(now);
    else if (++this.counter > 0xfff) this.startMillisecond(this.time + 1);
    const at = this.take();
    const { pool } = this;
    const byte = (index: number) => HEX[pool[at + index] as number] as string;
    // The first byte of the last half carries the variant, binary 10.
    const variant = HEX[((pool[at] as number) & 0x3f) | 0x80] as string;
    const count = this.counter.toString(16).padStart(3, '0');
    const node = byte(2) + byte(3) + byte(4) + byte(5) + byte(6) + byte(7);
    return `${this.prefix}-7${count}-${variant}${byte(1)}-${node}`;
  }

  private startMillisecond(time: number): void {
    this.time = time;
    this.counter = 0;
    const hex = time.toString(16).padStart(12, '0');
    this.prefix = `${hex.slice(0, 8)}-${hex.slice(8)}`;
  }

  private take(): number {
    if (this.used + RANDOM_BYTES > POOL) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const at = this.used;
    this.used += RANDOM_BYTES;
    return at;
  }
}

const shared = new UuidV7Generator();

/** A new UUID of version 7, see {@link UuidV7Generator}. */
export function uuidv7(): string {
  return shared.next();
}
