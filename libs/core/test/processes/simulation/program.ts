import { Random } from './random.js';

/** What a step is called with. `now`, `random`, `uuid` and `patched` come from the run and must be the same in every life. */
export type Argument = 'constant' | 'last' | 'value' | 'now' | 'random' | 'uuid' | 'patched' | 'unencodable';

/**
 * A program: what `execute` does, as a tree. Every node calls at least one step, so that no branch goes on by itself;
 * `throw` stands only behind a step.
 */
export type Node =
  | { readonly kind: 'step'; readonly name: string; readonly argument: Argument; readonly seed: number }
  | { readonly kind: 'sequence'; readonly nodes: readonly Node[] }
  | { readonly kind: 'branch'; readonly then: Node; readonly otherwise: Node }
  | { readonly kind: 'loop'; readonly most: number; readonly body: Node }
  | { readonly kind: 'parallel'; readonly mode: Mode; readonly chains: readonly Node[] }
  | { readonly kind: 'try'; readonly body: Node; readonly handler: Node | undefined }
  | { readonly kind: 'throw' };

export type Mode = 'all' | 'race' | 'any' | 'allSettled';

/**
 * `sequential`: one step at a time. `deterministic`: parallel chains that cannot overtake each other in any way that
 * the flow sees. `racy`: everything.
 */
export type Flavour = 'sequential' | 'deterministic' | 'racy';

export interface Program {
  readonly seed: number;
  readonly flavour: Flavour;
  readonly root: Node;
  /** Names of the steps that stand in it. */
  readonly steps: ReadonlySet<string>;
}

/** Names of the steps; some have a part of their own. More than 31: the engine keeps the first occurrences in bits. */
export const STEPS: readonly string[] = Array.from({ length: 40 }, (_, i) => `s${i}`);
/** Identified by a key from its argument. */
export const KEYED = new Set(['s7', 's33']);
/** Has a condition that does not always hold. */
export const CONDITIONAL = new Set(['s9']);
/** Two methods, chosen by condition. */
export const ALTERNATIVES = new Set(['s10', 's34']);
export const ON_UNKNOWN_FAIL = new Set(['s11']);
export const ON_UNKNOWN_ASK = new Set(['s12']);
/** Does not always answer in time. */
export const SLOW = new Set(['s13', 's35']);
/** Has a compensation. */
export const COMPENSATED = new Set(STEPS.filter((_, i) => i % 3 === 0));

const ARGUMENTS: readonly Argument[] = ['constant', 'constant', 'constant', 'last', 'value', 'now', 'random', 'uuid'];
/** What a deterministic run cannot have, because it depends on when it crashes or how long it takes. */
const RACY_STEPS = new Set([...ON_UNKNOWN_FAIL, ...ON_UNKNOWN_ASK, ...SLOW]);

/** The program of a seed. */
export function generate(seed: number): Program {
  const random = new Random(seed);
  const draw = random.next();
  const flavour: Flavour = draw < 0.2 ? 'sequential' : draw < 0.4 ? 'deterministic' : 'racy';
  const all = STEPS.filter((name) => flavour === 'racy' || !RACY_STEPS.has(name));
  // Few names make many occurrences of each.
  const names = flavour === 'deterministic' ? all : shuffled(random, all).slice(0, 1 + random.below(12));
  const generator = new Generator(random, flavour);
  const inner = generator.sequence(names, 3, 2 + random.below(3));
  const safe = flavour === 'deterministic' || random.chance(0.8);
  const { used: steps } = generator;
  return { seed, flavour, steps, root: safe ? { kind: 'try', body: inner, handler: undefined } : inner };
}

class Generator {
  /** Keeps programs small: nested loops and branches would grow without it. */
  private budget = 24;
  readonly used = new Set<string>();

  constructor(
    private readonly random: Random,
    private readonly flavour: Flavour,
  ) {}

  sequence(names: readonly string[], depth: number, length: number): Node {
    const nodes: Node[] = [];
    for (let i = 0; i < length; i++) nodes.push(this.node(names, depth));
    if (this.random.chance(0.06)) nodes.push({ kind: 'throw' });
    return nodes.length === 1 ? (nodes[0] as Node) : { kind: 'sequence', nodes };
  }

  private node(names: readonly string[], depth: number): Node {
    const { random } = this;
    if (depth === 0 || this.budget <= 0 || random.chance(0.35)) return this.step(names);
    const draw = random.next();
    if (draw < 0.15) return this.sequence(names, depth - 1, 1 + random.below(3));
    if (draw < 0.3) {
      const then = this.sequence(names, depth - 1, 1 + random.below(2));
      return { kind: 'branch', then, otherwise: this.sequence(names, depth - 1, 1 + random.below(2)) };
    }
    if (draw < 0.42) {
      return { kind: 'loop', most: 1 + random.below(4), body: this.sequence(names, depth - 1, 1 + random.below(2)) };
    }
    if (draw < 0.6) return this.attempt(names, depth);
    return this.flavour === 'sequential' ? this.step(names) : this.parallel(names, depth);
  }

  private attempt(names: readonly string[], depth: number): Node {
    const body = this.sequence(names, depth - 1, 1 + this.random.below(3));
    const handler = this.random.chance(0.5) ? this.sequence(names, depth - 1, 1 + this.random.below(2)) : undefined;
    return { kind: 'try', body, handler };
  }

  private parallel(names: readonly string[], depth: number): Node {
    const { random } = this;
    const count = 2 + random.below(3);
    const chain = (own: readonly string[]): Node => this.sequence(own, depth - 1, 1 + random.below(3));
    if (this.flavour === 'deterministic') {
      if (names.length < count * 2) return this.step(names);
      // Names of its own for each chain: then its occurrences do not depend on the others.
      const chains = Array.from({ length: count }, (_, c) => chain(names.filter((_name, i) => i % count === c)));
      if (random.chance(0.5)) return { kind: 'parallel', mode: 'allSettled', chains };
      return {
        kind: 'parallel',
        mode: 'all',
        chains: chains.map((body) => ({ kind: 'try', body, handler: undefined })),
      };
    }
    const mode = random.pick<Mode>(['all', 'all', 'race', 'any', 'allSettled']);
    return { kind: 'parallel', mode, chains: Array.from({ length: count }, () => chain(names)) };
  }

  private step(names: readonly string[]): Node {
    this.budget--;
    const { random } = this;
    const draw = random.next();
    // A store that keeps references keeps anything: a program that is compared over stores cannot have it.
    const argument =
      draw < 0.02 && this.flavour === 'racy' ? 'unencodable' : draw < 0.06 ? 'patched' : random.pick(ARGUMENTS);
    const name = random.pick(names);
    this.used.add(name);
    return { kind: 'step', name, argument, seed: random.below(2 ** 30) };
  }
}

function shuffled<T>(random: Random, from: readonly T[]): T[] {
  const list = [...from];
  for (let i = list.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [list[i], list[j]] = [list[j] as T, list[i] as T];
  }
  return list;
}

/** The program as text, for reports. */
export function show(node: Node, indent = ''): string {
  const deeper = `${indent}  `;
  switch (node.kind) {
    case 'step':
      return `${indent}${node.name}(${node.argument} ${node.seed % 3})`;
    case 'throw':
      return `${indent}throw`;
    case 'sequence':
      return node.nodes.map((one) => show(one, indent)).join('\n');
    case 'branch':
      return `${indent}if\n${show(node.then, deeper)}\n${indent}else\n${show(node.otherwise, deeper)}`;
    case 'loop':
      return `${indent}loop ${node.most}\n${show(node.body, deeper)}`;
    case 'parallel':
      return `${indent}${node.mode}\n${node.chains.map((one) => show(one, deeper)).join(`\n${indent} -\n`)}`;
    case 'try':
      return `${indent}try\n${show(node.body, deeper)}${node.handler ? `\n${indent}catch\n${show(node.handler, deeper)}` : ''}`;
  }
}
