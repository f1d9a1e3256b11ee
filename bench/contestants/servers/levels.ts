import type { Figures } from '../contestant.js';

/** So many clients, each with one operation under way, for so many milliseconds. */
export interface Level {
  readonly inFlight: number;
  readonly milliseconds: number;
}

/**
 * Operations a second at each level, by the wall clock, as the figures `1`, `50` and so on. Clients start together and
 * none begins an operation after the time is up; what is under way then is waited for and counts, with its time.
 */
export async function ratesOf(
  levels: readonly Level[],
  operation: (client: number) => Promise<unknown>,
): Promise<Figures> {
  const figures: Record<string, number> = {};
  for (const { inFlight, milliseconds } of levels) {
    const started = performance.now();
    const until = started + milliseconds;
    let done = 0;
    const client = async (_: unknown, number: number): Promise<void> => {
      do {
        await operation(number);
        done++;
      } while (performance.now() < until);
    };
    await Promise.all(Array.from({ length: inFlight }, client));
    figures[inFlight] = done / ((performance.now() - started) / 1e3);
  }
  return figures;
}
