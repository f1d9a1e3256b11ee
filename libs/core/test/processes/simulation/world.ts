import { DomainError, NonRetriableError, RetryAfterError } from '../../../src/foundation/index.js';
import type { ProcessContext } from '../../../src/processes/api/process-context.js';
import { COMPENSATED, KEYED, SLOW, type Program } from './program.js';
import { hashed, Random } from './random.js';
import { anyValue } from './values.js';

/** A body that was executed. */
export interface Effect {
  readonly key: string;
  readonly args: readonly unknown[];
  readonly life: number;
}

/** What the steps do: answers of all kinds after delays of all kinds. Watches that nothing is done twice. */
export class World {
  life = 0;
  readonly effects: Effect[] = [];
  readonly undone: Effect[] = [];
  readonly problems: string[] = [];
  /** What the bodies have returned, by the token in it. */
  readonly returned = new Map<string, unknown>();
  /** Keys whose start, and whose end, the store has acknowledged. Undefined where nobody watches the store. */
  durable: { readonly started: Set<string>; readonly ended: Set<string>; readonly undone: Set<string> } | undefined;
  /** No step may be called: everything is recorded. */
  closed = false;
  private readonly random: Random;
  private readonly executions = new Map<string, number>();

  constructor(
    readonly program: Program,
    readonly runId: string,
  ) {
    this.random = new Random(program.seed ^ 0x5eed);
  }

  /** The body of every step. */
  act(name: string, args: unknown[], context: ProcessContext): unknown {
    const key = context.stepKey.slice(this.runId.length + 1);
    const execution = (this.executions.get(key) ?? 0) + 1;
    this.executions.set(key, execution);
    this.effects.push({ key, args, life: this.life });
    if (this.closed) this.problems.push(`${key} was called although everything is recorded`);
    if (this.durable && !this.durable.started.has(key)) this.problems.push(`${key} began before its start was durable`);
    if (this.durable?.ended.has(key)) this.problems.push(`${key} was run again after its end was durable`);
    if (SLOW.has(name) && this.random.chance(0.4)) return this.tooLate(key);
    return this.after(() => this.outcome(name, key, execution));
  }

  /** The body of every compensation. */
  undo(args: unknown[], context: ProcessContext): unknown {
    const key = context.stepKey.slice(this.runId.length + 1).replace(/\/compensation$/, '');
    this.undone.push({ key, args, life: this.life });
    if (this.durable?.undone.has(key)) this.problems.push(`${key} was undone again after its undoing was durable`);
    return this.after(() => {
      if (this.random.chance(0.15)) throw new Error(`undoing ${key} failed`);
    });
  }

  /** A pause of a store or a scheduler: anything from nothing to a short timer. */
  async pause(): Promise<void> {
    await this.after(() => undefined);
  }

  private after(then: () => unknown): unknown {
    const draw = this.random.next();
    if (draw < 0.15) return then();
    const hops = draw < 0.5 ? 1 + this.random.below(4) : 0;
    const turns = draw >= 0.5 && draw < 0.95 ? 1 + this.random.below(3) : 0;
    return this.wait(hops, turns, draw >= 0.95).then(then);
  }

  private async wait(hops: number, turns: number, timer: boolean): Promise<void> {
    for (let i = 0; i < hops; i++) await Promise.resolve();
    for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
    if (timer) await new Promise((resolve) => setTimeout(resolve, this.random.below(2)));
  }

  /** Longer than the step's timeout: an answer that counts only if the machine was too busy to notice in time. */
  private async tooLate(key: string): Promise<unknown> {
    await new Promise((resolve) => setTimeout(resolve, 25));
    return this.returning({ n: 0, token: `the late answer of ${key} in life ${this.life}` });
  }

  private outcome(name: string, key: string, execution: number): unknown {
    if (this.program.flavour === 'racy') return this.anyOutcome(name, key, execution);
    const fate = hashed(this.program.seed, key) % 100;
    if (fate < 8) throw new Error(`${key} always fails`);
    if (fate < 14) throw new NonRetriableError(`${key} refuses`);
    if (fate < 20) throw new DomainError(`${key} refuses`, { code: 'REFUSED' });
    if (fate < 30 && execution === 1 && attemptsOf(name) > 1) throw new Error(`${key} fails once`);
    return this.result(`${key}!`, new Random(hashed(this.program.seed, `${key} result`)));
  }

  private anyOutcome(name: string, key: string, execution: number): unknown {
    const { random } = this;
    const token = `${key}#${execution}`;
    const draw = random.next();
    if (draw < 0.1) throw new Error(`${token} failed`);
    if (draw < 0.14) throw new NonRetriableError(`${token} refuses`);
    if (draw < 0.18) throw new DomainError(`${token} refuses`, { code: 'REFUSED' });
    if (draw < 0.2) throw new RetryAfterError(`${token} is busy`, 1);
    if (draw < 0.24) throw new HttpLikeError(random.chance(0.5) ? 404 : 503, token);
    if (draw < 0.25) return this.returning({ n: 1, token, broken: () => 'a function cannot be kept' });
    if (draw < 0.28 && !KEYED.has(name)) return anyValue(random);
    return this.result(token, random);
  }

  private result(token: string, random: Random): unknown {
    return this.returning({ n: random.below(7), token, ...(random.chance(0.4) ? { value: anyValue(random) } : {}) });
  }

  private returning<T extends { readonly token: string }>(result: T): T {
    this.returned.set(result.token, result);
    return result;
  }
}

/** An error with the shape of Nest's HttpException. */
class HttpLikeError extends Error {
  override name = 'HttpLikeError';
  constructor(
    readonly status: number,
    token: string,
  ) {
    super(`${token} answered ${status}`);
  }
  getStatus(): number {
    return this.status;
  }
}

export function attemptsOf(name: string): number {
  return Number(name.slice(1)) % 4 === 0 ? 1 : 3;
}

export function isCompensated(name: string): boolean {
  return COMPENSATED.has(name);
}
