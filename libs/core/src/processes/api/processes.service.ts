import { coarseNow, isCatgaError, type MaybePromise } from '../../foundation/index.js';
import type { Type } from '../../messages/index.js';
import type { CommitBatch, CommitResult, NewEvent, Store } from '../../store/index.js';
import type { ProcessBlueprint } from '../definition/blueprint.js';
import { toDefinition } from '../definition/to-definition.js';
import type { ProcessEngine } from '../engine/process-engine.js';
import { isTerminal, PROCESSES, readRecord, streamOf, toSummary, type RunRecord } from '../engine/run-record.js';
import { History } from '../journal/history.js';
import { JournalEvent, toNewEvent, toRecorded, type EventMeta } from '../journal/journal-event.js';
import { CancelRequests } from '../recovery/cancel-requests.js';
import { toEventView } from '../views/event-view.js';
import type { Redaction, ShownValues } from '../views/redact.js';
import { toDetails, toProgress } from '../views/run-view.js';
import { Bell } from './bell.js';
import type { ProcessDefinition } from './process-definition.types.js';
import type { ProcessHandle } from './process-handle.js';
import {
  ProcessConflictError,
  ProcessNotFoundError,
  ProcessStepNotFoundError,
  ProcessUnknownError,
} from './process.errors.js';
import {
  PARKED,
  type CancelOptions,
  type CompensationDecision,
  type OperatorOptions,
  type ProcessDetails,
  type ProcessEventView,
  type ProcessFilter,
  type ProcessPage,
  type ProcessProgress,
  type StartOptions,
} from './process.types.js';
import { Processes } from './processes.js';

interface Found {
  readonly record: RunRecord;
  readonly history: History;
}

/** {@link Processes} on an engine and its store. */
export class ProcessesService extends Processes {
  constructor(
    private readonly store: Store,
    private readonly engine: ProcessEngine,
    private readonly blueprints: ReadonlyMap<string, ProcessBlueprint>,
    private readonly redaction: Redaction,
  ) {
    super();
  }

  override async start(
    process: Type<unknown> | string,
    command: object,
    options: StartOptions = {},
  ): Promise<ProcessHandle<never>> {
    const name = typeof process === 'string' ? process : this.nameOf(process);
    const { id, started } = await this.engine.start(name, command, options);
    return this.toHandle(id, started);
  }

  override async handle<R>(id: string): Promise<ProcessHandle<R>> {
    await this.record(id);
    return this.toHandle(id, false);
  }

  override async get(id: string): Promise<ProcessDetails> {
    const { record, history } = await this.find(id);
    return toDetails(id, record, history, this.shown(record.name));
  }

  override async status(id: string): Promise<ProcessProgress> {
    const { record, history } = await this.find(id);
    return toProgress(id, record, history, this.blueprints.get(record.name)?.steps.length ?? 0);
  }

  override async list(filter: ProcessFilter = {}): Promise<ProcessPage> {
    const tags: string[] = [];
    if (filter.name !== undefined) tags.push(`name:${filter.name}`);
    if (filter.status !== undefined) tags.push(`status:${filter.status}`);
    if (filter.tag !== undefined) tags.push(`tag:${filter.tag}`);
    const page = await this.store.findRecords({
      collection: PROCESSES,
      tags,
      order: 'newest',
      limit: Math.min(filter.limit ?? 50, 500),
      ...(filter.from === undefined ? {} : { createdFrom: filter.from }),
      ...(filter.to === undefined ? {} : { createdBefore: filter.to }),
      ...(filter.cursor === undefined ? {} : { cursor: filter.cursor }),
    });
    const processes = page.records.map((record) => toSummary(record.key, readRecord(record)));
    return page.cursor === undefined ? { processes } : { processes, cursor: page.cursor };
  }

  override definitions(): readonly ProcessDefinition[] {
    return [...this.blueprints.values()].map(toDefinition).sort((a, b) => a.name.localeCompare(b.name));
  }

  override commandOf(name: string): Type<object> {
    return this.blueprint(name).command;
  }

  override async events(
    id: string,
    options: { after?: number; limit?: number } = {},
  ): Promise<readonly ProcessEventView[]> {
    const record = await this.record(id);
    const values = this.shown(record.name);
    const events = await this.store.readStream(streamOf(id, record.run), {
      from: (options.after ?? 0) + 1,
      ...(options.limit === undefined ? {} : { limit: options.limit }),
    });
    return events.map((event) => toEventView(toRecorded(event), values));
  }

  override async *watch(
    id: string,
    options: { after?: number; signal?: AbortSignal } = {},
  ): AsyncGenerator<ProcessEventView> {
    let after = options.after ?? 0;
    const { signal } = options;
    const bell = new Bell(this.store, streamOf(id, (await this.record(id)).run), signal);
    try {
      while (!signal?.aborted) {
        bell.reset();
        for (const event of await this.events(id, { after })) {
          after = event.version;
          yield event;
        }
        if (isTerminal((await this.record(id)).status)) {
          yield* await this.events(id, { after });
          return;
        }
        await bell.rung();
      }
    } finally {
      bell.close();
    }
  }

  override async cancel(id: string, options: CancelOptions = {}): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) {
      if (this.engine.cancelActive(id, options)) return;
      const { record, history } = await this.find(id);
      if (isTerminal(record.status))
        throw new ProcessConflictError(id, 'cancel', record.status, 'A final process stays as it is.');
      if (history.cancel || record.status === 'compensating' || record.status === 'compensation-stuck') {
        throw new ProcessConflictError(id, 'cancel', record.status, 'It is being undone already.');
      }
      const request = new JournalEvent('ProcessCancelRequested', coarseNow(), cancellationMeta(options));
      if (record.status === 'running' && record.owner !== undefined && !this.engine.active.has(id)) {
        if (await this.askOwner(id, record, history, request, options)) return;
      } else if (
        record.status !== 'running' &&
        (await this.engine.claim(id, 'operator', { meta: operator(options), more: [request] })) === 'claimed'
      ) {
        return;
      }
      // The run has moved on meanwhile: look again.
      await new Promise((resolve) => setTimeout(resolve, 20 * (attempt + 1)));
    }
    const { record } = await this.find(id);
    throw new ProcessConflictError(id, 'cancel', record.status, 'It keeps changing; ask again.');
  }

  override async retry(id: string, options: OperatorOptions = {}): Promise<void> {
    const record = await this.record(id);
    if (!PARKED.has(record.status)) {
      throw new ProcessConflictError(
        id,
        'retry',
        record.status,
        'Only a parked process can be retried; start a final one again with onExisting: newRun.',
      );
    }
    const result = await this.engine.claim(id, 'operator', { meta: operator(options) });
    if (result === 'not-here') throw new ProcessUnknownError(record.name, [...this.blueprints.keys()]);
    if (result !== 'claimed')
      throw new ProcessConflictError(id, 'retry', (await this.record(id)).status, 'Somebody else was quicker.');
  }

  override async decideCompensation(
    id: string,
    step: string,
    decision: CompensationDecision,
    options: OperatorOptions = {},
  ): Promise<void> {
    const { record, history } = await this.find(id);
    const matching = [...history.steps.values()].filter((one) => one.key === step || one.name === step);
    if (matching.length === 0) throw new ProcessStepNotFoundError(id, step, [...history.steps.keys()]);
    const stuck = matching.find((one) => one.undo === 'stuck');
    if (record.status !== 'compensation-stuck' || !stuck) {
      throw new ProcessConflictError(
        id,
        `${decision} the compensation of "${step}" of`,
        record.status,
        'Its compensation is not waiting for a decision; somebody may have decided already.',
      );
    }
    const meta: EventMeta = { step: stuck.key, ...operator(options) };
    const more =
      decision === 'retry' ? [] : [new JournalEvent('ProcessStepCompensated', coarseNow(), { ...meta, decision })];
    const result = await this.engine.claim(id, 'operator', { meta: operator(options), more });
    if (result !== 'claimed')
      throw new ProcessConflictError(id, `decide about`, (await this.record(id)).status, 'Somebody else was quicker.');
  }

  /** Writes the request into the journal of a run that another node executes. False when the journal has moved on. */
  private async askOwner(
    id: string,
    record: RunRecord,
    history: History,
    request: JournalEvent,
    options: CancelOptions,
  ): Promise<boolean> {
    const encode = (event: NewEvent): NewEvent =>
      this.store.capabilities.payload === 'reference' ? event : toNewEvent(event);
    const batch: CommitBatch = {
      appends: [{ stream: streamOf(id, record.run), expectedVersion: history.version, events: [encode(request)] }],
      records: [CancelRequests.note(this.store, id, record.owner as string, options)],
    };
    try {
      await (this.store.commit(batch) as MaybePromise<CommitResult>);
      return true;
    } catch (error) {
      if (isCatgaError(error, 'CATGA_VERSION_CONFLICT')) return false;
      throw error;
    }
  }

  private toHandle<R>(id: string, started: boolean): ProcessHandle<R> {
    return {
      id,
      started,
      result: () => this.engine.result(id) as Promise<R>,
      status: () => this.status(id),
      cancel: (options) => this.cancel(id, options),
    };
  }

  /** Values of a process as they may be shown. */
  private shown(name: string): ShownValues {
    return this.redaction.shown(this.engine.values(name));
  }

  private async find(id: string): Promise<Found> {
    const record = await this.record(id);
    const history = await History.load(this.store, streamOf(id, record.run), this.engine.renames(record.name));
    return { record, history };
  }

  private async record(id: string): Promise<RunRecord> {
    const stored = await this.store.getRecord(PROCESSES, id);
    if (!stored) throw new ProcessNotFoundError(id);
    return readRecord(stored);
  }

  private nameOf(process: Type<unknown>): string {
    for (const blueprint of this.blueprints.values()) if (blueprint.target === process) return blueprint.name;
    throw new ProcessUnknownError(process.name, [...this.blueprints.keys()]);
  }

  private blueprint(name: string): ProcessBlueprint {
    const found = this.blueprints.get(name);
    if (!found) throw new ProcessUnknownError(name, [...this.blueprints.keys()]);
    return found;
  }
}

function operator(options: OperatorOptions): EventMeta {
  return {
    ...(options.by === undefined ? {} : { by: options.by }),
    ...(options.reason === undefined ? {} : { explanation: options.reason }),
  };
}

function cancellationMeta({ compensate = true, by, reason }: CancelOptions): EventMeta {
  return { compensate, ...(by === undefined ? {} : { by }), ...(reason === undefined ? {} : { reason }) };
}
