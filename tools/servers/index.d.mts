/**
 * Real servers for tests. Everything listens on 127.0.0.1 and ends when the process that started it ends, after
 * `kill -9` as well; temporary folders go with it.
 *
 * ```ts
 * import { startProxy, startRedis } from '../../tools/servers/index.mjs';
 *
 * const redis = await startRedis({ appendfsync: 'always' });
 * const proxy = await startProxy(redis);
 * const store = connect(proxy.url(redis.url));
 * await proxy.cut();
 * await redis.kill9();
 * await redis.restart();
 * await proxy.heal();
 * await proxy.stop();
 * await redis.stop();
 * ```
 */

/** What both kinds of servers can be started with. */
export interface ServerOptions {
  /** Path of the program. Default: `CATGA_REDIS_SERVER` or `CATGA_NATS_SERVER`, else what the PATH has. */
  program?: string;
  /** Further command line arguments, after the ones given here by default. */
  args?: readonly string[];
  /** Data folder, made when it is not there, and kept by `stop()`. Default: a temporary one, removed by `stop()`. */
  folder?: string;
  /** Default: a free one, below the range of ports that outgoing connections get. */
  port?: number;
}

/** A Redis or Valkey server with an append-only file and no snapshots. */
export interface RedisOptions extends ServerOptions {
  /** When the log reaches the disk. Default: `'everysec'`, as in Redis; only `'always'` keeps all it acknowledged. */
  appendfsync?: 'always' | 'everysec' | 'no';
}

/** A NATS server with JetStream on files in its folder. */
export interface NatsOptions extends ServerOptions {
  /** Default: true. False starts a server that knows nothing of JetStream. */
  jetstream?: boolean;
  /** `sync_interval` of JetStream, such as `'always'` or `'10s'`; servers below 2.10 refuse to start with it. */
  syncInterval?: string;
  /** Further lines of the configuration file, such as `max_payload: 1024` or `authorization { token: "t" }`. */
  config?: string;
}

/** A running server. */
export interface ServerHandle {
  /** Product and version for the name of a test: `Redis 7.0.15`. */
  readonly name: string;
  /** `redis://127.0.0.1:PORT` or `nats://127.0.0.1:PORT`, without credentials. */
  readonly url: string;
  readonly port: number;
  /** Path of the program. */
  readonly program: string;
  /** `7.0.15` */
  readonly version: string;
  /** Data folder. */
  readonly folder: string;
  /** Undefined while the server is down. */
  readonly pid: number | undefined;
  /** What it wrote since it was started, the newest 64,000 characters. */
  readonly output: string;
  /** SIGKILL; resolves when the process is gone. */
  kill9(): Promise<void>;
  /**
   * Starts it again on the same port and folder and waits until it answers; ends it in good order first if it runs.
   *
   * @param args replace the `args` it was started with, from now on.
   */
  restart(args?: readonly string[]): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  thaw(): void;
  /** Ends it in good order (hard after ten seconds), and removes the folder if it was made here. May be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts a Redis or Valkey server and waits until it takes commands (one that asks for a password does).
 *
 * @throws when it ends or gives no answer in 30 s, with its output; when no program is found, with what to do.
 */
export function startRedis(options?: RedisOptions): Promise<ServerHandle>;

/**
 * Starts a NATS server and waits until it answers with JetStream on.
 *
 * @throws when it ends or gives no answer in 30 s, with its output; when no program is found, with what to do.
 */
export function startNats(options?: NatsOptions): Promise<ServerHandle>;

/** Servers that form one cluster. */
export interface ClusterHandle {
  /** Product and version of its nodes. */
  readonly name: string;
  readonly nodes: readonly ServerHandle[];
  readonly urls: readonly string[];
  /** Waits until all nodes see the whole cluster: after one of them was restarted. @throws after 60 s. */
  ready(): Promise<void>;
  /** Ends all nodes. */
  stop(): Promise<void>;
}

/**
 * Starts NATS servers that form one JetStream cluster, and waits until streams with replicas can be made. Every node
 * tells its clients of the others; one behind a proxy needs a client with `ignoreClusterUpdates: true`.
 *
 * @param size number of nodes. Default: 3.
 */
export function startNatsCluster(size?: number, options?: Omit<NatsOptions, 'port' | 'folder'>): Promise<ClusterHandle>;

/**
 * Starts Redis servers that form one Redis Cluster, each with its share of the slots and without a replica, and waits
 * until all of them take commands.
 *
 * @param size number of nodes. Default: 3, the least that can agree on anything.
 */
export function startRedisCluster(
  size?: number,
  options?: Omit<RedisOptions, 'port' | 'folder'>,
): Promise<ClusterHandle>;

/** A TCP proxy in this process, to take away the network between a client and a server that lives on. */
export interface Proxy {
  readonly port: number;
  /** The same address by way of the proxy: `proxy.url('redis://:secret@127.0.0.1:6379/1')`. */
  url(base: string): string;
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>;
  /** Takes connections again, on the same port. */
  heal(): Promise<void>;
  /** Keeps all connections open, accepts new ones, and lets nothing through, not even that one side has gone. */
  stall(): void;
  /** Lets through what was held back, and everything from now on. */
  resume(): void;
  /** Ends the proxy and all connections. */
  stop(): Promise<void>;
}

/** Starts a proxy before a port of 127.0.0.1 (or `host`); a server's handle will do. */
export function startProxy(target: { port: number; host?: string }): Promise<Proxy>;

/** A server that `npm test` found or started, shared by all tests: use keys and streams of your own. */
export interface SharedServer {
  /** For the name of a test: `Redis 7.0.15`. */
  name: string;
  url: string;
  /** Program it was started from, when it is known. */
  program?: string;
}

/**
 * Redis servers to test with, the stable one first, then the newest that could be had: from `REDIS_URL` and
 * `REDIS_NEWEST_URL`, which `npm test` sets.
 *
 * @param env default: `process.env`
 * @throws when there is none. Tests are never skipped for want of a server.
 */
export function redisServers(env?: NodeJS.ProcessEnv): SharedServer[];

/** NATS servers to test with: as {@link redisServers}, from `NATS_URL` and `NATS_NEWEST_URL`. */
export function natsServers(env?: NodeJS.ProcessEnv): SharedServer[];

/** A program for {@link ServerOptions.program}, with its product and version. */
export interface ServerProgram {
  name: string;
  program: string;
}

/**
 * Programs for tests that start, kill and freeze servers of their own, the stable one first: from `CATGA_REDIS_SERVER`
 * and `CATGA_REDIS_SERVER_NEWEST`, which `npm test` sets; else what the PATH has.
 *
 * @throws when there is none.
 */
export function redisPrograms(env?: NodeJS.ProcessEnv): ServerProgram[];

/** As {@link redisPrograms}, from `CATGA_NATS_SERVER` and `CATGA_NATS_SERVER_NEWEST`. */
export function natsPrograms(env?: NodeJS.ProcessEnv): ServerProgram[];

/** What {@link startSharedServers} looks at. The defaults are right for all but its own tests. */
export interface SharedServersOptions {
  /** Default: `process.env`. */
  env?: NodeJS.ProcessEnv;
  /** Folders searched for programs after the PATH. Default: `/usr/sbin` and the like. */
  folders?: readonly string[];
  /** Whether packages may be installed. Default: on Debian and Ubuntu, as root. */
  mayInstall?: boolean;
  /** Finds the newest programs. Default: in Debian's archive, on Debian; see docs/contributing.md. */
  newest?: (
    say: (line: string) => void,
  ) => Partial<Record<'redis' | 'nats', string>> | Promise<Partial<Record<'redis' | 'nats', string>>>;
  /** Gets a line of progress. Default: writes it to stderr. */
  say?: (line: string) => void;
}

/**
 * Finds or starts the servers that all tests share, the stable ones and the newest that can be had: what `REDIS_URL`,
 * `NATS_URL`, `REDIS_NEWEST_URL`, `NATS_NEWEST_URL` name; else programs of the PATH; else Debian's packages, installed
 * where that is allowed; else Docker. `npm test` and `npm run servers` call it.
 *
 * @returns what to add to the environment of tests, and what ends everything that was started here.
 * @throws {NoServersError} when there is nothing to test with.
 */
export function startSharedServers(
  options?: SharedServersOptions,
): Promise<{ env: Record<string, string>; stop(): Promise<void> }>;

/** There is nothing to test with; the message names the commands that help. */
export class NoServersError extends Error {}

/** A port of 127.0.0.1 on which nobody listens now, below the range of ports that outgoing connections get. */
export function freePort(): Promise<number>;
