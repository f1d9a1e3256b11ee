import 'reflect-metadata';
import { createServer, get, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { StoreUnavailableError } from '../../src/store/index.js';
import type { ProcessesHttpOptions } from '../../src/http/index.js';
import { OpenResponses } from '../../src/http/open-responses.js';
import { ADAPTERS } from './support/adapters.js';
import { httpApp, type HttpApp } from './support/http-app.js';

interface SseMessage {
  readonly id?: string;
  readonly event?: string;
  readonly comment?: string;
  readonly data?: unknown;
}

/** A client of server-sent events that keeps what it got. */
class SseClient {
  readonly messages: SseMessage[] = [];
  ended = false;
  private text = '';
  private wake: () => void = () => undefined;

  private constructor(readonly response: IncomingMessage) {
    response.setEncoding('utf8');
    response.on('data', (chunk: string) => this.read(chunk));
    response.on('error', () => undefined);
    response.on('close', () => {
      this.ended = true;
      this.wake();
    });
  }

  static connect(server: Server, path: string, lastEventId?: string): Promise<SseClient> {
    const { port } = server.address() as AddressInfo;
    const headers = lastEventId === undefined ? {} : { 'Last-Event-ID': lastEventId };
    return new Promise((resolve, reject) => {
      get({ host: '127.0.0.1', port, path, headers }, (response) => resolve(new SseClient(response))).on(
        'error',
        reject,
      );
    });
  }

  get events(): SseMessage[] {
    return this.messages.filter(({ data }) => data !== undefined);
  }

  leave(): void {
    this.response.destroy();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
  }

  private read(chunk: string): void {
    this.text += chunk;
    const blocks = this.text.split('\n\n');
    this.text = blocks.pop() as string;
    for (const block of blocks) {
      const field = (name: string): string | undefined =>
        block
          .split('\n')
          .find((line) => line.startsWith(`${name}: `))
          ?.slice(name.length + 2);
      const data = field('data');
      const message = { id: field('id'), event: field('event'), comment: field(''), data: data && JSON.parse(data) };
      this.messages.push(message as SseMessage);
    }
    this.wake();
  }
}

describe.each(ADAPTERS)('the event stream of a process on %s', (adapter) => {
  const id = 'OrderProcess:1';
  const path = `/processes/${id}/events/stream`;
  let current: HttpApp;
  let server: Server;

  const start = async (options?: ProcessesHttpOptions): Promise<HttpApp> => {
    current = await httpApp(options, {}, undefined, adapter);
    await current.app.listen(0, '127.0.0.1');
    server = current.app.getHttpServer() as Server;
    current.processes.put(id);
    return current;
  };

  afterEach(() => current.app.close());

  it('gives the journal so far, then what happens, then one end, each with its version as id', async () => {
    const { processes } = await start({ redact: ['secret'] });
    processes.append(id, 'ProcessStarted', { amount: 1n, secret: 'x' });
    const client = await SseClient.connect(server, path);
    await client.until(() => client.events.length === 1);
    processes.append(id, 'ProcessStepStarted');
    await client.until(() => client.events.length === 2);
    processes.append(id, 'ProcessCompleted', {}, 'completed');
    await client.until(() => client.ended);
    expect(client.response.headers['content-type']).toContain('text/event-stream');
    expect(client.events).toMatchObject([
      { id: '1', data: { version: 1, type: 'ProcessStarted', data: { amount: '1', secret: '[redacted]' } } },
      { id: '2', data: { type: 'ProcessStepStarted' } },
      { id: '3', data: { type: 'ProcessCompleted' } },
      { id: '3', event: 'end', data: { id, status: 'completed' } },
    ]);
    expect(processes.watching).toBe(0);
  });

  it('goes on after Last-Event-ID, without repeating and without a gap', async () => {
    const { processes } = await start();
    for (const type of ['A', 'B', 'C']) processes.append(id, type);
    const client = await SseClient.connect(server, `${path}?after=1`, '2');
    await client.until(() => client.events.length === 1);
    expect(client.events).toMatchObject([{ id: '3', data: { type: 'C' } }]);
    client.leave();
    const other = await SseClient.connect(server, `${path}?after=1`);
    await other.until(() => other.events.length === 2);
    expect(other.events.map((event) => event.id)).toEqual(['2', '3']);
    other.leave();
  });

  it('answers 204 to a client that has everything of a final run, so that it does not come back', async () => {
    const { processes } = await start();
    processes.append(id, 'ProcessCompleted', {}, 'completed');
    const client = await SseClient.connect(server, path, '1');
    await client.until(() => client.ended);
    expect(client.response.statusCode).toBe(204);
    expect(client.messages).toEqual([]);
    const behind = await SseClient.connect(server, path, '0');
    await behind.until(() => behind.ended);
    expect(behind.response.statusCode).toBe(200);
    expect(behind.events.map((event) => event.id)).toEqual(['1', '1']);
  });

  it('answers 400 to a Last-Event-ID that is no version', async () => {
    await start();
    const client = await SseClient.connect(server, path, 'x');
    expect(client.response.statusCode).toBe(400);
    expect(client.response.headers['content-type']).toContain('application/problem+json');
  });

  it('sends heartbeats that leave the place of the client where it is', async () => {
    const { processes } = await start({ heartbeat: '10ms' });
    processes.append(id, 'A');
    processes.append(id, 'B');
    const client = await SseClient.connect(server, path);
    await client.until(() => client.messages.filter(({ comment }) => comment === 'heartbeat').length >= 2);
    const beats = client.messages.slice(client.messages.findIndex((message) => message.id === '2'));
    expect(beats.every((message) => message.id === '2')).toBe(true);
    client.leave();
  });

  it('stops watching when the client leaves', async () => {
    const { processes } = await start({ heartbeat: '10ms' });
    const client = await SseClient.connect(server, path);
    await client.until(() => client.messages.length > 0);
    expect(processes.watching).toBe(1);
    client.leave();
    while (processes.watching > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(processes.watching).toBe(0);
  });

  it('closes on shutdown without an end, so that the client comes back to another node', async () => {
    const { app, processes } = await start();
    processes.append(id, 'A');
    const client = await SseClient.connect(server, path);
    await client.until(() => client.events.length === 1);
    // A connection that is still busy when the server begins to close is kept alive, and waited for, this long.
    server.keepAliveTimeout = 3_600_000;
    await app.close();
    await client.until(() => client.ended);
    expect(client.events.map(({ event }) => event)).toEqual([undefined]);
    expect(processes.watching).toBe(0);
  });

  it('cuts the connection of a client that does not take the end of its stream, so that the shutdown goes on', async () => {
    const stuck = new OpenResponses();
    const opened = createServer((_request, response) => {
      stuck.add({ raw: response });
      response.write('data: 1\n\n');
    });
    await new Promise<void>((resolve) => opened.listen(0, '127.0.0.1', resolve));
    const client = await SseClient.connect(opened, '/');
    await stuck.ended();
    await client.until(() => client.ended);
    await new Promise((resolve) => opened.close(resolve));
    expect(client.response.complete).toBe(false);
  });

  it('says as a problem that the journal cannot be read any further, at the place where it was', async () => {
    const { processes } = await start();
    processes.append(id, 'A');
    const client = await SseClient.connect(server, path);
    await client.until(() => client.events.length === 1);
    processes.break(new StoreUnavailableError('connection', 'The store is away.'));
    await client.until(() => client.ended);
    expect(client.events[1]).toMatchObject({ id: '1', event: 'problem', data: { code: 'CATGA_STORE_CONNECTION' } });
  });
});
