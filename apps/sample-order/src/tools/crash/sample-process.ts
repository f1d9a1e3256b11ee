import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

const MAIN = resolve(import.meta.dirname, '../../../dist/main.js');
/** Longest time to wait for the sample to be ready, in ms: busy machines are slow. */
const START_LIMIT = 120_000;

/** The sample has ended by itself, or does not get ready. The message is one sentence for people and names the log. */
export class SampleStartError extends Error {}

/** The compiled sample as a program of its own, to be started, killed and started again on one port and folder. */
export class SampleProcess {
  private child: ChildProcess | undefined;
  private disposed = false;

  private constructor(
    readonly url: string,
    private readonly port: number,
    private readonly folder: string,
  ) {}

  /**
   * Finds a free port unless one is given, and begins a new log; starts nothing yet.
   *
   * @param folder keeps the log, and the database where the environment names no other folder.
   */
  static async prepare(folder: string, givenPort?: number): Promise<SampleProcess> {
    if (!existsSync(MAIN)) throw new Error(`${MAIN} is missing. Run "npm run build" first.`);
    mkdirSync(folder, { recursive: true });
    const port = givenPort ?? (await freePort());
    const sample = new SampleProcess(`http://127.0.0.1:${port}`, port, folder);
    rmSync(sample.logFile, { force: true }); // what an earlier run has written would only mislead
    return sample;
  }

  /** Starts the sample and waits until it is ready, or killed. @throws {SampleStartError} */
  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    if (this.disposed) throw new Error('The sample is not started again: it has been disposed of.');
    const before = this.log().length;
    const log = openSync(this.logFile, 'a');
    const child = spawn(process.execPath, ['--enable-source-maps', MAIN], {
      env: { ...process.env, CATGA_DATA: this.folder, ...env, HOST: '127.0.0.1', PORT: String(this.port) },
      stdio: ['ignore', log, log],
      detached: true, // Ctrl-C is for whoever started it, who ends it in order
    });
    closeSync(log);
    this.child = child;
    process.once('exit', this.killNow);
    await this.ready(child, before);
  }

  /** Of the running program; undefined while there is none. */
  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** `kill -9`, at once. */
  kill(): Promise<void> {
    return this.end('SIGKILL');
  }

  /** Freezes it (SIGSTOP): it keeps its connections and does nothing, until it is told to go on. */
  freeze(): void {
    this.child?.kill('SIGSTOP');
  }

  /** Lets it go on after {@link SampleProcess.freeze}. */
  thaw(): void {
    this.child?.kill('SIGCONT');
  }

  /** Asks the sample to shut down in order, as a deployment does. */
  stop(): Promise<void> {
    return this.end('SIGTERM');
  }

  /** Kills it for good: it cannot be started again. */
  dispose(): Promise<void> {
    this.disposed = true;
    return this.kill();
  }

  /** What the sample has written, for whoever wants to know why. */
  log(): string {
    return existsSync(this.logFile) ? readFileSync(this.logFile, 'utf8') : '';
  }

  /** Its own last sentence where it had one to say, see `start-failure.ts`. */
  private reason(): string {
    const said = this.log().match(/^The sample cannot start: .*$/gm);
    return said?.at(-1) ?? `The sample has ended by itself:\n${this.log().slice(-4_000).trimEnd()}\n`;
  }

  private get logFile(): string {
    return join(this.folder, 'sample.log');
  }

  private readonly killNow = (): void => {
    this.child?.kill('SIGKILL');
  };

  private async end(signal: NodeJS.Signals): Promise<void> {
    const { child } = this;
    this.child = undefined;
    process.off('exit', this.killNow);
    if (!child || hasEnded(child)) return;
    const ended = new Promise((resolveEnd) => child.once('exit', resolveEnd));
    child.kill(signal);
    await ended;
  }

  /** @param before length of the log when it was started: another program on its port may look as ready as itself. */
  private async ready(child: ChildProcess, before: number): Promise<void> {
    for (const limit = Date.now() + START_LIMIT; Date.now() < limit; await pause(50)) {
      if (child !== this.child) return; // killed while it was starting
      if (hasEnded(child)) throw new SampleStartError(`${this.reason()} Its log: ${this.logFile}`);
      if (!this.log().includes('Listening on', before)) continue;
      const answer = await fetch(`${this.url}/health/ready`).catch(() => undefined);
      await answer?.body?.cancel();
      if (answer?.ok) return;
    }
    throw new SampleStartError(`The sample is not ready after ${START_LIMIT / 1000} s. Its log: ${this.logFile}`);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** A port that nobody listens on now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((listening) => server.once('listening', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
