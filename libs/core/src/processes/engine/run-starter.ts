import { isCatgaError } from '../../foundation/index.js';
import { EngineStoppedError } from '../api/engine.errors.js';
import { ProcessAlreadyExistsError } from '../api/process.errors.js';
import type { ExistingProcessPolicy, StartOptions } from '../api/process.types.js';
import type { EngineState } from './engine-state.js';
import { FORMER_RUNS, formerRunWrite } from './former-run.js';
import type { RegisteredProcess } from './process-registry.js';
import type { ProcessRun } from './process-run.js';
import type { Run } from './run.js';
import type { RunIdentity } from './run-identity.js';
import { NO_TAGS, RunStarted } from './run-started.js';
import { isTerminal, PROCESSES, readRecord, streamOf, type RunRecord } from './run-record.js';

/** A run that was started, or found. */
export interface Started {
  readonly id: string;
  readonly started: boolean;
}

/** The id exists; says so without a stack. */
const taken = Symbol('id taken');

/**
 * Begins runs.
 *
 * Invariant: of two starts of one id, on one node or on two, one writes the first event; the other finds it.
 */
export class RunStarter {
  /** Runs whose first commit is under way, with how to tell whoever has started them. */
  private readonly starting = new Map<Run, (error: unknown) => void>();
  /** Ids whose start or claim may have been written although this node was told otherwise. */
  private readonly doubtful = new Set<string>();

  constructor(private readonly state: EngineState) {}

  /** Resolves when the start is durable. */
  start(registered: RegisteredProcess, command: object, options: StartOptions): Promise<Started> {
    const { blueprint, idPrefix } = registered.process;
    if (this.state.stopping) return Promise.reject(new EngineStoppedError(blueprint.name));
    let id: string;
    try {
      id = idPrefix + (options.id ?? blueprint.idOf(command));
    } catch (error) {
      return Promise.reject(error as Error);
    }
    if (this.state.active.has(id)) return this.existing(registered, id, command, options);
    return this.launch(registered, id, 1, 0, command, options).catch((error: unknown) => {
      if (error !== taken && !exists(error)) throw error;
      return this.existing(registered, id, command, options);
    });
  }

  /**
   * The shortest way, on a store in memory: answers with the result itself. Undefined when anything is in the way; then
   * {@link start} finds out what.
   */
  execute(registered: RegisteredProcess, command: object, options: StartOptions): Promise<unknown> | undefined {
    const { blueprint } = registered.process;
    const { direct, stopping } = this.state;
    if (!direct || stopping) return undefined;
    let run: ProcessRun | undefined;
    try {
      const first = this.first(registered, blueprint.idOf(command), 1, command, options);
      run = this.state.newRun(registered, first);
      run.awaited = true;
      this.state.activateBriefly(run);
      // Throws when the id exists.
      run.start(first, command, 0);
      return run.outcome;
    } catch {
      if (run) this.state.deactivate(run);
      return undefined;
    }
  }

  /** The next run of a process that has asked for a fresh journal; the former one's is removed once it has begun. */
  async continueAs({ id, run: number, ...more }: RunIdentity, command: object): Promise<void> {
    const { options, env, registry } = this.state;
    const { correlationId, causationId, tenant, tags } = more;
    try {
      const stored = await options.store.getRecord(PROCESSES, id);
      if (!stored) return;
      const record = readRecord(stored);
      if (record.run !== number) return;
      await this.keepFormer(id, record, env.clock.now());
      await this.launch(registry.get(record.name), id, number + 1, stored.version, command, {
        tags,
        correlationId,
        ...(causationId === undefined ? {} : { causationId }),
        ...(tenant === undefined ? {} : { tenant }),
      });
      const stream = streamOf(id, number);
      await options.store.commit({ deleteStreams: [stream], records: [{ collection: FORMER_RUNS, key: stream }] });
    } catch (error) {
      env.reportInfrastructure(id, undefined, error);
      setTimeout(() => this.state.stopping || void this.continueAs({ id, run: number, ...more }, command), 1_000);
    }
  }

  /** The first commit of a run found its id taken. */
  idTaken(run: Run): void {
    this.state.deactivate(run);
    this.starting.get(run)?.(taken);
    this.starting.delete(run);
  }

  /**
   * The first commit of a run found the store away: nothing has begun, so the caller is told at once. Should it have
   * gone through after all, {@link takeDoubtful} has the run found and gone on with. False: nobody waits here.
   */
  failed(run: Run, error: unknown): boolean {
    this.state.deactivate(run);
    this.doubt(run.id);
    const reject = this.starting.get(run);
    this.starting.delete(run);
    reject?.(error);
    return reject !== undefined;
  }

  /** Its first commit is under way. */
  isStarting(run: Run): boolean {
    return this.starting.has(run);
  }

  /** This node may own the run without executing it. */
  doubt(id: string): void {
    this.doubtful.add(id);
  }

  /** Ids to look for since the last call. */
  takeDoubtful(): string[] {
    const ids = [...this.doubtful];
    this.doubtful.clear();
    return ids;
  }

  /** Whoever has started a run whose first commit is under way looks again whether it exists. */
  letThemLookAgain(): void {
    this.rejectAll(() => taken);
  }

  /** Whether the first writes have arrived is unknown; whoever waits must not wait for ever. */
  rejectAll(error: (id: string) => unknown): void {
    const starting = [...this.starting];
    this.starting.clear();
    for (const [run, reject] of starting) reject(error(run.id));
  }

  private launch(
    registered: RegisteredProcess,
    id: string,
    number: number,
    recordVersion: number,
    command: object,
    options: StartOptions,
  ): Promise<Started> {
    return new Promise((resolve, reject) => {
      const ownId = id.slice(registered.process.idPrefix.length);
      const first = this.first(registered, ownId, number, command, options);
      const run = this.state.newRun(registered, first);
      this.starting.set(run, reject);
      this.state.activate(run);
      try {
        run.start(first, command, recordVersion, () => {
          this.starting.delete(run);
          resolve({ id, started: true });
        });
      } catch (error) {
        this.starting.delete(run);
        this.state.deactivate(run);
        reject(error as Error);
      }
    });
  }

  private first(
    { process }: RegisteredProcess,
    ownId: string,
    run: number,
    command: object,
    { correlationId, causationId, tenant, tags }: StartOptions,
  ): RunStarted {
    const own = process.blueprint.tagsOf?.(command);
    const all = own || tags ? [...(own ?? []), ...(tags ?? [])] : NO_TAGS;
    return new RunStarted(
      process.originAt(this.state.env.ownership.owner),
      ownId,
      run,
      correlationId,
      causationId,
      tenant,
      all,
    );
  }

  /** Lets retention find the journal of a run that is about to be followed by another. In memory it has it in hand. */
  private async keepFormer(id: string, record: RunRecord, removeAt: number | undefined): Promise<void> {
    const { store } = this.state.options;
    if (store.capabilities.durable || store.capabilities.shared)
      await store.commit({ records: [formerRunWrite(store, id, record, removeAt)] });
  }

  private async existing(
    registered: RegisteredProcess,
    id: string,
    command: object,
    options: StartOptions,
  ): Promise<Started> {
    const policy: ExistingProcessPolicy = options.onExisting ?? registered.process.blueprint.onExisting;
    const stored = await this.state.options.store.getRecord(PROCESSES, id);
    const record = stored && readRecord(stored);
    if (record && policy === 'reject') throw new ProcessAlreadyExistsError(id, record.status);
    const again = !record || (policy === 'newRun' && isTerminal(record.status));
    if (again && record) await this.keepFormer(id, record, this.state.env.removeAt(record));
    // Another start may have been quicker while the store answered.
    if (!again || this.state.active.has(id)) return { id, started: false };
    const [number, version] = record ? [record.run + 1, stored.version] : [1, 0];
    return this.launch(registered, id, number, version, command, options).catch((error: unknown) => {
      if (error !== taken) throw error;
      return { id, started: false };
    });
  }
}

/** A store in memory says at once that the id exists. */
function exists(error: unknown): boolean {
  return isCatgaError(error, 'CATGA_VERSION_CONFLICT') || isCatgaError(error, 'CATGA_RECORD_CONFLICT');
}
