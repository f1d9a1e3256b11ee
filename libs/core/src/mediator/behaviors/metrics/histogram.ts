/** Counters for each power of two; more of them mean finer steps. A power of two itself. */
const STEPS = 32;
const STEP_BITS = 5;
/** Whole microseconds up to 2³¹, which is 35 minutes; anything longer counts as that. */
const LARGEST = 2 ** 31 - 1;
const SIZE = (31 - STEP_BITS + 1) * STEPS;

/**
 * A log-linear histogram of durations: exact up to 31 µs, within 3 % above. Recording takes about 4 ns and never
 * allocates; one takes 3.5 KB.
 */
export class Histogram {
  private readonly counts = new Uint32Array(SIZE);
  private total = 0;
  private sum = 0;
  private largest = 0;

  /** @param ms milliseconds; fractions count down to the microsecond */
  record(ms: number): void {
    const micros = Math.min(LARGEST, Math.max(0, Math.round(ms * 1000)));
    this.counts[slotOf(micros)]!++;
    this.total++;
    this.sum += ms;
    if (ms > this.largest) this.largest = ms;
  }

  /** How many durations were recorded. */
  get count(): number {
    return this.total;
  }

  /** Milliseconds; 0 when nothing was recorded. */
  get mean(): number {
    return this.total === 0 ? 0 : this.sum / this.total;
  }

  /** The longest one, in milliseconds. */
  get max(): number {
    return this.largest;
  }

  /**
   * The duration that this share of the recorded ones does not exceed, in milliseconds; 0 when nothing was recorded.
   *
   * @param share from 0 to 1, e.g. 0.99
   */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.total));
    let seen = 0;
    for (let slot = 0; slot < SIZE && this.total > 0; slot++) {
      seen += this.counts[slot]!;
      if (seen >= wanted) return Math.min(highestOf(slot) / 1000, this.largest);
    }
    return this.largest;
  }

  /** Forgets everything. */
  reset(): void {
    this.counts.fill(0);
    this.total = 0;
    this.sum = 0;
    this.largest = 0;
  }
}

function slotOf(micros: number): number {
  if (micros < STEPS) return micros;
  const shift = 31 - Math.clz32(micros) - STEP_BITS;
  return (shift + 1) * STEPS + ((micros >>> shift) & (STEPS - 1));
}

/** The longest duration that falls into a slot, in microseconds. */
function highestOf(slot: number): number {
  if (slot < STEPS) return slot;
  const shift = Math.floor(slot / STEPS) - 1;
  return (STEPS + (slot % STEPS) + 1) * 2 ** shift - 1;
}
