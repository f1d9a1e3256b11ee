import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { guard } from './watchdog.mjs';

/** How long a server may take to answer, in ms; a log of several hundred MB is read in that time. */
const START_LIMIT = 30_000;
/** How long a server may take to end in good order, in ms. */
const STOP_LIMIT = 10_000;
/** How long its output is waited for when it has ended, in ms. */
const LAST_WORDS = 200;
/** What is kept of its output, in characters. */
const KEPT = 64_000;

/** A server that could not be started; the message ends with its own words. */
export class ServerStartError extends Error {
  constructor(program, why, output) {
    super(`${program} ${why}. It said:\n${output.trim() || '(nothing)'}`);
    this.name = 'ServerStartError';
    this.output = output;
  }
}

/** One server program: started, watched and ended by its pid. May be started again after it has ended. */
export class ServerProcess {
  #program;
  #cwd;
  #isReady;
  #child;
  #ended = Promise.resolve();
  #frozen = false;
  /** What the server wrote to stdout and stderr, the newest 64,000 characters. */
  output = '';

  /** @param isReady tells whether the server answers; may throw as long as it does not. */
  constructor(program, cwd, isReady) {
    this.#program = program;
    this.#cwd = cwd;
    this.#isReady = isReady;
  }

  /** Number of the process, or undefined while none runs. */
  get pid() {
    return this.#child?.pid;
  }

  /** Starts it and waits until it answers. @throws {ServerStartError} when it ends or does not answer. */
  async start(args) {
    if (this.#child) throw new Error(`${this.#program} already runs as ${this.pid}; stop or kill it first.`);
    this.output = '';
    this.#spawn(args);
    for (const limit = Date.now() + START_LIMIT; Date.now() < limit; await sleep(10)) {
      if (!this.#child) throw new ServerStartError(this.#program, 'ended at once', this.output);
      if (await this.#answers()) return;
    }
    await this.kill9();
    throw new ServerStartError(this.#program, `gave no answer in ${START_LIMIT / 1000} s`, this.output);
  }

  /** Sends SIGKILL and waits until the process is gone. */
  async kill9() {
    this.#child?.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it in good order, or hard when it takes longer than ten seconds. */
  async end() {
    this.thaw();
    this.#child?.kill('SIGTERM');
    const hard = setTimeout(() => this.#child?.kill('SIGKILL'), STOP_LIMIT);
    await this.#ended;
    clearTimeout(hard);
  }

  /** Stops its clock, so to speak: connections stay open, nothing answers. */
  freeze() {
    if (!this.#child) throw new Error(`${this.#program} does not run and cannot be frozen.`);
    this.#child.kill('SIGSTOP');
    this.#frozen = true;
  }

  /** Lets it go on where it stood. */
  thaw() {
    if (this.#frozen) this.#child?.kill('SIGCONT');
    this.#frozen = false;
  }

  #spawn(args) {
    // In a group of its own: Ctrl-C is for whoever started it, who ends it when nobody needs it any more.
    const child = spawn(this.#program, args, { cwd: this.#cwd, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
    const keep = (chunk) => {
      this.output = (this.output + chunk).slice(-KEPT);
    };
    child.stdout.setEncoding('utf8').on('data', keep);
    child.stderr.setEncoding('utf8').on('data', keep);
    const release = child.pid === undefined ? () => undefined : guard(child.pid);
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const gone = () => {
        if (this.#child !== child) return;
        release();
        this.#child = undefined;
        this.#frozen = false;
        resolve();
      };
      child.on('close', gone);
      // A server's own child, which rewrites its log, may hold the output open long after the server is gone.
      child.on('exit', () => setTimeout(gone, LAST_WORDS));
      child.on('error', (error) => {
        keep(`${error.message}\n`);
        gone();
      });
    });
  }

  async #answers() {
    try {
      return await this.#isReady();
    } catch {
      return false;
    }
  }
}
