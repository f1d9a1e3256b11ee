import { systemClock, type Clock } from '../../foundation/index.js';
import type { MessageContext } from '../../messages/index.js';
import { EngineStoppedError } from '../api/engine.errors.js';
import type { CancelOptions, StartOptions } from '../api/process.types.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import { History } from '../journal/history.js';
import type { Values } from '../journal/values.js';
import { Deadlines } from './deadlines.js';
import { EngineState, type EngineOptions } from './engine-state.js';
import { ProcessRegistry } from './process-registry.js';
import { ProcessRun } from './process-run.js';
import type { Ownership, Run, RunEnvironment, RunOutcome } from './run.js';
import { RunClaims, type ClaimDetails, type ClaimReason, type ClaimResult } from './run-claims.js';
import { RunResults } from './run-results.js';
import { RunStarter, type Started } from './run-starter.js';
import { TurnLoop } from './turn-loop.js';

/** The processes that this node executes: starts them, takes them over, knows their results, stops. */
export class ProcessEngine {
  readonly results: RunResults;
  private readonly state: EngineState;
  private readonly registry: ProcessRegistry;
  private readonly starter: RunStarter;
  private readonly claims: RunClaims;
  private readonly clock: Clock;
  private lastReport = Number.NEGATIVE_INFINITY;

  constructor(private readonly options: EngineOptions) {
    this.clock = options.clock ?? systemClock;
    this.registry = new ProcessRegistry(options.store, options.codec);
    this.state = new EngineState(options, this.registry);
    this.state.env = this.environment();
    this.results = new RunResults(this.state);
    this.starter = new RunStarter(this.state);
    this.claims = new RunClaims(this.state, this.starter);
  }

  /** Runs in the memory of this node, by id. */
  get active(): ReadonlyMap<string, ProcessRun> {
    return this.state.active;
  }

  register(blueprint: ProcessBlueprint, instance: object): void {
    this.registry.add(blueprint, instance);
  }

  values(name: string): Values {
    return this.registry.values(name);
  }

  renames(name: string): ReadonlyMap<string, string> {
    return this.registry.renames(name);
  }

  /** Starts a run; resolves when its start is durable. @throws {ProcessUnknownError} */
  start(name: string, command: object, options: StartOptions = {}): Promise<Started> {
    return this.starter.start(this.registry.get(name), command, options);
  }

  /** Starts a run and answers with its result: what the mediator calls. */
  execute(name: string, command: object, context?: MessageContext): Promise<unknown> {
    const registered = this.registry.get(name);
    const options = context ? cameFrom(context) : NO_OPTIONS;
    return (
      this.starter.execute(registered, command, options) ??
      this.starter.start(registered, command, options).then(({ id }) => this.results.of(id))
    );
  }

  /** The result of a run, wherever it is executed. See {@link RunResults.of}. */
  result(id: string): Promise<unknown> {
    return this.results.of(id);
  }

  /** Makes this node the owner of a run that nobody executes, and goes on with it. */
  async claim(id: string, reason: ClaimReason, details?: ClaimDetails): Promise<ClaimResult> {
    const result = await this.claims.claim(id, reason, details);
    if (result === 'parked') this.results.recheck([id]);
    return result;
  }

  /** Looks whether starts and claims in doubt have happened after all, and goes on with those runs. */
  async settleDoubts(): Promise<void> {
    const ids = this.starter.takeDoubtful();
    for (const [at, id] of ids.entries()) {
      try {
        await this.claim(id, 'released', { from: { owner: this.options.ownership.owner } });
      } catch (error) {
        for (const left of ids.slice(at)) this.starter.doubt(left);
        throw error;
      }
    }
  }

  /** Cancels a run that this node executes. Returns false when it does not, or when the run has ended its flow. */
  cancelActive(id: string, options: CancelOptions): boolean {
    return this.state.active.get(id)?.cancel(options) ?? false;
  }

  /** See {@link RunClaims.release}. */
  release(id: string): Promise<void> {
    return this.claims.release(id);
  }

  /**
   * Begins nothing any more, gives bodies under way `limit` milliseconds to answer, writes what they answered, and
   * leaves the runs to whoever comes next. Answers with the ids of the runs it has left.
   */
  async stop(limit: number): Promise<string[]> {
    const { active } = this.state;
    this.state.stopping = true;
    const until = this.clock.monotonic() + limit;
    while (this.clock.monotonic() < until && [...active.values()].some((run) => run.busy)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const left = [...active.values()];
    const written = left.map((run) => new Promise<void>((resolve) => run.journal.whenDurable(resolve)));
    await atMost(Math.max(100, until - this.clock.monotonic()), Promise.all(written));
    this.crash();
    return left.map((run) => run.id);
  }

  /** Stops at once, as if the process had been killed: nothing more is written. For tests and the end of a shutdown. */
  crash(): void {
    this.state.stopping = true;
    this.starter.rejectAll((id) => new EngineStoppedError(id));
    this.abandonAll();
    this.state.env.deadlines.stop();
    this.results.stop((id) => new EngineStoppedError(id));
  }

  /** The lease is lost: every run belongs to somebody else now. */
  abandonAll(): void {
    for (const run of this.state.active.values()) run.abandon();
    this.state.active.clear();
    this.starter.letThemLookAgain();
  }

  private environment(): RunEnvironment {
    const { store, mediator, ownership, limits, defaults, removeAt, warn } = this.options;
    const { state, clock } = this;
    return {
      store,
      mediator,
      clock,
      limits,
      defaults,
      ownership: new RunOwnership(ownership, state),
      turns: new TurnLoop(),
      deadlines: new Deadlines(
        () => state.active.values(),
        () => clock.now(),
      ),
      over: (run, outcome) => this.over(run, outcome),
      resultOf: (id) => this.results.of(id),
      replay: (run) => void this.replay(run),
      removeAt: (record) => removeAt?.(record),
      idTaken: (run) => this.starter.idTaken(run),
      startFailed: (run, error) => {
        if (!this.starter.failed(run, error)) this.results.reject(run.id, error);
      },
      reportInfrastructure: (id, step, error) => this.reportInfrastructure(id, step, error),
      isStopping: () => state.stopping,
      warn: (message) => warn?.(message),
    };
  }

  private over(run: Run, outcome: RunOutcome): void {
    this.state.deactivate(run);
    switch (outcome.kind) {
      case 'completed':
      case 'failed':
      case 'cancelled':
        this.options.onFinal?.(run);
        break;
      case 'parked':
        this.state.env.warn(`${run.id} is parked as ${outcome.status}. ${outcome.explanation}`);
        break;
      case 'suspended':
        this.options.onSuspended?.(outcome.until);
        break;
      case 'continued':
        void this.starter.continueAs(run.identity, outcome.command);
        break;
      case 'abandoned':
        break;
    }
    this.results.tell(run, outcome);
  }

  /** A step timed out in a flow that cannot be told: the same run is executed anew from its journal. */
  private async replay(old: Run): Promise<void> {
    const run = new ProcessRun(this.state.env, old.process, old.values, old.identity);
    run.journal = old.journal;
    this.state.activate(run);
    run.resume(await History.load(this.options.store, run.stream, run.process.renames), false);
  }

  /** A store that is away fails every run at once: one line a second says it as well as a thousand. */
  private reportInfrastructure(id: string, step: string | undefined, error: unknown): void {
    const now = this.clock.monotonic();
    if (now - this.lastReport < 1_000) return;
    this.lastReport = now;
    const where = step === undefined ? id : `step ${step} of ${id}`;
    const message = error instanceof Error ? error.message : String(error);
    this.state.env.warn(`${where} waits, nothing is undone: ${message}`);
  }
}

/** What a node owns while it does not stop. A class, as an object literal with a getter is a slow one to V8. */
class RunOwnership implements Ownership {
  constructor(
    private readonly node: Ownership,
    private readonly state: EngineState,
  ) {}

  // Asked each time: a node whose lease was lost goes on under another id.
  get owner(): string {
    return this.node.owner;
  }

  whenValid(begin: () => void): void {
    if (!this.state.stopping) this.node.whenValid(begin);
  }
}

const NO_OPTIONS: StartOptions = {};

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, limit]);
  clearTimeout(timer);
}

function cameFrom({ correlationId, messageId, tenant }: MessageContext): StartOptions {
  // Not with a spread, which takes longer than all the rest: every process that a command starts comes by here.
  if (tenant === undefined) return { correlationId, causationId: messageId };
  return { correlationId, causationId: messageId, tenant };
}
