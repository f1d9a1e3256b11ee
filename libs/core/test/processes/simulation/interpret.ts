import type { Node } from './program.js';
import { Random } from './random.js';
import { anyValue } from './values.js';

/** What a node hands to the next one, and what it has seen, which becomes part of the result. */
export interface Seen {
  readonly last: unknown;
  readonly seen: unknown;
}

/** What the interpreter asks of the run. */
export interface Flow {
  call(name: string, args: unknown[]): Promise<unknown>;
  now(): number;
  random(): number;
  uuid(): string;
  patched(id: string): boolean;
}

/** The business refuses: thrown by the flow itself. */
export class FlowError extends Error {
  override name = 'FlowError';
}

/** Executes a program as plain async code, the way a user would write it. */
export async function interpret(node: Node, last: unknown, flow: Flow): Promise<Seen> {
  switch (node.kind) {
    case 'step': {
      const value = await flow.call(node.name, argumentsOf(node, last, flow));
      return { last: value, seen: value };
    }
    case 'throw':
      throw new FlowError(`thrown after ${numberOf(last)}`);
    case 'sequence': {
      const seen: unknown[] = [];
      for (const one of node.nodes) {
        const result = await interpret(one, last, flow);
        last = result.last;
        seen.push(result.seen);
      }
      return { last, seen };
    }
    case 'branch':
      return await interpret(numberOf(last) % 2 === 0 ? node.then : node.otherwise, last, flow);
    case 'loop': {
      const seen: unknown[] = [];
      const times = 1 + (numberOf(last) % node.most);
      for (let i = 0; i < times; i++) {
        const result = await interpret(node.body, last, flow);
        last = result.last;
        seen.push(result.seen);
      }
      return { last, seen };
    }
    case 'try':
      try {
        return await interpret(node.body, last, flow);
      } catch (error) {
        const caught = { n: errorNumber(error), caught: described(error) };
        if (!node.handler) return { last: caught, seen: caught };
        const handled = await interpret(node.handler, caught, flow);
        return { last: handled.last, seen: [caught, handled.seen] };
      }
    case 'parallel': {
      const chains = node.chains.map((chain) => interpret(chain, last, flow));
      return await COMBINE[node.mode](chains);
    }
  }
}

const COMBINE = {
  all: (chains: Promise<Seen>[]): Promise<Seen> => Promise.all(chains).then(allSeen),
  race: (chains: Promise<Seen>[]): Promise<Seen> => Promise.race(chains),
  any: (chains: Promise<Seen>[]): Promise<Seen> => Promise.any(chains),
  allSettled: (chains: Promise<Seen>[]): Promise<Seen> => Promise.allSettled(chains).then(settledSeen),
};

export function allSeen(results: readonly Seen[]): Seen {
  return { last: results.at(-1)?.last, seen: results.map((one) => one.seen) };
}

export function settledSeen(results: readonly PromiseSettledResult<Seen>[]): Seen {
  const seen = results.map((one) =>
    one.status === 'fulfilled' ? one.value.seen : { rejected: described(one.reason) },
  );
  return { last: { n: results.filter((one) => one.status === 'fulfilled').length }, seen };
}

/** The arguments of a call; drawn from the run when it is made. */
export function argumentsOf(node: Node & { kind: 'step' }, last: unknown, flow: Omit<Flow, 'call'>): unknown[] {
  const id = node.seed % 3;
  switch (node.argument) {
    case 'constant':
      return [id];
    case 'last':
      return [id, last];
    case 'value':
      return [id, anyValue(new Random(node.seed))];
    case 'now':
      return [id, flow.now()];
    case 'random':
      return [id, flow.random()];
    case 'uuid':
      return [id, flow.uuid()];
    case 'patched':
      return [id, flow.patched(`patch-${id}`)];
    case 'unencodable':
      return [id, () => 'a function cannot be kept'];
  }
}

/** What branches and loops look at. */
export function numberOf(value: unknown): number {
  const { n } = (value ?? {}) as { n?: unknown };
  return typeof n === 'number' ? n : 0;
}

export function errorNumber(error: unknown): number {
  return String((error as { message?: unknown } | null)?.message).length;
}

/** An error without its stack. */
export function described(error: unknown): unknown {
  const { name, message, code, errors } = (error ?? {}) as Record<string, unknown>;
  return { name, message, code, ...(Array.isArray(errors) ? { errors: errors.map(described) } : {}) };
}
