import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const OWN_HOST = join(import.meta.dirname, 'own-host.mjs');

/** A node in an OS process of its own, which says line by line what it does. */
export class NodeProcess {
  readonly lines: string[] = [];
  private readonly child: ChildProcess;

  /**
   * @param host name of the machine that it pretends to be on; left out: this one, where others see from its process
   *   id that it is gone
   */
  constructor(program: string, args: readonly string[], host?: string) {
    const preload = host === undefined ? [] : ['--import', OWN_HOST];
    this.child = spawn(process.execPath, [...preload, program, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '', TEST_HOST: host },
    });
    // Whoever writes to one that was killed is told by what follows, not by this.
    this.child.stdin?.on('error', () => {});
    let rest = '';
    this.child.stdout?.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop() as string;
      this.lines.push(...lines);
    });
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get isAlive(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  say(line: string): void {
    this.child.stdin?.write(`${line}\n`);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL' | 'SIGTERM'): void {
    this.child.kill(signal);
  }

  /** Waits until it has said a line that begins like this. */
  async said(start: string): Promise<void> {
    await until(`a node says "${start}"`, () => {
      if (this.count(start) > 0) return true;
      if (!this.isAlive) throw new Error(`The node has ended before it said "${start}"`);
      return false;
    });
  }

  count(start: string): number {
    return this.lines.filter((line) => line.startsWith(start)).length;
  }

  /** kill -9, also when it is frozen; resolves when it is gone. */
  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const gone = once(this.child, 'exit');
    this.signal('SIGKILL');
    await gone;
  }
}

/** @param limit milliseconds */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limit = 60_000): Promise<void> {
  for (const end = performance.now() + limit; !(await holds());) {
    if (performance.now() > end) throw new Error(`Waited ${limit} ms in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
