import { spawn, type ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { CommitBatch, CommitResult, Store } from '@catga/core';
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
