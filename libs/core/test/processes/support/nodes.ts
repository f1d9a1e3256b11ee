import type { Clock } from '../../../src/foundation/index.js';
import { Mediator } from '../../../src/mediator/index.js';
import type { Type } from '../../../src/messages/index.js';
import { ProcessContext } from '../../../src/processes/api/process-context.js';
import type { ProcessEventView } from '../../../src/processes/api/process.types.js';
import {
  readBlueprint,
  resolveProcessOptions,
  type ProcessesOptions,
} from '../../../src/processes/definition/index.js';
import { defaultCodec } from '../../../src/processes/journal/default-codec.js';
import { ProcessRuntime, type RuntimeSettings } from '../../../src/processes/process-runtime.js';
import { MemoryStore, type Codec, type Store, type StoreCapabilities } from '../../../src/store/index.js';

/** A store in memory that says what a database says: it survives its nodes, and several of them work on it. */
export class SharedStore extends MemoryStore {
  declare readonly capabilities: StoreCapabilities;

  constructor(clock?: Clock) {
    super({ mode: 'copy', ...(clock ? { clock } : {}) });
    this.capabilities = { ...this.capabilities, durable: true, shared: true };
  }
}

/** Time that passes when the test says so. */
export class TestClock implements Clock {
  private time = Date.now();

  now(): number {
    return this.time;
  }

  monotonic(): number {
    return this.time;
  }

  advance(ms: number): void {
    this.time += ms;
  }
}

/** Notes what the bodies of steps do, and lets a test hold them or make them fail. */
export class World {
  readonly log: string[] = [];
  /** Signals of steps that have put theirs here. */
  readonly signals: AbortSignal[] = [];
  private readonly plans = new Map<string, ((...args: unknown[]) => unknown)[]>();

  /** What the next calls of a step do in place of answering at once; the last plan is for all that follow. */
  plan(step: string, ...plans: ((...args: unknown[]) => unknown)[]): this {
    this.plans.set(step, plans);
    return this;
  }

  /** Makes the next calls of a step fail with these errors, one after the other; then it works. */
  fail(step: string, ...errors: Error[]): this {
    const fails = errors.map((error) => () => {
      throw error;
    });
    return this.plan(step, ...fails, () => undefined);
  }

  /** The next call of a step waits for ever; the promise is fulfilled when it has begun. */
  hang(step: string): Promise<void> {
    return new Promise((resolve) => {
      this.plan(step, () => {
        resolve();
        return new Promise(() => {});
      });
    });
  }

  /** The next call of a step waits until the test lets it go on. */
  hold(step: string): { readonly begun: Promise<void>; release: () => void } {
    let release!: () => void;
    let begin!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    const begun = new Promise<void>((resolve) => (begin = resolve));
    this.plan(
      step,
      () => {
        begin();
        return released;
      },
      () => undefined,
    );
    return { begun, release };
  }

  /** All steps work again. */
  heal(): this {
    this.plans.clear();
    return this;
  }

  /** The body of a step: notes the call, does what is planned, answers with `{step}!` if the plan does not say else. */
  async act(step: string, ...args: unknown[]): Promise<string> {
    this.log.push(args.length === 0 ? step : `${step} ${args.map(String).join(' ')}`);
    const plans = this.plans.get(step) ?? [];
    const plan = plans.length > 1 ? plans.shift() : plans[0];
    return ((await plan?.(...args)) as string | undefined) ?? `${step}!`;
  }

  count(entry: string): number {
    return this.log.filter((one) => one === entry).length;
  }

  /** Resolves when a call has been made so often. */
  async reached(entry: string, times: number): Promise<void> {
    for (let i = 0; this.count(entry) < times; i++) {
      if (i === 500) throw new Error(`${entry} was called ${this.count(entry)} times, not ${times}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

/** Keeps what was sent, with its options. */
export class SpyMediator extends Mediator {
  readonly sent: { readonly message: object; readonly options: object | undefined }[] = [];
  override send(message: object, options?: object): Promise<never> {
    this.sent.push({ message, options });
    return Promise.resolve(undefined as never);
  }
  override publish(): Promise<void> {
    return Promise.resolve();
  }
}

/** What a test may set about a node. */
export interface NodeOptions {
  readonly processes?: ProcessesOptions;
  readonly clock?: Clock;
  readonly settings?: Partial<RuntimeSettings>;
  readonly mediator?: Mediator;
  readonly codec?: Codec;
}

/** A process class that the test makes with its world. */
export type ProcessClass = new (world: World, context: ProcessContext, mediator: Mediator) => object;

/** A node: everything that executes processes, on a store that other nodes may use too. */
export class TestNode {
  readonly runtime: ProcessRuntime;
  readonly warnings: string[] = [];

  constructor(store: Store, world: World, classes: readonly ProcessClass[], options: NodeOptions = {}) {
    const mediator = options.mediator ?? new SpyMediator();
    const targets = classes as readonly Type<object>[];
    const resolved = resolveProcessOptions({ defaultBackoff: 1, ...options.processes }, targets);
    this.runtime = new ProcessRuntime({
      store,
      mediator,
      codec: options.codec ?? defaultCodec(),
      settings: { ...resolved, ...options.settings },
      warn: (message) => this.warnings.push(message),
      ...(options.clock ? { clock: options.clock } : {}),
    });
    for (const target of classes) {
      this.runtime.register(
        readBlueprint(target as Type<object>, resolved),
        new target(world, new ProcessContext(), mediator),
      );
    }
    nodes.push(this);
  }

  get processes(): ProcessRuntime['processes'] {
    return this.runtime.processes;
  }

  get engine(): ProcessRuntime['engine'] {
    return this.runtime.engine;
  }

  async start(): Promise<this> {
    await this.runtime.start();
    return this;
  }

  /** As kill -9 would. */
  crash(): void {
    this.runtime.crash();
  }

  /** Journal of a run, one line an event. */
  async journal(id: string): Promise<string[]> {
    return (await this.processes.events(id)).map(line);
  }

  /** Resolves when the run is where the test wants it. */
  async until(id: string, status: string): Promise<void> {
    for (let i = 0; (await this.processes.get(id)).status !== status; i++) {
      if (i === 500) throw new Error(`${id} is ${(await this.processes.get(id)).status}, not ${status}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

const nodes: TestNode[] = [];

/** Stops every node that a test has made: call it after each. */
export function crashAllNodes(): void {
  for (const node of nodes.splice(0)) node.crash();
}

function line({ type, data }: ProcessEventView): string {
  const short = type.replace(/^Process/, '');
  const { step, outcome, reason, decision } = data as Partial<Record<string, string>>;
  const why = short === 'Suspended' || short === 'Claimed' ? reason : undefined;
  return [short, step, outcome, decision, why].filter((one) => one !== undefined).join(' ');
}

/** Lets everything that is ready run. */
export async function settle(turns = 20): Promise<void> {
  for (let i = 0; i < turns; i++) await new Promise((resolve) => setImmediate(resolve));
}
