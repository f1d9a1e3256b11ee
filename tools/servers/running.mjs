import { defaultProgram, describeProgram } from './program.mjs';

/** Redis servers that the tests were given, the stable one first; see `index.d.mts`. */
export const redisServers = (env = process.env) => serversOf('Redis', 'REDIS', env);

/** NATS servers that the tests were given, the stable one first; see `index.d.mts`. */
export const natsServers = (env = process.env) => serversOf('NATS', 'NATS', env);

function serversOf(product, prefix, env) {
  const servers = ['', '_NEWEST'].flatMap((which) => {
    const url = env[`${prefix}${which}_URL`];
    if (!url) return [];
    const program = env[`CATGA_${prefix}_SERVER${which}`];
    const name = env[`CATGA_${prefix}_NAME${which}`] ?? `${product} at ${new URL(url).host}`;
    return [program ? { name, url, program } : { name, url }];
  });
  if (servers.length > 0) return servers;
  throw new Error(`No ${product} server to test with: run \`npm test\`, or set REDIS_URL and NATS_URL.`);
}

/** Redis programs that a test may start itself, the stable one first; see `index.d.mts`. */
export const redisPrograms = (env = process.env) => programsOf('redis', env);

/** NATS programs that a test may start itself, the stable one first; see `index.d.mts`. */
export const natsPrograms = (env = process.env) => programsOf('nats', env);

function programsOf(kind, env) {
  const newest = env[`CATGA_${kind.toUpperCase()}_SERVER_NEWEST`];
  return [defaultProgram(kind, env), ...(newest ? [newest] : [])].map((program) => {
    const { product, version } = describeProgram(program);
    return { name: `${product} ${version}`, program };
  });
}
