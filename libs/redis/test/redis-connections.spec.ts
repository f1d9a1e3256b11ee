import { RedisConnections } from '@catga/redis';
import { freePort, startRedis, type ServerHandle } from '../../../tools/servers/index.mjs';

describe('RedisConnections', () => {
  let server: ServerHandle;
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
      await expect(connections.open('test').ready(20_000)).rejects.toMatchObject({ code: 'CATGA_REDIS_AUTH' });
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
    await Promise.all([expect(waiting).rejects.toThrow(), server.kill9()]);
    await expect(connection.call('PING')).rejects.toThrow();
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
});
