import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Place } from '../../support/places.mjs';

const PROGRAM = join(import.meta.dirname, '..', 'history-program.mjs');
/** Clients of one process. */
const CLIENTS = 3;

/** A process that is killed and started again, always with the same history file. */
export class HistoryProcess {
  readonly history: string;
  private child: ChildProcess | undefined;

  constructor(
    folder: string,
    private readonly role: 'write' | 'subscribe',
    readonly name: string,
    private readonly place: Place,
  ) {
    this.history = join(folder, `${name}.jsonl`);
  }

  async start(): Promise<void> {
    const args = [PROGRAM, this.role, this.name, JSON.stringify(this.place), this.history, String(CLIENTS)];
    this.child = spawn(process.execPath, args, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    await once(this.child.stdout as NonNullable<ChildProcess['stdout']>, 'data');
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.child?.kill(signal);
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> {
    const child = this.child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
    const closed = once(child, 'close');
    child.kill(signal);
    const [code] = (await closed) as [number | null];
    return code;
  }
}
