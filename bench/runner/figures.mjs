import { spread } from './statistics.mjs';

/** CPU nanoseconds of the whole process for one operation, garbage collection included. */
export const cpu = (sample) => sample.cpu / sample.operations;
/** Wall nanoseconds for one operation. */
export const wall = (sample) => sample.wall / sample.operations;
/** Operations a second, by the wall clock. */
export const rate = (sample) => (sample.operations / sample.wall) * 1e9;
/** A figure that the contestant has taken itself. */
export const figure = (name) => (sample) => sample.figures[name];

/**
 * A line of the report.
 *
 * @param {string} name unique, for scripts: `group.what`
 * @param {string} title for people
 * @param {number[]} values one for each round
 * @param {{ unit: string, most?: number, least?: number, note?: string }} about `most`/`least`: the bar, by the median;
 *   `note`: stands where nothing was measured
 */
export function line(name, title, values, { unit, most, least, note = '' }) {
  const { min, median, max, rounds } = spread(values);
  const bar = most !== undefined ? `<= ${most}` : least !== undefined ? `>= ${least}` : null;
  // Nothing was measured: that is neither met nor missed, and the note says why.
  if (rounds === 0) return { name, title, value: null, min: null, max: null, rounds, unit, bar, ok: null, note };
  const ok = bar === null ? null : most !== undefined ? median <= most : median >= least;
  return { name, title, value: median, min, max, rounds, unit, bar, ok, note };
}

/** The value of each sample; none of a contestant that did not take part. */
export const each = (samples, of) => (samples ?? []).map(of);

/** The ratio of two contestants in each round. */
export const ratio = (samples, base, of = cpu) =>
  base === undefined ? [] : (samples ?? []).map((sample, round) => of(sample) / of(base[round]));

/** The difference of two contestants in each round. */
export const difference = (samples, base, of = cpu) => samples.map((sample, round) => of(sample) - of(base[round]));
