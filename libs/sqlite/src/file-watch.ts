import { watch, type FSWatcher } from 'node:fs';

/** Changes closer together than this are one, milliseconds. */
const PAUSE = 5;
/** Where the file system tells nothing (network folders, some containers): look this often, milliseconds. */
const FALLBACK = 1_000;

/**
 * Notices writes of other OS processes: SQLite appends every commit to the file `…-wal`, and the operating system tells
 * who watches it. Only runs while somebody listens for commits.
 */
export class FileWatch {
  private watcher: FSWatcher | undefined;
  private fallback: NodeJS.Timeout | undefined;
  private pause: NodeJS.Timeout | undefined;

  /** @param changed called at most every few milliseconds, and once a second in any case */
  constructor(
    private readonly path: string,
    private readonly changed: () => void,
  ) {}

  start(): void {
    if (this.fallback !== undefined) return;
    this.fallback = setInterval(() => {
      this.attach();
      this.changed();
    }, FALLBACK).unref();
    this.attach();
  }

  stop(): void {
    clearInterval(this.fallback);
    clearTimeout(this.pause);
    this.fallback = undefined;
    this.pause = undefined;
    this.detach();
  }

  private attach(): void {
    if (this.watcher !== undefined) return;
    try {
      this.watcher = watch(`${this.path}-wal`, { persistent: false }, (event) => {
        // Removed or replaced: this watcher would stay silent from now on.
        if (event === 'rename') this.detach();
        this.noticed();
      });
      this.watcher.on('error', () => this.detach());
    } catch {
      // Not there yet, or the file system cannot watch: the fallback tries again.
    }
  }

  private detach(): void {
    this.watcher?.close();
    this.watcher = undefined;
  }

  private noticed(): void {
    if (this.pause !== undefined) return;
    this.pause = setTimeout(() => {
      this.pause = undefined;
      this.changed();
    }, PAUSE).unref();
  }
}
