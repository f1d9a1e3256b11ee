import { setImmediate } from 'node:timers';
import type { Worker } from 'node:worker_threads';
import { StoreUnavailableError, type CommitBatch, type CommitResult } from '@catga/core';
import { conflictError, doneResult, repeatedResult } from './commit-answer.js';
import { writeCommit } from './commit-cells.js';
import { toError } from './sqlite.errors.js';
import { startWorker } from './worker-thread.js';
import type { Cell } from './worker/driver.js';
import {
  OUTCOME,
  type CommitsDone,
  type WorkerSettings,
  type WriterReply,
  type WriterRequest,
} from './worker/protocol.js';

/** A commit whose answer is awaited. */
interface Waiting {
  readonly batch: CommitBatch;
  readonly resolve: (result: CommitResult) => void;
  readonly reject: (error: Error) => void;
}

/** A request whose answer is awaited. The worker answers in the order it was asked. */
type Posted =
  | { readonly kind: 'commits'; readonly waiting: readonly Waiting[] }
  | {
      readonly kind: 'open' | 'ping' | 'check' | 'close';
      readonly resolve: () => void;
      readonly reject: (error: Error) => void;
    };

/** What the client tells its store. */
export interface WriterEvents {
  /** A commit of this store has succeeded. */
  committed(batch: CommitBatch): void;
  /** Somebody else has committed to the same file. */
  foreign(): void;
}

/**
 * The main thread's end of the writer. Commits of one turn of the event loop go over in one message; the writer puts
 * everything it finds waiting into one transaction.
 */
export class WriterClient {
  private worker: Worker | undefined;
  private cells: Cell[] = [];
  private waiting: Waiting[] = [];
  private readonly posted: Posted[] = [];
  private scheduled = false;

  constructor(
    private readonly settings: WorkerSettings,
    private readonly events: WriterEvents,
  ) {}

  /** True while an answer is awaited. */
  get busy(): boolean {
    return this.posted.length > 0;
  }

  commit(batch: CommitBatch): Promise<CommitResult> {
    return new Promise((resolve, reject) => {
      writeCommit(this.cells, batch);
      this.waiting.push({ batch, resolve, reject });
      if (!this.scheduled) {
        this.scheduled = true;
        setImmediate(this.flush);
      }
    });
  }

  /** Opens the file; fails as the first commit would. */
  open(): Promise<void> {
    return this.ask('open');
  }

  ping(): Promise<void> {
    return this.ask('ping');
  }

  /** Has the writer look whether somebody else has committed. */
  check(): Promise<void> {
    return this.ask('check');
  }

  /** Waits for the commits under way, then ends the worker. */
  async close(): Promise<void> {
    this.flush();
    if (this.worker === undefined) return;
    await this.ask('close');
    const { worker } = this;
    this.worker = undefined;
    await worker?.terminate();
  }

  private ask(kind: 'open' | 'ping' | 'check' | 'close'): Promise<void> {
    this.flush();
    return new Promise((resolve, reject) => this.post({ kind }, { kind, resolve, reject }));
  }

  private readonly flush = (): void => {
    this.scheduled = false;
    const { cells, waiting } = this;
    if (waiting.length === 0) return;
    this.cells = [];
    this.waiting = [];
    this.post({ kind: 'commits', count: waiting.length, cells }, { kind: 'commits', waiting });
  };

  private post(request: WriterRequest, posted: Posted): void {
    const worker = (this.worker ??= this.start());
    if (this.posted.push(posted) === 1) worker.ref();
    worker.postMessage(request);
  }

  private start(): Worker {
    const worker = startWorker(this.settings);
    let reason = 'it ended';
    worker.on('message', (reply: WriterReply) => this.answered(reply));
    worker.on('error', (error) => (reason = String(error)));
    worker.on('exit', () => this.lost(worker, reason));
    worker.unref(); // last: a listener for messages would undo it
    return worker;
  }

  private answered(reply: WriterReply): void {
    const posted = this.posted.shift();
    if (this.posted.length === 0) this.worker?.unref();
    if (posted?.kind === 'commits' && reply.kind === 'commits') this.settle(posted.waiting, reply);
    else if (posted?.kind !== 'commits' && reply.kind !== 'commits') {
      if (reply.fault === undefined) posted?.resolve();
      else posted?.reject(toError(this.settings.path, reply.fault));
    }
    if (reply.kind === 'commits' ? reply.foreign : reply.foreign === true) this.events.foreign();
  }

  private settle(waiting: readonly Waiting[], { outcomes, faults }: CommitsDone): void {
    let at = 0;
    const next = (): number => outcomes[at++] as number;
    for (const { batch, resolve, reject } of waiting) {
      const outcome = next();
      if (outcome === OUTCOME.done) {
        const result = doneResult(batch, next);
        this.events.committed(batch);
        resolve(result);
      } else if (outcome === OUTCOME.repeated) {
        resolve(repeatedResult(next));
      } else if (outcome === OUTCOME.failed) {
        reject(toError(this.settings.path, faults[next()] ?? { reason: 'unknown', detail: 'no reason was given' }));
      } else {
        reject(conflictError(outcome, batch, next(), next()));
      }
    }
  }

  /** The worker is gone without having been told to. What it was working on may or may not have been written. */
  private lost(worker: Worker, reason: string): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const error = new StoreUnavailableError(
      'connection',
      `The writer thread of the SQLite file "${this.settings.path}" has died (${reason}). A new one is started; whether the commits under way were written is not known: read before trying again.`,
      { details: { path: this.settings.path } },
    );
    for (const posted of this.posted.splice(0)) {
      if (posted.kind === 'commits') for (const { reject } of posted.waiting) reject(error);
      else posted.reject(error);
    }
    // What was not sent yet is not lost: it goes to a new worker.
    this.flush();
  }
}
