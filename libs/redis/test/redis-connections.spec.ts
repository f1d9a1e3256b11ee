import { jest } from '@jest/globals';
import { RedisConnections } from '@catga/redis';
import { Logger } from '@nestjs/common';
import { freePort, startRedis, type ServerHandle } from '../../../tools/servers/index.mjs';

/** What the client underneath would say: it speaks of its own options. */
const CLIENT_WORDS = /enableOfflineQueue|maxRetriesPerRequest|Connection is closed|ioredis|\.\./;

describe('RedisConnections', () => {
  let server: ServerHandle;
  const lines: string[] = [];
  beforeEach(() => {
    lines.length = 0;
    const note = (level: string) => (text: unknown, context: unknown) =>
      lines.push(`${level} ${String(context)}: ${String(text)}`);
    Logger.overrideLogger({ log: note('log'), warn: note('warn'), error: note('error') });
  });
  afterAll(() => Logger.overrideLogger(['log', 'warn', 'error']));
  beforeAll(async () => {
    server = await startRedis();
  });
  afterAll(() => server.stop());

  for (const [what, options] of [
    ['is none', { url: 'localhost:6379' }],
    ['is of another protocol', { url: 'http://localhost:6379' }],
    ['has a database that is no number', { url: 'redis://localhost/shop' }],
    ['comes beside a host', { url: 'redis://localhost', host: 'localhost' }],
  ] as const) {
    it(`refuses a URL that ${what}`, () => {
      expect(() => new RedisConnections(options)).toThrow(expect.objectContaining({ code: 'CATGA_INVALID_OPTION' }));
    });
  }

  it('repeats no password in the message about a wrong URL', () => {
    expect(() => new RedisConnections({ url: 'rediz://user:secret@host:1' })).toThrow(/^(?!.*secret).*rediz/);
  });

  it('says at once that the password is wrong, or missing', async () => {
    const locked = await startRedis({ args: ['--requirepass', 'right'] });
    for (const password of ['wrong', undefined]) {
      const connections = new RedisConnections({ port: locked.port, ...(password !== undefined && { password }) });
      const begun = performance.now();
      await expect(connections.open('test').ready(20_000)).rejects.toMatchObject({
        code: 'CATGA_REDIS_AUTH',
        message: expect.not.stringMatching(CLIENT_WORDS),
      });
      expect(performance.now() - begun).toBeLessThan(5_000);
      connections.close();
    }
    const connections = new RedisConnections({ url: `redis://:right@127.0.0.1:${locked.port}` });
    const connection = connections.open('test');
    await connection.ready(5_000);
    expect(await connection.call('PING')).toBe('PONG');
    connections.close();
    await locked.stop();
  });

  it('says that nobody answers, and where', async () => {
    const port = await freePort();
    const connections = new RedisConnections({ host: '127.0.0.1', port });
    await expect(connections.open('test').ready(200)).rejects.toMatchObject({
      code: 'CATGA_REDIS_UNAVAILABLE',
      kind: 'infrastructure',
      message: expect.stringContaining(`127.0.0.1:${port}`),
    });
    connections.close();
  });

  it('fails what is under way when the connection is lost, and is back when the server is', async () => {
    const connections = new RedisConnections({ port: server.port });
    const connection = connections.open('test');
    const seen: string[] = [];
    connection.onStatus((status) => seen.push(status));
    await connection.ready(5_000);
    const waiting = connection.call('BLPOP', 'nothing', 0);
    const heard: string[] = [];
    const listener = connections.openSubscriber('listener');
    await listener.ready(5_000);
    await listener.subscribe('news', (message) => heard.push(message.toString()));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const code = 'CATGA_REDIS_UNAVAILABLE';
    const message = expect.not.stringMatching(CLIENT_WORDS);
    await Promise.all([expect(waiting).rejects.toMatchObject({ code, message, wasSent: true }), server.kill9()]);
    for (let tries = 0; tries < 5; tries++) {
      await expect(connection.call('PING')).rejects.toMatchObject({ code, message, wasSent: false });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await server.restart();
    await Promise.all([connection.ready(10_000), listener.ready(10_000)]);
    expect(await connection.call('PING')).toBe('PONG');
    for (let tries = 0; heard.length === 0 && tries < 100; tries++) {
      await connection.call('PUBLISH', 'news', 'again');
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    expect(heard).toContain('again');
    connections.close();
    await expect(connection.ready(100)).rejects.toMatchObject({ code: 'CATGA_REDIS_CLOSED' });
    expect(seen).toEqual(['ready', 'lost', 'ready', 'closed']);
  });

  it('logs once that the server is away, and once that it is back, whatever the number of connections', async () => {
    const connections = [1, 2].map(() => new RedisConnections({ port: server.port }));
    const opened = connections.flatMap((each) => [each.open('a'), each.open('b'), each.openSubscriber('c')]);
    const ready = () => Promise.all(opened.map((each) => each.ready(10_000)));
    await ready();
    // One that breaks alone is no news.
    opened[0]?.reset();
    await ready();
    for (let round = 0; round < 2; round++) {
      await server.kill9();
      await new Promise((resolve) => setTimeout(resolve, 200));
      await server.restart();
      await ready();
    }
    const said = (line: string) => [
      expect.stringMatching(new RegExp(`^warn Redis: Redis at ${line} is away: the connection was lost`)),
      expect.stringMatching(new RegExp(`^log Redis: Redis at ${line} is back after \\d+\\.\\d s\\.$`)),
    ];
    expect(lines).toEqual([...said(`localhost:${server.port}`), ...said(`localhost:${server.port}`)]);
    for (const each of connections) each.close();
    expect(lines).toHaveLength(4);
  });

  it('says through the logger, and once, that a password is not needed', async () => {
    const console_ = jest.spyOn(console, 'warn');
    const connections = new RedisConnections({ port: server.port, password: 'useless' });
    const opened = [connections.open('a'), connections.open('b')];
    await Promise.all(opened.map((each) => each.ready(5_000)));
    expect(await opened[0]?.call('PING')).toBe('PONG');
    expect(lines).toEqual([expect.stringContaining('asks for no password')]);
    expect(console_).not.toHaveBeenCalled();
    connections.close();
    console_.mockRestore();
  });

  it('connects as a user who may not ask for INFO, without a word on the console', async () => {
    const console_ = jest.spyOn(console, 'warn');
    const admin = new RedisConnections({ port: server.port });
    const connection = admin.open('admin');
    await connection.ready(5_000);
    await connection.call('ACL', 'SETUSER', 'guest', 'on', '>secret', '~*', '&*', '+@all', '-info');
    const connections = new RedisConnections({ port: server.port, username: 'guest', password: 'secret' });
    const guest = connections.open('guest');
    await guest.ready(5_000);
    expect(await guest.call('PING')).toBe('PONG');
    expect(console_).not.toHaveBeenCalled();
    for (const each of [connections, admin]) each.close();
    console_.mockRestore();
  });
});
