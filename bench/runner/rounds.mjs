import { Child } from './children.mjs';
import { quiet } from './machine.mjs';
import { shuffled } from './statistics.mjs';

/**
 * Takes samples of all contestants, round by round, in another order each round: what disturbs a round disturbs
 * neighbours in time, so ratios within a round hold where absolute times do not.
 *
 * @param contestants by name: `{ file, variant?, flags? }`
 * @param {{ rounds: number, milliseconds: number, env?: Record<string, string>, patience?: number }} plan
 *   `patience`: milliseconds that a sample waits for a quiet machine, at most
 * @returns samples of each contestant by name, one of each round at the same index, and how many were taken in quiet
 */
export async function takeRounds(contestants, { rounds, milliseconds, env = {}, patience = 400 }) {
  const names = Object.keys(contestants);
  const children = new Map();
  const samples = Object.fromEntries(names.map((name) => [name, []]));
  let quietSamples = 0;
  try {
    // One after the other: warming up is work too.
    for (const name of names) children.set(name, await new Child(contestants[name], env).ready());
    for (let round = 0; round < rounds; round++) {
      for (const name of shuffled(names)) {
        if (await quiet(patience)) quietSamples++;
        samples[name].push(await children.get(name).sample(milliseconds));
      }
    }
  } finally {
    for (const child of children.values()) await child.close();
  }
  return { samples, quiet: quietSamples / (rounds * names.length) };
}
