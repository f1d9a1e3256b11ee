import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { connect as connectTo, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { CommitBatch, CommitResult, Store } from '@catga/core';
import type { LoggerService } from '@nestjs/common';
import { NatsStore, type NatsStoreOptions } from '@catga/nats';
import { connect, type NatsConnection } from '@nats-io/transport-node';

/** A name that no other test has, so that tests can share a server. */
export const newName = (): string => `t-${randomUUID()}`;

/** An open store. */
export async function openStore(servers: string, options: NatsStoreOptions = {}): Promise<NatsStore> {
  const store = new NatsStore({ servers, name: newName(), ...options });
  await store.open();
  return store;
}

/** Another one on the same data. */
export function openAgain(store: Store, servers: string, options: NatsStoreOptions = {}): Promise<NatsStore> {
  return openStore(servers, { ...options, name: (store as NatsStore).name });
}

/** A commit of one event. */
export function oneEvent(stream: string, data: string): CommitBatch {
  return { appends: [{ stream, expectedVersion: 'any', events: [{ type: 'e', data }] }] };
}

export function append(store: Store, stream: string, data = 'x'): Promise<CommitResult> {
  return Promise.resolve(store.commit(oneEvent(stream, data)));
}

/** What the events of a stream carry. */
export async function dataOf(store: Store, stream: string): Promise<unknown[]> {
  return (await store.readStream(stream)).map(({ data }) => data);
}

/** The error that a promise is rejected with. */
export async function errorOf(promise: Promise<unknown>): Promise<Error & { code?: string }> {
  return promise.then(
    () => {
      throw new Error('It should have failed.');
    },
    (error: Error) => error,
  );
}

export const pause = (milliseconds: number): Promise<void> =>
  new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Waits until something holds. */
export async function until(holds: () => boolean | Promise<boolean>, what: string, limit = 15_000): Promise<void> {
  for (const end = Date.now() + limit; !(await holds()); await pause(20)) {
    if (Date.now() > end) throw new Error(`Not within ${limit} ms: ${what}`);
  }
}

/** A connection without the store, to look from outside and to do damage. */
export async function rawConnection(servers: string): Promise<NatsConnection> {
  return connect({ servers });
}

/** One request to JetStream's API, with a connection of its own. */
export async function jetStream<T = { error?: { description: string } }>(
  servers: string,
  name: string,
  body: object | '' = '',
): Promise<T> {
  const connection = await rawConnection(servers);
  const answer = await connection.request(`$JS.API.${name}`, body === '' ? '' : JSON.stringify(body), {
    timeout: 10_000,
  });
  await connection.close();
  return answer.json<T>();
}

/** What was logged, in place of the console. */
export class Logged implements LoggerService {
  readonly lines: string[] = [];
  readonly log = (message: unknown): void => this.add('log', message);
  readonly warn = (message: unknown): void => this.add('warn', message);
  readonly error = (message: unknown): void => this.add('error', message);

  /** Lines with this text in them. */
  count(text: string): number {
    return this.lines.filter((line) => line.includes(text)).length;
  }

  private add(level: string, message: unknown): void {
    this.lines.push(`${level}: ${String(message)}`);
  }
}

/** A way to a server on which the answers can be lost: what the client says still arrives. */
export class DeafProxy {
  readonly url: string;
  private deaf = false;

  private constructor(
    port: number,
    private readonly sockets: Set<Socket>,
    private readonly end: () => Promise<void>,
  ) {
    this.url = `nats://127.0.0.1:${port}`;
  }

  static async start(target: number): Promise<DeafProxy> {
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      const upstream = connectTo(target, '127.0.0.1');
      for (const [from, to] of [
        [client, upstream],
        [upstream, client],
      ] as const) {
        sockets.add(from);
        from.on('error', () => undefined);
        from.on('close', () => {
          sockets.delete(from);
          to.destroy();
        });
        from.on('data', (chunk) => {
          if (from === client || !proxy.deaf) to.write(chunk);
        });
      }
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    const proxy = new DeafProxy(port, sockets, async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    });
    return proxy;
  }

  /** No answer reaches the client from now on. */
  loseAnswers(): void {
    this.deaf = true;
  }

  /** Ends all connections; those that are made after that are whole. */
  renew(): void {
    this.deaf = false;
    for (const socket of this.sockets) socket.destroy();
  }

  stop(): Promise<void> {
    return this.end();
  }
}

/** Sequence of the newest snapshot of a store; 0 when there is none. */
export async function newestSnapshot(servers: string, name: string): Promise<number> {
  const { message } = await jetStream<{ message?: { data: string } }>(servers, `STREAM.MSG.GET.${name}_SNAP`, {
    last_by_subj: `catga.store.${name}.snap.manifest`,
  });
  if (message === undefined) return 0;
  return (JSON.parse(Buffer.from(message.data, 'base64').toString('utf8')) as { sequence: number }).sequence;
}

/** Sequence of the last message of a store's log. */
export async function endOfLog(servers: string, name: string): Promise<number> {
  const { state } = await jetStream<{ state: { last_seq: number } }>(servers, `STREAM.INFO.${name}_LOG`);
  return state.last_seq;
}

/**
 * Waits for three further snapshots. The log is compacted up to the first of them then: whoever makes the third one has
 * done with that.
 *
 * @param work called all the time, for something to be in the log
 */
export async function compacted(servers: string, name: string, work: () => Promise<unknown>): Promise<void> {
  let last = Math.max(await endOfLog(servers, name), await newestSnapshot(servers, name));
  for (let made = 0; made < 3;) {
    let newest = last;
    await until(async () => {
      await work();
      newest = await newestSnapshot(servers, name);
      return newest > last;
    }, 'there is another snapshot');
    made++;
    last = newest;
  }
}

/** A program of test/fixtures under way. */
export class Child {
  readonly lines: string[] = [];
  private readonly process: ChildProcess;
  private readonly exited: Promise<number | null>;
  private errors = '';

  constructor(fixture: string, args: readonly string[]) {
    const file = join(import.meta.dirname, 'fixtures', fixture);
    this.process = spawn(process.execPath, [file, ...args], {
      stdio: 'pipe',
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    let rest = '';
    this.process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      this.lines.push(...lines);
    });
    this.process.stderr?.setEncoding('utf8').on('data', (text: string) => (this.errors += text));
    this.exited = new Promise((resolve) => this.process.once('close', resolve));
  }

  /** Waits until a line is there. */
  async printed(line: string): Promise<void> {
    let running = true;
    void this.exited.then(() => (running = false));
    while (!this.lines.includes(line)) {
      if (!running) throw new Error(`The program ended after ${this.lines.join(', ')}: ${this.errors}`);
      await pause(5);
    }
  }

  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void {
    this.process.kill(name);
  }

  /** Kills it and waits until it has gone. */
  async end(): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exited;
  }
}
