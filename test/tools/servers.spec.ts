import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import {
  natsPrograms,
  natsServers,
  redisPrograms,
  redisServers,
  startNats,
  startProxy,
  startRedis,
} from '../../tools/servers/index.mjs';

const repository = join(import.meta.dirname, '../..');
const undo: (() => unknown)[] = [];

/** Stops it after the test. */
function ending<T extends { stop(): Promise<void> }>(started: T): T {
  undo.push(() => started.stop());
  return started;
}

/** A connection that speaks lines, as Redis and NATS both do. */
class Talk {
  readonly socket: Socket;
  received = '';
  ended = false;

  constructor(port: number) {
    this.socket = connect({ port, host: '127.0.0.1' });
    this.socket.setEncoding('utf8').on('data', (chunk: string) => (this.received += chunk));
    this.socket.on('error', () => undefined);
    this.socket.on('close', () => (this.ended = true));
    undo.push(() => this.socket.destroy());
  }

  /** Sends a line and resolves with the line that comes back, or undefined if none does in time. */
  async ask(line: string, patience = 5_000): Promise<string | undefined> {
    const from = this.received.length;
    this.socket.write(`${line}\r\n`);
    return within(patience, () => {
      const answer = this.received.slice(from);
      return answer.includes('\r\n') ? answer.slice(0, answer.indexOf('\r\n')) : undefined;
    });
  }
}

async function within<T>(patience: number, read: () => T | undefined): Promise<T | undefined> {
  for (const limit = Date.now() + patience; Date.now() < limit; await new Promise((done) => setTimeout(done, 10))) {
    const value = read();
    if (value !== undefined) return value;
  }
  return undefined;
}

/** What a NATS server says of itself to everybody who connects. */
async function greetingOf(port: number): Promise<unknown> {
  const talk = new Talk(port);
  const line = await within(5_000, () => (talk.received.includes('\r\n') ? talk.received : undefined));
  return JSON.parse((line as string).slice('INFO '.length));
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(async () => {
  for (const step of undo.splice(0).reverse()) await step();
});

describe('a server of a test', () => {
  it('keeps its data over kill -9 and a restart, on the same port, and leaves nothing when stopped', async () => {
    const redis = ending(await startRedis({ appendfsync: 'always' }));
    expect(await new Talk(redis.port).ask('SET kept yes')).toBe('+OK');
    const first = redis.pid as number;
    await redis.kill9();
    expect(isAlive(first)).toBe(false);
    expect(redis.pid).toBeUndefined();
    await redis.restart();
    expect(redis.pid).not.toBe(first);
    expect(await new Talk(redis.port).ask('STRLEN kept')).toBe(':3');
    const { folder, pid } = redis;
    await redis.stop();
    expect([isAlive(pid as number), existsSync(folder)]).toEqual([false, false]);
  });

  it('restarts with other arguments', async () => {
    const redis = ending(await startRedis({ args: ['--maxmemory-policy', 'allkeys-lru'] }));
    await redis.restart(['--requirepass', 'secret']);
    expect(await new Talk(redis.port).ask('PING')).toMatch(/^-NOAUTH/);
  });

  it('stays silent while it is frozen and answers afterwards', async () => {
    const redis = ending(await startRedis());
    const talk = new Talk(redis.port);
    redis.freeze();
    expect(await talk.ask('PING', 300)).toBeUndefined();
    expect(talk.ended).toBe(false);
    redis.thaw();
    expect(await within(5_000, () => talk.received || undefined)).toBe('+PONG\r\n');
  });

  it('can be stopped while it is frozen', async () => {
    const nats = ending(await startNats());
    const pid = nats.pid as number;
    nats.freeze();
    await nats.stop();
    expect(isAlive(pid)).toBe(false);
  });

  it('tells in its own words why it did not start', async () => {
    await expect(startRedis({ args: ['--no-such-option', 'x'] })).rejects.toThrow(/ended at once.*no-such-option/s);
    await expect(startNats({ config: 'nonsense: {' })).rejects.toThrow(/ended at once.*Parse error/s);
  });

  it('does not take the answers of another server for its own', async () => {
    const { port } = ending(await startRedis());
    await expect(startRedis({ port })).rejects.toThrow(`Address already in use: ${port}`);
  });

  it('does not outlive the process that started it, even after kill -9', async () => {
    const program = `
      const { startNats, startRedis } = await import('./tools/servers/index.mjs');
      const servers = await Promise.all([startRedis(), startNats()]);
      console.log(JSON.stringify(servers.map(({ pid, folder }) => ({ pid, folder }))));
      process.kill(process.pid, 'SIGKILL');`;
    const child = spawn(process.execPath, ['--input-type=module', '-e', program], { cwd: repository });
    let output = '';
    child.stdout.on('data', (chunk) => (output += String(chunk)));
    await new Promise((resolve) => child.on('close', resolve));
    const servers = JSON.parse(output) as { pid: number; folder: string }[];
    expect(servers).toHaveLength(2);
    for (const { pid, folder } of servers) {
      expect(await within(5_000, () => (isAlive(pid) || existsSync(folder) ? undefined : 'gone'))).toBe('gone');
    }
  });
});

describe('a NATS server of a test', () => {
  it.each(natsPrograms())('offers JetStream: $name', async ({ program }) => {
    const nats = ending(await startNats({ program, config: 'max_payload: 4096' }));
    const greeting = await greetingOf(nats.port);
    expect(greeting).toMatchObject({
      jetstream: true,
      max_payload: 4096,
      version: nats.version,
    });
  });

  it('can be one without JetStream', async () => {
    const nats = ending(await startNats({ jetstream: false }));
    const greeting = await greetingOf(nats.port);
    expect(greeting).not.toHaveProperty('jetstream');
  });
});

describe('the proxy', () => {
  it('cuts connections, refuses new ones, and takes them again on the same port', async () => {
    const redis = ending(await startRedis());
    const proxy = ending(await startProxy(redis));
    expect(proxy.url(redis.url.replace('//', '//:secret@') + '/1')).toBe(`redis://:secret@127.0.0.1:${proxy.port}/1`);
    const before = new Talk(proxy.port);
    expect(await before.ask('PING')).toBe('+PONG');
    await proxy.cut();
    expect(await within(5_000, () => before.ended || undefined)).toBe(true);
    const refused = new Talk(proxy.port);
    expect(await within(5_000, () => refused.ended || undefined)).toBe(true);
    await proxy.heal();
    expect(await new Talk(proxy.port).ask('PING')).toBe('+PONG');
  });

  it('holds everything back while stalled, and the end of the server too', async () => {
    const redis = ending(await startRedis());
    const proxy = ending(await startProxy(redis));
    const old = new Talk(proxy.port);
    expect(await old.ask('PING')).toBe('+PONG');
    proxy.stall();
    const late = new Talk(proxy.port);
    expect(await Promise.all([old.ask('SET a 1', 200), late.ask('SET b 1', 200)])).toEqual([undefined, undefined]);
    expect(await new Talk(redis.port).ask('DBSIZE')).toBe(':0');
    proxy.resume();
    expect(await within(5_000, () => late.received || undefined)).toBe('+OK\r\n');
    proxy.stall();
    await redis.kill9();
    expect(await within(200, () => late.ended || undefined)).toBeUndefined();
    proxy.resume();
    expect(await within(5_000, () => late.ended || undefined)).toBe(true);
  });
});

describe('the servers that tests share', () => {
  const env = { REDIS_URL: 'redis://:secret@host:1', REDIS_NEWEST_URL: 'redis://host:2', CATGA_REDIS_NAME: 'Redis 7' };

  it('are taken from the environment, the stable one first', () => {
    expect(redisServers({ ...env, CATGA_REDIS_SERVER_NEWEST: '/opt/redis-server' })).toEqual([
      { name: 'Redis 7', url: 'redis://:secret@host:1' },
      { name: 'Redis at host:2', url: 'redis://host:2', program: '/opt/redis-server' },
    ]);
  });

  it('are an error when there are none, never a skipped test', () => {
    expect(() => natsServers(env)).toThrow(
      'No NATS server to test with: run `npm test`, or set REDIS_URL and NATS_URL.',
    );
    expect(() => redisServers({})).toThrow('npm test');
  });

  it('name a program that is there', () => {
    for (const { name, program } of [...redisPrograms(), ...natsPrograms()]) {
      expect(name).toMatch(/^(Redis|Valkey|NATS) \d+\.\d+/);
      expect(existsSync(program)).toBe(true);
    }
  });
});
