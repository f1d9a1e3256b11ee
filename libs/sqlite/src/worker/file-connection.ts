import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { bestDriver, openConnection, type Connection } from './driver.js';
import { StoreFault, toFault } from './fault.js';
import type { WorkerSettings } from './protocol.js';
import { migrate, readSchemaVersion } from './schema.js';

/**
 * The connection to the file, opened when it is needed and again after a failure: when the cause goes away, the next
 * commit works.
 */
export class FileConnection<T extends { readonly connection: Connection }> {
  private open: T | undefined;
  /** Which file it is; a path may come to mean another one. */
  private identity: string | undefined;

  constructor(
    private readonly settings: WorkerSettings,
    private readonly prepare: (connection: Connection) => T,
  ) {}

  /** @throws {StoreFault} or what the driver throws */
  get(): T {
    return (this.open ??= this.connect());
  }

  /** Gives the connection up; the next {@link FileConnection.get} opens a new one. */
  drop(): void {
    const { open } = this;
    this.open = undefined;
    try {
      open?.connection.close();
    } catch {
      // It is being given up because it is broken.
    }
  }

  close(): void {
    this.open?.connection.close();
    this.open = undefined;
  }

  /**
   * SQLite goes on writing into a file that was deleted or replaced, and everything it acknowledges is lost.
   *
   * @throws {StoreFault} `connection`
   */
  assertSameFile(): void {
    if (identify(this.settings.path) !== this.identity) {
      throw new StoreFault('connection', 'the file was moved, removed or replaced while it was open');
    }
  }

  private connect(): T {
    const { path, driver } = this.settings;
    this.prepareFolder();
    const connection = openConnection(driver === 'auto' ? bestDriver() : driver, path);
    try {
      this.configure(connection);
      const open = this.prepare(connection);
      this.identity = identify(path);
      return open;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private prepareFolder(): void {
    const { path } = this.settings;
    // It was there before: a new empty file in its place would look as if everything had been lost.
    if (this.identity !== undefined && identify(path) === undefined) {
      throw new StoreFault('connection', 'the file is gone; it was there before');
    }
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      throw new StoreFault('connection', `its folder cannot be created: ${toFault(error).detail}`);
    }
    if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
      throw new StoreFault('connection', 'the path is a folder');
    }
  }

  /** Looks at what the file is before any statement that could change it. */
  private configure(connection: Connection): void {
    const { role, synchronous, maxSize, lockTimeout } = this.settings;
    // Only for what has no waiting of ours around it: opening, recovering, reading.
    connection.exec(`PRAGMA busy_timeout = ${Math.max(lockTimeout, 100)}`);
    readSchemaVersion(connection);
    const [[mode] = []] = connection.prepare('PRAGMA journal_mode = WAL').all([]);
    if (mode !== 'wal')
      throw new StoreFault('unknown', `the file system does not support WAL (journal mode ${JSON.stringify(mode)})`);
    connection.exec(`PRAGMA synchronous = ${synchronous === 'full' ? 'FULL' : 'NORMAL'}`);
    migrate(connection);
    connection.exec('PRAGMA cache_size = -16000');
    connection.exec('PRAGMA temp_store = MEMORY');
    connection.exec('PRAGMA foreign_keys = OFF');
    if (role === 'reader') {
      connection.exec('PRAGMA query_only = 1');
      return;
    }
    connection.exec('PRAGMA busy_timeout = 0');
    // A checkpoint holds commits up for as long as it has pages to copy; seldom and long hurts more than often and short.
    connection.exec('PRAGMA wal_autocheckpoint = 1000');
    if (maxSize > 0) {
      const [[pageSize] = []] = connection.prepare('PRAGMA page_size').all([]);
      connection.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(maxSize / Number(pageSize)))}`);
    }
  }
}

function identify(path: string): string | undefined {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? undefined : `${stats.dev}:${stats.ino}`;
}
