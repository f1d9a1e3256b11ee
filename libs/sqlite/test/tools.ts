import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommitResult, Store } from '@catga/core';

const folders: string[] = [];

/** A folder that {@link removeFolders} removes. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'catga-sqlite-'));
  folders.push(folder);
  return folder;
}

/** For `afterAll`. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Appends one event. */
export async function append(store: Store, stream: string, data = 'x'): Promise<CommitResult> {
  return store.commit({ appends: [{ stream, expectedVersion: 'any', events: [{ type: 'e', data }] }] });
}

/** The code of the error that a promise is rejected with; undefined when it is not. */
export function codeOf(promise: Promise<unknown>): Promise<string | undefined> {
  return promise.then(
    () => undefined,
    (error: { code?: string }) => error.code ?? 'an error without a code',
  );
}

/** To see that a file was left alone. */
export function checksum(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

/** SQLite itself, to look at the file from outside and to prepare damage. */
export interface RawDatabase {
  exec(sql: string): void;
  prepare(sql: string): { all(...cells: unknown[]): Record<string, unknown>[] };
  close(): void;
}

/** Opens a file without the store. */
export function rawDatabase(path: string): RawDatabase {
  const Database = createRequire(import.meta.url)('libsql') as new (path: string) => RawDatabase;
  return new Database(path);
}

/** One value of one row. */
export function rawValue(path: string, sql: string): unknown {
  const database = rawDatabase(path);
  try {
    const [row = {}] = database.prepare(sql).all();
    return Object.entries(row).find(([key]) => key !== '_metadata')?.[1];
  } finally {
    database.close();
  }
}

/** A program of test/fixtures under way. */
export class Child {
  readonly lines: string[] = [];
  readonly exited: Promise<number | null>;
  private readonly process: ChildProcess;
  private errors = '';

  constructor(fixture: string, args: readonly string[], options: { readonly uid?: number } = {}) {
    const file = join(import.meta.dirname, 'fixtures', fixture);
    this.process = spawn(process.execPath, [file, ...args], { stdio: 'pipe', ...options });
    let rest = '';
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => this.process.once('close', resolve));
  }

  /** Waits for a number of lines. */
  async printed(count: number): Promise<void> {
    let running = true;
    void this.exited.then(() => (running = false));
    while (this.lines.length < count) {
      if (!running) throw new Error(`The program ended after ${this.lines.length} lines: ${this.errors}`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
  }

  /** Waits until it has ended well. */
  async done(): Promise<void> {
    const code = await this.exited;
    if (code !== 0) throw new Error(`The program ended with ${code}: ${this.errors}`);
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(name);
  }

  write(line: string): void {
    this.process.stdin?.write(`${line}\n`);
  }
}
