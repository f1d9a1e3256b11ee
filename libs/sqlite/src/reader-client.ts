import type { Worker } from 'node:worker_threads';
import { StoreUnavailableError } from '@catga/core';
import { toError } from './sqlite.errors.js';
import { startWorker } from './worker-thread.js';
import type { Cell } from './worker/driver.js';
import type { Query, ReadReply, ReadRequest, WorkerSettings } from './worker/protocol.js';

/** A query whose answer is awaited. */
interface Asked {
  readonly cells: Cell[];
  readonly resolve: (cells: readonly Cell[]) => void;
  readonly reject: (error: Error) => void;
}

/** The main thread's end of the reader. */
export class ReaderClient {
  private worker: Worker | undefined;
  private readonly asked = new Map<number, Asked>();
  /** Asked for in this turn and not sent yet: they go over in one message. */
  private unsent: ReadRequest[] = [];
  private lastId = 0;

  constructor(private readonly settings: WorkerSettings) {}

  /** Starts the thread before the first query needs it. */
  open(): void {
    this.worker ??= this.start();
  }

  /** Rows as one flat list, see worker/protocol.ts. */
  read(query: Query): Promise<readonly Cell[]> {
    return new Promise((resolve, reject) => {
      const id = ++this.lastId;
      this.asked.set(id, { cells: [], resolve, reject });
      if (this.unsent.push({ id, query }) === 1) queueMicrotask(this.send);
    });
  }

  /** Waits for the queries under way, then ends the worker. */
  async close(): Promise<void> {
    this.send();
    const { worker } = this;
    if (worker === undefined) return;
    const closed = new Promise<void>((resolve) => {
      worker.on('message', (reply: unknown) => reply === 'close' && resolve());
      worker.on('exit', () => resolve());
    });
    worker.ref();
    worker.postMessage('close');
    await closed;
    this.worker = undefined;
    await worker.terminate();
  }

  private readonly send = (): void => {
    const { unsent } = this;
    if (unsent.length === 0) return;
    const worker = (this.worker ??= this.start());
    worker.ref();
    this.unsent = [];
    worker.postMessage(unsent);
  };

  private start(): Worker {
    const worker = startWorker(this.settings);
    worker.on('message', (replies: readonly ReadReply[] | 'close') => {
      if (replies !== 'close') for (const reply of replies) this.answered(reply);
    });
    worker.on('error', () => undefined); // `exit` follows
    worker.on('exit', () => this.lost(worker));
    worker.unref(); // last: a listener for messages would undo it
    return worker;
  }

  private answered({ id, cells, text, more, fault }: ReadReply): void {
    const asked = this.asked.get(id);
    if (asked === undefined) return;
    for (const cell of cells) asked.cells.push(cell);
    if (text !== undefined) for (const cell of JSON.parse(text) as Cell[]) asked.cells.push(cell);
    if (more) return;
    this.asked.delete(id);
    if (this.asked.size === 0) this.worker?.unref();
    if (fault === undefined) asked.resolve(asked.cells);
    else asked.reject(toError(this.settings.path, fault));
  }

  private lost(worker: Worker): void {
    if (this.worker !== worker) return;
    this.worker = undefined;
    const error = new StoreUnavailableError(
      'connection',
      `The reader thread of the SQLite file "${this.settings.path}" has died. A new one is started by the next read: try again.`,
      { details: { path: this.settings.path } },
    );
    for (const { reject } of this.asked.values()) reject(error);
    this.asked.clear();
  }
}
