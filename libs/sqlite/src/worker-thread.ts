import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { WorkerSettings } from './worker/protocol.js';

/**
 * The compiled worker. A worker thread gets no TypeScript from a test runner, so from source (Jest, a dev server) it is
 * the one in `dist`; `npm test` builds before it tests.
 */
function workerFile(): URL {
  const beside = new URL('./worker/worker.js', import.meta.url);
  return existsSync(fileURLToPath(beside)) ? beside : new URL('../dist/worker/worker.js', import.meta.url);
}

/** Starts a worker thread. It keeps the OS process alive until its owner calls `unref`, after adding its listeners. */
export function startWorker(settings: WorkerSettings): Worker {
  return new Worker(workerFile(), {
    name: `catga-sqlite-${settings.role}`,
    workerData: settings,
    // Not those of the main thread: loaders and inspectors meant for it do not belong here.
    execArgv: ['--disable-warning=ExperimentalWarning'],
  });
}
