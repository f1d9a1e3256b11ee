import {
  allSeen,
  argumentsOf,
  described,
  errorNumber,
  FlowError,
  numberOf,
  settledSeen,
  type Flow,
  type Seen,
} from './interpret.js';
import { KEYED, type Node, type Program } from './program.js';

/** An end as the journal has it. */
export interface RecordedEnd {
  readonly key: string;
  readonly ok: boolean;
  readonly value: unknown;
  readonly at: number;
}

/** A call that the program makes, and after how many ends it makes it. */
export interface ModelCall {
  readonly key: string;
  readonly args: unknown[];
  readonly afterEnds: number;
}

export type ModelOutcome =
  | { readonly kind: 'completed'; readonly result: Seen }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** The recorded ends are not enough. */
  | { readonly kind: 'open' };

type Then = (result: Seen) => void;
type Catch = (error: unknown) => void;

/** Stands for what only the run itself can know. */
export const FROM_THE_RUN = Symbol('drawn by the run');

/**
 * What a program has to come to, given the ends of its steps in the order in which they were recorded. Written in
 * continuations, without one promise or turn of the event loop: it shares no mechanism with the engine it judges.
 */
export class Model {
  readonly calls: ModelCall[] = [];
  outcome: ModelOutcome = { kind: 'open' };
  /** Ends of steps that the program had not called by then: the journal is wrong. */
  readonly strayEnds: string[] = [];
  private readonly waiting = new Map<string, { then: Then; catch: Catch }>();
  private readonly occurrences = new Map<string, number>();
  private time: number;
  private ends = 0;

  constructor(program: Program, startedAt: number, ends: readonly RecordedEnd[]) {
    this.time = startedAt;
    this.node(
      program.root,
      undefined,
      (result) => (this.outcome = { kind: 'completed', result }),
      (error) => (this.outcome = { kind: 'failed', error }),
    );
    for (const end of ends) this.deliver(end);
  }

  private deliver({ key, ok, value, at }: RecordedEnd): void {
    const call = this.waiting.get(key);
    if (!call) return void this.strayEnds.push(key);
    this.waiting.delete(key);
    this.ends++;
    // Once the program has ended nobody looks any more.
    if (this.outcome.kind !== 'open') return;
    this.time = at;
    if (ok) call.then({ last: value, seen: value });
    else call.catch(value);
  }

  private node(node: Node, last: unknown, then: Then, fail: Catch): void {
    switch (node.kind) {
      case 'step':
        return this.step(node, last, then, fail);
      case 'throw':
        return fail(new FlowError(`thrown after ${numberOf(last)}`));
      case 'sequence':
        return this.each(node.nodes, last, then, fail);
      case 'branch':
        return this.node(numberOf(last) % 2 === 0 ? node.then : node.otherwise, last, then, fail);
      case 'loop': {
        const times = 1 + (numberOf(last) % node.most);
        return this.each(
          Array.from({ length: times }, () => node.body),
          last,
          then,
          fail,
        );
      }
      case 'try':
        return this.node(node.body, last, then, (error) => {
          const caught = { n: errorNumber(error), caught: described(error) };
          if (!node.handler) return then({ last: caught, seen: caught });
          this.node(node.handler, caught, (r) => then({ last: r.last, seen: [caught, r.seen] }), fail);
        });
      case 'parallel':
        return this.parallel(node, last, then, fail);
    }
  }

  private each(nodes: readonly Node[], last: unknown, then: Then, fail: Catch, seen: unknown[] = []): void {
    const [first, ...rest] = nodes;
    if (!first) return then({ last, seen });
    this.node(first, last, (r) => this.each(rest, r.last, then, fail, [...seen, r.seen]), fail);
  }

  private parallel(node: Node & { kind: 'parallel' }, last: unknown, then: Then, fail: Catch): void {
    const settled: PromiseSettledResult<Seen>[] = [];
    let open = node.chains.length;
    let decided = false;
    const decide = (how: () => void): void => {
      if (decided) return;
      decided = true;
      how();
    };
    const ended = (index: number, result: PromiseSettledResult<Seen>): void => {
      settled[index] = result;
      open--;
      const ok = result.status === 'fulfilled';
      if (node.mode === 'race') return decide(() => (ok ? then(result.value) : fail(result.reason)));
      if (node.mode === 'any' && ok) return decide(() => then(result.value));
      if (node.mode === 'all' && !ok) return decide(() => fail(result.reason));
      if (open > 0) return;
      if (node.mode === 'any') return decide(() => fail(allFailed(settled)));
      if (node.mode === 'allSettled') return decide(() => then(settledSeen(settled)));
      decide(() => then(allSeen(settled.map((one) => (one as PromiseFulfilledResult<Seen>).value))));
    };
    node.chains.forEach((chain, index) =>
      this.node(
        chain,
        last,
        (value) => ended(index, { status: 'fulfilled', value }),
        (reason) => ended(index, { status: 'rejected', reason }),
      ),
    );
  }

  private step(node: Node & { kind: 'step' }, last: unknown, then: Then, fail: Catch): void {
    const args = argumentsOf(node, last, this.run);
    const base = KEYED.has(node.name) ? `${node.name}[${String(args[0])}]` : node.name;
    const occurrence = (this.occurrences.get(base) ?? 0) + 1;
    this.occurrences.set(base, occurrence);
    const key = `${base}:${occurrence}`;
    this.calls.push({ key, args, afterEnds: this.ends });
    this.waiting.set(key, { then, catch: fail });
  }

  private readonly run: Omit<Flow, 'call'> = {
    now: () => this.time,
    random: () => FROM_THE_RUN as unknown as number,
    uuid: () => FROM_THE_RUN as unknown as string,
    patched: () => true,
  };
}

function allFailed(settled: readonly PromiseSettledResult<Seen>[]): AggregateError {
  return new AggregateError(
    settled.map((one) => (one as PromiseRejectedResult).reason as unknown),
    'All promises were rejected',
  );
}
