import {
  coarseNow,
  isCatgaError,
  isPromise,
  systemClock,
  type Clock,
  type RetryPolicy,
} from '../../foundation/index.js';
import type { MessageContext } from '../../messages/index.js';
import type { Mediator } from '../../mediator/index.js';
import type { Codec, NewEvent, Store } from '../../store/index.js';
import {
  ProcessAlreadyExistsError,
  ProcessCancelledError,
  ProcessFailedError,
  ProcessNotFoundError,
  ProcessParkedError,
  ProcessUnknownError,
} from '../api/process.errors.js';
import { EngineStoppedError } from '../api/engine.errors.js';
import { PARKED, type CancelOptions, type ExistingProcessPolicy, type StartOptions } from '../api/process.types.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import { History } from '../journal/history.js';
import { JournalEvent, toNewEvent, toRecorded, type EventMeta } from '../journal/journal-event.js';
import { valuesFor, type Values } from '../journal/values.js';
import { CompiledProcess } from './compiled-process.js';
import { Deadlines } from './deadlines.js';
import { ProcessRun, type RunIdentity } from './process-run.js';
import type { Ownership, RunEnvironment, RunLimits, RunOutcome } from './run-environment.js';
import { isTerminal, PROCESSES, readRecord, recordWrite, streamOf, type RunRecord } from './run-record.js';
import { TurnLoop } from './turn-loop.js';
import { Waiters } from './waiters.js';

/** What an engine is made of. */
export interface EngineOptions {
  readonly store: Store;
  readonly mediator: Mediator;
  readonly codec: Codec;
  readonly ownership: Ownership;
  readonly limits: RunLimits;
  readonly defaults: { readonly timeout: number; readonly retry: RetryPolicy };
  /** When a run with this line is removed; undefined: never by age. */
  readonly removeAt?: (record: RunRecord) => number | undefined;
  readonly clock?: Clock;
  readonly warn?: (message: string) => void;
  /** A run has become final. */
  readonly onFinal?: (run: ProcessRun) => void;
  /** A run waits for this time. */
  readonly onSuspended?: (until: number) => void;
}

/** Why a run is taken over. `expired` counts towards poison; the others do not. */
export type ClaimReason = 'expired' | 'released' | 'due' | 'operator';

/** More about a claim. */
export interface ClaimDetails {
  /** Who asked for it. */
  readonly meta?: EventMeta;
  /** Events that an operator's decision adds. */
  readonly more?: readonly JournalEvent[];
  /** Claim only if the run still belongs to this node, or to none. */
  readonly from?: { readonly owner: string | undefined };
}

/** How a claim ended. */
export type ClaimResult = 'claimed' | 'active' | 'final' | 'parked' | 'lost' | 'not-here' | 'unknown';

interface Registered {
  readonly process: CompiledProcess;
  readonly values: Values;
}

/** A run that was started, or found. */
export interface Started {
  readonly id: string;
  readonly started: boolean;
}

/**
 * The runs that this node executes.
 *
 * Invariants: a run is executed by the one object in `active`; a run that this node has not started itself is executed
 * only after its claim is durable.
 */
export class ProcessEngine {
  readonly active = new Map<string, ProcessRun>();
  private readonly processes = new Map<string, Registered>();
  private readonly waiters = new Waiters();
  private readonly env: RunEnvironment;
  private readonly clock: Clock;
  private readonly direct: boolean;
  private stopping = false;

  constructor(private readonly options: EngineOptions) {
    const clock = (this.clock = options.clock ?? systemClock);
    const { store, mediator, ownership, limits, defaults } = options;
    this.direct = store.openDirect !== undefined;
    this.env = {
      store,
      mediator,
      clock,
      ownership: {
        // Asked each time: a node whose lease was lost goes on under another id.
        get owner() {
          return ownership.owner;
        },
        whenValid: (begin) => {
          if (!this.stopping) ownership.whenValid(begin);
        },
      },
      limits,
      defaults,
      turns: new TurnLoop(),
      deadlines: new Deadlines(
        () => this.active.values(),
        () => clock.now(),
      ),
      over: (run, outcome) => this.over(run, outcome),
      resultOf: (id) => this.result(id),
      replay: (run) => void this.replay(run),
      removeAt: (record) => options.removeAt?.(record),
      idTaken: (run) => this.idTaken(run),
      startFailed: (run, error) => this.startFailed(run, error),
      reportInfrastructure: (id, step, error) => this.reportInfrastructure(id, step, error),
      warn: (message) => options.warn?.(message),
    };
  }

  register(blueprint: ProcessBlueprint, instance: object): void {
    const process = new CompiledProcess(blueprint, instance);
    this.processes.set(blueprint.name, {
      process,
      values: valuesFor(this.options.store, blueprint.codec ?? this.options.codec),
    });
  }

  /** @throws {ProcessUnknownError} */
  blueprint(name: string): ProcessBlueprint {
    return this.registered(name).process.blueprint;
  }

  values(name: string): Values {
    return this.processes.get(name)?.values ?? valuesFor(this.options.store, this.options.codec);
  }

  renames(name: string): ReadonlyMap<string, string> {
    return this.processes.get(name)?.process.renames ?? new Map();
  }

  has(name: string): boolean {
    return this.processes.has(name);
  }

  // --- starting -----------------------------------------------------------------------------------------------------

  /** Starts a run; resolves when its start is durable. */
  start(name: string, command: object, options: StartOptions = {}): Promise<Started> {
    return this.begin(this.registered(name), command, options, options.onExisting);
  }

  /** Starts a run and answers with its result: what the mediator calls. */
  execute(name: string, command: object, context?: MessageContext): Promise<unknown> {
    const registered = this.registered(name);
    const options: StartOptions = context ? cameFrom(context) : NO_OPTIONS;
    return (
      (this.direct && this.executeDirect(registered, command, options)) ||
      this.begin(registered, command, options).then(({ id }) => this.result(id))
    );
  }

  /** Straight on a store in memory. Undefined when anything is in the way: then the long way is taken. */
  private executeDirect(registered: Registered, command: object, options: StartOptions): Promise<unknown> | undefined {
    const { blueprint } = registered.process;
    if (this.stopping) return undefined;
    try {
      const id = `${blueprint.name}:${blueprint.idOf(command)}`;
      if (this.active.has(id)) return undefined;
      const run = this.newRun(registered, id, 1, command, options);
      run.awaited = true;
      this.active.set(id, run);
      try {
        run.start(command, 0);
      } catch (error) {
        this.active.delete(id);
        throw error;
      }
      return run.outcome;
    } catch {
      return undefined;
    }
  }

  private begin(
    registered: Registered,
    command: object,
    options: StartOptions,
    policy?: ExistingProcessPolicy,
  ): Promise<Started> {
    const { process } = registered;
    const onExisting = policy ?? process.blueprint.onExisting;
    if (this.stopping) return Promise.reject(new EngineStoppedError(process.blueprint.name));
    let id: string;
    try {
      id = `${process.blueprint.name}:${options.id ?? process.blueprint.idOf(command)}`;
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (this.active.has(id)) return this.existing(registered, id, command, options, onExisting);
    return this.launch(registered, id, 1, 0, command, options).catch((error: unknown) => {
      if (error !== taken && !isCatgaError(error, 'CATGA_VERSION_CONFLICT')) throw error;
      return this.existing(registered, id, command, options, onExisting);
    });
  }

  private launch(
    registered: Registered,
    id: string,
    number: number,
    recordVersion: number,
    command: object,
    options: StartOptions,
  ): Promise<Started> {
    const run = this.newRun(registered, id, number, command, options);
    return new Promise((resolve, reject) => {
      this.starting.set(run, reject);
      this.active.set(id, run);
      try {
        run.start(command, recordVersion, () => {
          this.starting.delete(run);
          resolve({ id, started: true });
        });
      } catch (error) {
        this.starting.delete(run);
        this.active.delete(id);
        reject(error as Error);
      }
    });
  }

  private newRun(
    registered: Registered,
    id: string,
    number: number,
    command: object,
    options: StartOptions,
  ): ProcessRun {
    const { blueprint } = registered.process;
    const tags =
      blueprint.tagsOf || options.tags ? [...(blueprint.tagsOf?.(command) ?? []), ...(options.tags ?? [])] : NO_TAGS;
    const identity: RunIdentity = {
      id,
      run: number,
      correlationId: options.correlationId ?? id,
      causationId: options.causationId,
      tenant: options.tenant,
      tags,
    };
    return new ProcessRun(this.env, registered.process, registered.values, identity, this.direct);
  }

  /** Runs whose first commit is under way. */
  private readonly starting = new Map<ProcessRun, (error: unknown) => void>();

  /**
   * The first commit of a run failed because the store is away: nothing has begun, so the caller is told at once.
   * Should the commit have gone through after all, the run is found and gone on with later.
   */
  private startFailed(run: ProcessRun, error: unknown): void {
    if (this.active.get(run.id) === run) this.active.delete(run.id);
    this.doubtful.add(run.id);
    const reject = this.starting.get(run);
    this.starting.delete(run);
    if (reject) reject(error);
    else this.waiters.reject(run.id, error);
  }

  /** Runs that may have been started although their caller was told otherwise. */
  private readonly doubtful = new Set<string>();

  /** Looks whether a start in doubt has happened, and goes on with it. */
  async settleDoubts(): Promise<void> {
    for (const id of this.doubtful) {
      await this.claim(id, 'released', { from: { owner: this.options.ownership.owner } });
      this.doubtful.delete(id);
    }
  }

  private idTaken(run: ProcessRun): void {
    if (this.active.get(run.id) === run) this.active.delete(run.id);
    this.starting.get(run)?.(taken);
    this.starting.delete(run);
  }

  private async existing(
    registered: Registered,
    id: string,
    command: object,
    options: StartOptions,
    policy: ExistingProcessPolicy,
  ): Promise<Started> {
    const stored = await this.options.store.getRecord(PROCESSES, id);
    const record = stored && readRecord(stored);
    if (record && policy === 'reject') throw new ProcessAlreadyExistsError(id, record.status);
    const again = !record || (policy === 'newRun' && isTerminal(record.status));
    // Another start may have been quicker while the store answered.
    if (!again || this.active.has(id)) return { id, started: false };
    const [number, version] = record ? [record.run + 1, stored.version] : [1, 0];
    return this.launch(registered, id, number, version, command, options).catch((error: unknown) => {
      if (error !== taken) throw error;
      return { id, started: false };
    });
  }

  // --- results ------------------------------------------------------------------------------------------------------

  /**
   * The result of a run, wherever it is executed.
   *
   * @throws {ProcessNotFoundError} {@link ProcessFailedError} {@link ProcessCancelledError} {@link ProcessParkedError}
   */
  result(id: string): Promise<unknown> {
    const waiting = this.waiters.wait(id);
    if (!this.active.has(id)) void this.check(id);
    return waiting;
  }

  /** Something may have happened to runs that others execute. */
  recheck(ids?: readonly string[]): void {
    for (const id of ids ?? this.waiters.ids()) {
      if (this.waiters.has(id) && !this.active.has(id)) void this.check(id);
    }
  }

  get hasRemoteWaiters(): boolean {
    for (const id of this.waiters.ids()) if (!this.active.has(id)) return true;
    return false;
  }

  private async check(id: string): Promise<void> {
    try {
      const stored = await this.options.store.getRecord(PROCESSES, id);
      if (!stored) return this.active.has(id) ? undefined : this.waiters.reject(id, new ProcessNotFoundError(id));
      const record = readRecord(stored);
      if (isTerminal(record.status)) return this.answer(id, record, await this.lastEvent(id, record.run));
      if (PARKED.has(record.status)) {
        const last = await this.lastEvent(id, record.run);
        this.waiters.reject(id, new ProcessParkedError(id, record.status, last?.meta.explanation ?? ''));
      }
    } catch (error) {
      // The store is away: whoever waits goes on waiting, and is looked after again.
      this.reportInfrastructure(id, undefined, error);
    }
  }

  private answer(id: string, record: RunRecord, last: Awaited<ReturnType<ProcessEngine['lastEvent']>>): void {
    const values = this.values(record.name);
    if (!last) return this.waiters.reject(id, new ProcessNotFoundError(id));
    if (record.status === 'completed') return this.waiters.resolve(id, values.decode(last.data));
    if (record.status === 'failed')
      return this.waiters.reject(id, new ProcessFailedError(id, values.decode(last.data)));
    this.waiters.reject(id, new ProcessCancelledError(id, last.meta.reason));
  }

  private async lastEvent(id: string, run: number) {
    const [event] = await this.options.store.readStream(streamOf(id, run), { direction: 'backward', limit: 1 });
    return event && toRecorded(event);
  }

  // --- taking over --------------------------------------------------------------------------------------------------

  /**
   * Makes this node the owner of a run that nobody executes, and goes on with it.
   *
   * Invariant: the claim is an event of the run's own stream, at the version that was read. Of two nodes that try, one
   * succeeds; a former owner's next write finds the stream longer than it left it and stops.
   */
  async claim(id: string, reason: ClaimReason, details: ClaimDetails = {}): Promise<ClaimResult> {
    if (this.stopping || this.active.has(id)) return 'active';
    const { store, ownership } = this.options;
    const stored = await store.getRecord(PROCESSES, id);
    if (!stored) return 'unknown';
    const record = readRecord(stored);
    const registered = this.processes.get(record.name);
    if (!registered) return 'not-here';
    if (isTerminal(record.status)) return 'final';
    if (PARKED.has(record.status) && reason !== 'operator') return 'parked';
    // Found some time ago: meanwhile another node may have been quicker, and is alive.
    if (details.from && details.from.owner !== record.owner) return 'lost';
    if (reason === 'due' && record.status !== 'waiting') return 'lost';
    const stream = streamOf(id, record.run);
    const history = await History.load(store, stream, registered.process.renames);
    if (reason === 'expired' && history.claimsWithoutProgress >= this.options.limits.maxClaims) {
      return this.poison(id, stream, record, history);
    }
    const claim: EventMeta = { ...details.meta, epoch: history.epoch + 1, owner: ownership.owner, reason };
    const events = [new JournalEvent('ProcessClaimed', coarseNow(), claim), ...(details.more ?? [])];
    const status = history.compensating ? 'compensating' : 'running';
    const { waitingUntil: _waiting, ...rest } = record;
    const write = recordWrite(store, id, { ...rest, status, owner: ownership.owner });
    if (this.active.has(id)) return 'active';
    if (!(await this.commitClaim(stream, history.version, events, write))) return 'lost';
    events.forEach((event) =>
      history.apply({
        type: event.type,
        version: history.version + 1,
        at: event.at,
        meta: event.metadata,
        data: event.data,
      }),
    );
    if (this.stopping || this.active.has(id)) return 'lost';
    this.resume(registered, id, record, history, reason === 'operator');
    return 'claimed';
  }

  private resume(registered: Registered, id: string, record: RunRecord, history: History, byOperator: boolean): void {
    const { started } = history;
    const identity: RunIdentity = {
      id,
      run: record.run,
      correlationId: started.correlationId ?? id,
      causationId: started.causationId,
      tenant: started.tenant,
      tags: record.tags,
    };
    if (history.terminal?.type === 'ProcessContinuedAsNew') {
      return void this.continueAs(id, record.run, registered.values.decode(history.terminal.data) as object, identity);
    }
    const run = new ProcessRun(this.env, registered.process, registered.values, identity, this.direct);
    this.active.set(id, run);
    run.resume(history, byOperator);
  }

  private async commitClaim(
    stream: string,
    version: number,
    events: readonly JournalEvent[],
    write: ReturnType<typeof recordWrite>,
  ): Promise<boolean> {
    const encode = (event: NewEvent): NewEvent => (this.direct ? event : toNewEvent(event));
    try {
      const result = this.options.store.commit({
        appends: [{ stream, expectedVersion: version, events: events.map(encode) }],
        records: [write],
      });
      if (isPromise(result)) await result;
      return true;
    } catch (error) {
      if (isCatgaError(error, 'CATGA_VERSION_CONFLICT')) return false;
      throw error;
    }
  }

  private async poison(id: string, stream: string, record: RunRecord, history: History): Promise<ClaimResult> {
    const explanation = `It was taken over ${history.claimsWithoutProgress} times after a crash without getting on: it may be what kills its node. Look at its running step, then retry it.`;
    const event = new JournalEvent('ProcessSuspended', coarseNow(), { reason: 'poisoned', explanation });
    const { owner: _owner, waitingUntil: _waiting, ...rest } = record;
    const written = await this.commitClaim(
      stream,
      history.version,
      [event],
      recordWrite(this.options.store, id, { ...rest, status: 'poisoned' }),
    );
    this.options.warn?.(`${id} is parked as poisoned. ${explanation}`);
    this.recheck([id]);
    return written ? 'parked' : 'lost';
  }

  // --- operations ---------------------------------------------------------------------------------------------------

  /** Cancels a run that this node executes. Returns false when it does not, or when the run has ended its flow. */
  cancelActive(id: string, options: CancelOptions): boolean {
    return this.active.get(id)?.cancel(options) ?? false;
  }

  // --- shutdown -----------------------------------------------------------------------------------------------------

  /**
   * Begins nothing any more, gives bodies under way `limit` milliseconds to answer, writes what they answered, and
   * leaves the runs to whoever comes next. Answers with the ids of the runs it has left.
   */
  async stop(limit: number): Promise<string[]> {
    this.stopping = true;
    const until = this.clock.monotonic() + limit;
    while (this.clock.monotonic() < until && [...this.active.values()].some((run) => run.busy)) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const left = [...this.active.values()];
    await Promise.race([
      Promise.all(left.map((run) => new Promise<void>((resolve) => run.journal.whenDurable(resolve)))),
      new Promise((resolve) => setTimeout(resolve, Math.max(100, until - this.clock.monotonic()))),
    ]);
    this.crash();
    return left.map((run) => run.id);
  }

  /** Stops at once, as if the process had been killed: nothing more is written. For tests and lost leases. */
  crash(): void {
    this.stopping = true;
    // Whether their first write has arrived is unknown; whoever waits must not wait for ever.
    this.rejectStarting((run) => new EngineStoppedError(run.id));
    this.abandonAll();
    this.env.deadlines.stop();
    this.waiters.rejectAll((id) => new EngineStoppedError(id));
  }

  /** The lease is lost: every run belongs to somebody else now. */
  abandonAll(): void {
    for (const run of this.active.values()) run.abandon();
    this.active.clear();
    // Whoever has started them looks whether they exist, and starts them again if not.
    this.rejectStarting(() => taken);
  }

  private rejectStarting(error: (run: ProcessRun) => unknown): void {
    const starting = [...this.starting];
    this.starting.clear();
    for (const [run, reject] of starting) reject(error(run));
  }

  /** Lets any node take over a run that this one has left. The run's journal stays as it is. */
  async release(id: string): Promise<void> {
    const { store, ownership } = this.options;
    const stored = await store.getRecord(PROCESSES, id);
    if (!stored) return;
    const { owner, ...record } = readRecord(stored);
    if (owner !== ownership.owner) return;
    await store.commit({ records: [recordWrite(store, id, record, stored.version)] });
  }

  // --- what runs tell -----------------------------------------------------------------------------------------------

  private over(run: ProcessRun, outcome: RunOutcome): void {
    const { id } = run;
    if (this.active.get(id) === run) this.active.delete(id);
    switch (outcome.kind) {
      case 'completed':
        this.options.onFinal?.(run);
        return this.waiters.resolve(id, outcome.result);
      case 'failed':
        this.options.onFinal?.(run);
        return this.waiters.reject(id, new ProcessFailedError(id, outcome.error));
      case 'cancelled':
        this.options.onFinal?.(run);
        return this.waiters.reject(id, new ProcessCancelledError(id, outcome.reason));
      case 'parked':
        this.options.warn?.(`${id} is parked as ${outcome.status}. ${outcome.explanation}`);
        return this.waiters.reject(id, new ProcessParkedError(id, outcome.status, outcome.explanation));
      case 'suspended':
        return this.options.onSuspended?.(outcome.until);
      case 'continued':
        return void this.continueAs(id, run.identity.run, outcome.command, run.identity);
      case 'abandoned':
        return this.recheck([id]);
    }
  }

  /** The next run of a process that has asked for a fresh journal; the former one's is removed once it has begun. */
  private async continueAs(id: string, number: number, command: object, identity: RunIdentity): Promise<void> {
    const { store } = this.options;
    try {
      const stored = await store.getRecord(PROCESSES, id);
      if (!stored) return;
      const record = readRecord(stored);
      if (record.run !== number) return;
      const { tags, correlationId, causationId, tenant } = identity;
      await this.launch(this.registered(record.name), id, number + 1, stored.version, command, {
        tags,
        correlationId,
        ...(causationId === undefined ? {} : { causationId }),
        ...(tenant === undefined ? {} : { tenant }),
      });
      await store.commit({ deleteStreams: [streamOf(id, number)] });
    } catch (error) {
      this.reportInfrastructure(id, undefined, error);
      setTimeout(() => this.stopping || void this.continueAs(id, number, command, identity), 1_000);
    }
  }

  /** A step timed out in a flow that cannot be told: the same run is executed anew from its journal. */
  private async replay(old: ProcessRun): Promise<void> {
    const run = new ProcessRun(this.env, old.process, old.values, old.identity, false);
    run.journal = old.journal;
    this.active.set(run.id, run);
    run.resume(await History.load(this.options.store, run.stream, run.process.renames), false);
  }

  private lastReport = 0;

  private reportInfrastructure(id: string, step: string | undefined, error: unknown): void {
    // A store that is away fails every run at once: one line a second says it as well as a thousand.
    const now = this.clock.monotonic();
    if (now - this.lastReport < 1_000 && this.lastReport !== 0) return;
    this.lastReport = now;
    const where = step === undefined ? id : `step ${step} of ${id}`;
    this.options.warn?.(`${where} waits, nothing is undone: ${error instanceof Error ? error.message : String(error)}`);
  }

  private registered(name: string): Registered {
    const found = this.processes.get(name);
    if (!found) throw new ProcessUnknownError(name, [...this.processes.keys()]);
    return found;
  }
}

const NO_TAGS: readonly string[] = [];
const NO_OPTIONS: StartOptions = {};

function cameFrom({ correlationId, messageId, tenant }: MessageContext): StartOptions {
  return { correlationId, causationId: messageId, ...(tenant === undefined ? {} : { tenant }) };
}

/** The id exists; says so without a stack. */
const taken = Symbol('id taken');
