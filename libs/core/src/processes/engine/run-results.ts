import {
  ProcessCancelledError,
  ProcessFailedError,
  ProcessNotFoundError,
  ProcessParkedError,
} from '../api/process.errors.js';
import { PARKED } from '../api/process.types.js';
import { toRecorded, type RecordedEvent } from '../journal/journal-event.js';
import type { EngineState } from './engine-state.js';
import type { Run, RunOutcome } from './run.js';
import { isTerminal, PROCESSES, readRecord, streamOf, type RunRecord } from './run-record.js';
import { Waiters } from './waiters.js';

/**
 * Results of runs, wherever they are executed.
 *
 * Invariant: an answer is given only after the event that decides it is durable.
 */
export class RunResults {
  private readonly waiters = new Waiters();
  /** Set when this node has stopped: nobody would ever answer whoever asks from then on. */
  private stopped: ((id: string) => Error) | undefined;

  constructor(private readonly state: EngineState) {}

  /** @throws {ProcessNotFoundError} {@link ProcessFailedError} {@link ProcessCancelledError} {@link ProcessParkedError} */
  of(id: string): Promise<unknown> {
    if (this.stopped) return Promise.reject(this.stopped(id));
    const waiting = this.waiters.wait(id);
    if (!this.state.active.has(id)) void this.check(id);
    return waiting;
  }

  /** Somebody waits for a run that this node does not execute. */
  get awaitOthers(): boolean {
    for (const id of this.waiters.ids()) if (!this.state.active.has(id)) return true;
    return false;
  }

  /** Something may have happened to runs that others execute. */
  recheck(ids: Iterable<string> = this.waiters.ids()): void {
    for (const id of ids) if (this.waiters.has(id) && !this.state.active.has(id)) void this.check(id);
  }

  /** A run of this node has left memory. */
  tell(run: Run, outcome: RunOutcome): void {
    // Usually whoever has started a run in memory has its promise, and nobody waits here: then its id need not be made.
    if (this.waiters.size === 0) return;
    const { id } = run;
    switch (outcome.kind) {
      case 'completed':
        return this.waiters.resolve(id, outcome.result);
      case 'failed':
        return this.waiters.reject(id, new ProcessFailedError(id, outcome.error));
      case 'cancelled':
        return this.waiters.reject(id, new ProcessCancelledError(id, outcome.reason));
      case 'parked':
        return this.waiters.reject(id, new ProcessParkedError(id, outcome.status, outcome.explanation));
      case 'abandoned':
        return this.recheck([id]);
      case 'suspended':
      case 'continued':
        // It goes on; whoever waits goes on waiting.
        return;
    }
  }

  reject(id: string, error: unknown): void {
    this.waiters.reject(id, error);
  }

  /** Gives up: everybody who waits, or asks from now on, gets this error. */
  stop(error: (id: string) => Error): void {
    this.stopped = error;
    this.waiters.rejectAll(error);
  }

  private async check(id: string): Promise<void> {
    const { store } = this.state.options;
    try {
      const stored = await store.getRecord(PROCESSES, id);
      if (!stored) {
        // Not written yet, or gone.
        if (!this.state.active.has(id)) this.waiters.reject(id, new ProcessNotFoundError(id));
        return;
      }
      const record = readRecord(stored);
      if (!isTerminal(record.status) && !PARKED.has(record.status)) return;
      const [last] = await store.readStream(streamOf(id, record.run), { direction: 'backward', limit: 1 });
      this.answer(id, record, last && toRecorded(last));
    } catch (error) {
      // The store is away: whoever waits goes on waiting, and is looked after again.
      this.state.env.reportInfrastructure(id, undefined, error);
    }
  }

  private answer(id: string, record: RunRecord, last: RecordedEvent | undefined): void {
    if (!last) return this.waiters.reject(id, new ProcessNotFoundError(id));
    const { status } = record;
    const value = (): unknown => this.state.registry.values(record.name).decode(last.data);
    if (status === 'completed') this.waiters.resolve(id, value());
    else if (status === 'failed') this.waiters.reject(id, new ProcessFailedError(id, value()));
    else if (status === 'cancelled') this.waiters.reject(id, new ProcessCancelledError(id, last.meta.reason));
    else this.waiters.reject(id, new ProcessParkedError(id, status, last.meta.explanation ?? ''));
  }
}
