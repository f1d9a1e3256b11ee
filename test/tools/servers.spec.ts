import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect as connectNats } from '@nats-io/transport-node';
import { Cluster } from 'ioredis';
import {
  natsPrograms,
  natsServers,
  redisPrograms,
  redisServers,
  startNats,
  startNatsCluster,
  startProxy,
  startRedis,
  startRedisCluster,
  startSharedServers,
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

describe('a cluster of a test', () => {
  it('of NATS servers keeps a stream on three nodes and goes on when one is killed', async () => {
    const cluster = ending(await startNatsCluster());
    const connection = await connectNats({ servers: [...cluster.urls] });
    undo.push(() => connection.close());
    const manager = await jetstreamManager(connection);
    const { cluster: group } = await manager.streams.add({ name: 'orders', subjects: ['orders.>'], num_replicas: 3 });
    expect(group?.replicas).toHaveLength(2);
    const inUse = connection.getServer();
    const victim = cluster.nodes.find(({ url }, index) => `n${index + 1}` !== group?.leader && !url.endsWith(inUse));
    await victim?.kill9();
    expect((await manager.jetstream().publish('orders.1', 'one')).seq).toBe(1);
    await victim?.restart();
    await cluster.ready();
  });

  it('of Redis servers shares out the slots', async () => {
    const cluster = ending(await startRedisCluster());
    const client = new Cluster(cluster.nodes.map(({ port }) => ({ port, host: '127.0.0.1' })));
    undo.push(() => client.disconnect());
    const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`);
    await Promise.all(keys.map((key) => client.set(key, key)));
    expect(await Promise.all(keys.map((key) => client.get(key)))).toEqual(keys);
    const held = await Promise.all(cluster.nodes.map(({ port }) => new Talk(port).ask('DBSIZE')));
    expect(held.map((answer) => Number(answer?.slice(1)) > 0)).toEqual([true, true, true]);
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

describe('servers from the environment of a test', () => {
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

describe('the servers that tests share', () => {
  const said: string[] = [];
  const alone = { folders: [], mayInstall: false, newest: () => ({}), say: (line: string) => said.push(line) };
  /** A PATH that holds these programs only. */
  const pathWith = (programs: Record<string, string>): string => {
    const folder = mkdtempSync(join(tmpdir(), 'catga-path-'));
    undo.push(() => rmSync(folder, { recursive: true, force: true }));
    mkdirSync(join(folder, 'bin'));
    for (const [name, script] of Object.entries(programs)) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    }
    return join(folder, 'bin');
  };
  const [redis] = redisPrograms();
  const [nats] = natsPrograms();
  const both = { 'redis-server': `exec ${redis?.program} "$@"`, 'nats-server': `exec ${nats?.program} "$@"` };

  beforeEach(() => said.splice(0));

  it('are started from the PATH, named with their versions, and ended', async () => {
    const shared = ending(await startSharedServers({ ...alone, env: { PATH: pathWith(both) } }));
    const servers = [...redisServers(shared.env), ...natsServers(shared.env)];
    expect(servers.map(({ name }) => name)).toEqual([redis?.name, nats?.name]);
    expect(said).toEqual([`${redis?.name}, ${nats?.name}`]);
    const { port } = new URL(redisServers(shared.env)[0]?.url as string);
    expect(await new Talk(Number(port)).ask('PING')).toBe('+PONG');
    await shared.stop();
    const late = new Talk(Number(port));
    expect(await within(5_000, () => late.ended || undefined)).toBe(true);
  });

  it('are joined by the newest, unless those are the same once more', async () => {
    const newest = {
      redis: redis?.program as string,
      nats: join(pathWith({ 'nats-server': OTHER_NATS }), 'nats-server'),
    };
    const env = { PATH: pathWith(both) };
    const shared = ending(await startSharedServers({ ...alone, env, newest: () => newest }));
    expect(redisServers(shared.env)).toHaveLength(1);
    expect(natsServers(shared.env).map(({ program }) => program)).toEqual([expect.any(String), newest.nats]);
    expect(natsPrograms(shared.env).map(({ name }) => name)).toEqual([nats?.name, 'NATS 99.1.0']);
  });
  const OTHER_NATS = `[ "$1" = --version ] && echo 'nats-server: v99.1.0' && exit; exec ${nats?.program} "$@"`;

  it('are the newest where there are no others', async () => {
    const newest = { redis: redis?.program as string, nats: nats?.program as string };
    const shared = ending(await startSharedServers({ ...alone, env: { PATH: '' }, newest: () => newest }));
    expect(redisServers(shared.env)).toEqual([{ name: redis?.name, url: expect.any(String), program: newest.redis }]);
    expect(natsServers(shared.env)).toHaveLength(1);
  });

  it('are the ones that REDIS_URL and NATS_URL name, when they answer', async () => {
    const running = [ending(await startRedis()), ending(await startNats())] as const;
    const env = { REDIS_URL: running[0].url, NATS_URL: running[1].url };
    const shared = await startSharedServers({ ...alone, env });
    expect(shared.env).toMatchObject({ ...env, CATGA_REDIS_NAME: redis?.name, CATGA_NATS_NAME: nats?.name });
    await shared.stop();
    expect(await new Talk(running[0].port).ask('PING')).toBe('+PONG');
    await running[1].stop();
    await expect(startSharedServers({ ...alone, env })).rejects.toThrow(/NATS_URL names a server that does not answer/);
  });

  it('are containers where there is Docker and nothing else', async () => {
    const log = join(mkdtempSync(join(tmpdir(), 'catga-docker-')), 'log');
    undo.push(() => rmSync(join(log, '..'), { recursive: true, force: true }));
    const shared = ending(await startSharedServers({ ...alone, env: { PATH: pathWith({ docker: fakeDocker(log) }) } }));
    expect(
      Object.keys(shared.env)
        .filter((name) => name.endsWith('_URL'))
        .sort(),
    ).toEqual(
      ['NATS_NEWEST_URL', 'NATS_URL', 'REDIS_NEWEST_URL', 'REDIS_URL'], // prettier-ignore
    );
    expect(redisServers(shared.env).map(({ name }) => name)).toEqual([redis?.name, redis?.name]);
    await shared.stop();
    expect(readFileSync(log, 'utf8').split('\n')).toEqual([
      'compose version',
      expect.stringMatching(/ up --detach --wait redis redis-newest nats nats-newest$/),
      expect.stringMatching(/^compose -p catga-test-\d+ -f .*docker-compose.test.yml down --volumes$/),
      '',
    ]);
  });

  /** Does what Docker would do with the file of the repository: real servers on the ports it is told. */
  const fakeDocker = (log: string): string => `echo "$*" >> ${log}
case "$*" in
  *' up '*)
    for port in $CATGA_TEST_REDIS_PORT $CATGA_TEST_REDIS_NEWEST_PORT; do
      ${redis?.program} --bind 127.0.0.1 --port $port --save '' >/dev/null 2>&1 & echo $! >> ${log}.pids
    done
    for port in $CATGA_TEST_NATS_PORT $CATGA_TEST_NATS_NEWEST_PORT; do
      ${nats?.program} -a 127.0.0.1 -p $port >/dev/null 2>&1 & echo $! >> ${log}.pids
    done
    /bin/sleep 1 ;;
  *' down '*) kill -9 $(/bin/cat ${log}.pids) ;;
esac`;

  it('are an error that names the commands that help, when there is nothing at all', async () => {
    const nothing = startSharedServers({ ...alone, env: { PATH: '' } });
    await expect(nothing).rejects.toThrow(/^No Redis and no NATS server to test with\.\n/);
    for (const command of ['apt-get install redis-server nats-server', 'docker compose', 'REDIS_URL=', 'npm test']) {
      await expect(nothing).rejects.toThrow(command);
    }
    const withDocker = (docker: string) =>
      startSharedServers({ ...alone, env: { PATH: pathWith({ 'redis-server': both['redis-server'], docker }) } });
    await expect(withDocker('[ "$2" = version ] || { echo Docker is asleep; exit 1; }')).rejects.toThrow(
      /^No NATS server to test with \(.*exited with 1: Docker is asleep\)/,
    );
    const old = `echo "docker: 'compose' is not a docker command."; exit 1`;
    await expect(withDocker(old)).rejects.toThrow(
      /^No NATS server to test with \(this Docker has no Compose plugin; install/,
    );
  });
});
