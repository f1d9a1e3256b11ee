import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { root } from '../../tools/lib/workspace.mjs';

/** One contestant in an OS process of its own, so that nobody's garbage and compiled code meets another's. */
export class Child {
  #process;

  /** @param {{ file: string, variant?: string, flags?: string[] }} contestant */
  constructor({ file, variant = '', flags = [] }, env = {}) {
    this.name = variant === '' ? file : `${file} ${variant}`;
    this.#process = fork(join(root, 'bench/dist/child.js'), [file, variant], {
      execArgv: ['--disable-warning=ExperimentalWarning', ...flags],
      env: { ...process.env, NODE_ENV: 'production', ...env },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
  }

  /** Resolves when it is warm. */
  async ready() {
    await this.#answer('ready');
    return this;
  }

  /** Takes one sample of about this many milliseconds. */
  async sample(milliseconds) {
    const answer = this.#answer('sample');
    this.#process.send({ kind: 'sample', milliseconds });
    return (await answer).sample;
  }

  async close() {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.send({ kind: 'close' });
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await exit;
    clearTimeout(timer);
  }

  #answer(kind) {
    return new Promise((resolve, reject) => {
      const ended = (code, signal) => reject(new Error(`${this.name} ended (${signal ?? code}) instead of answering`));
      this.#process.once('exit', ended);
      this.#process.once('message', (message) => {
        this.#process.off('exit', ended);
        if (message.kind === kind) resolve(message);
        else reject(new Error(`${this.name} answered ${message.kind} instead of ${kind}`));
      });
    });
  }
}
