import { Random } from './random.js';

/** A value of any kind that a step may return or be called with. */
export function anyValue(random: Random, depth = 2): unknown {
  const kinds = depth === 0 ? LEAVES : [...LEAVES, ...NESTED];
  return random.pick(kinds)(random, depth - 1);
}

type Make = (random: Random, depth: number) => unknown;

const LEAVES: readonly Make[] = [
  () => undefined,
  () => null,
  () => Number.NaN,
  () => -0,
  () => Number.NEGATIVE_INFINITY,
  (random) => random.below(1_000_000) / 7,
  (random) => `täxt ${random.below(100)} 🚀 "quoted" \u0000 $type`,
  (random) => BigInt(random.below(2 ** 30)) * 2n ** 70n,
  (random) => new Date(random.below(2 ** 31) * 1_000),
  (random) => new RegExp(`a${random.below(9)}+`, 'gi'),
  (random) => Uint8Array.of(random.below(256), 0, 255),
  (random) => Float64Array.of(random.next(), Number.NaN),
  (random) => Buffer.from(`bytes ${random.below(100)}`),
  (random) => new URL(`https://example.com/${random.below(10)}?q=ä`),
  (random) => Object.assign(new Error(`as a value ${random.below(10)}`), { code: 'E_VALUE' }),
];

const NESTED: readonly Make[] = [
  (random, depth) => [anyValue(random, depth), anyValue(random, depth)],
  (random, depth) => ({ a: anyValue(random, depth), $type: 'not a tag', nothing: undefined }),
  (random, depth) =>
    new Map<unknown, unknown>([
      ['k', anyValue(random, depth)],
      [random.below(5), 1],
    ]),
  (random, depth) => new Set<unknown>([anyValue(random, depth), 'x']),
  (random, depth) => new Error('with a cause', { cause: anyValue(random, depth) }),
];
