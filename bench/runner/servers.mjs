import { join } from 'node:path';
import { natsPrograms, redisPrograms, startNats, startRedis } from '../../tools/servers/index.mjs';

const KINDS = {
  redis: { product: 'Redis', programs: redisPrograms, start: startRedis },
  nats: { product: 'NATS', programs: natsPrograms, start: startNats },
};

/**
 * Starts servers of its own, with their data on the disk of the benchmark. A program that is not there is no failure: its
 * lines are left out, and one line says so.
 *
 * @param {string} folder where they write
 * @param {Record<string, { kind: 'redis' | 'nats' } & Record<string, unknown>>} wanted by name; what stands beside
 *   `kind` are options of `startRedis` and `startNats`
 * @returns the addresses by name, those that are missing, what to say of both, and the way to end them
 */
export async function startServers(folder, wanted) {
  const servers = {};
  const notes = [];
  const stop = async () => void (await Promise.all(Object.values(servers).map((server) => server.stop())));
  try {
    for (const [name, { kind, ...options }] of Object.entries(wanted)) {
      const program = programOf(kind);
      if (program === undefined) continue;
      servers[name] = await KINDS[kind].start({ ...options, program, folder: join(folder, `${name}-${process.pid}`) });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  for (const kind of new Set(Object.values(wanted).map((one) => one.kind))) {
    const server = Object.entries(servers).find(([name]) => wanted[name].kind === kind)?.[1];
    notes.push(server === undefined ? missing(kind) : `${server.name}, a server of its own on 127.0.0.1.`);
  }
  const urls = Object.fromEntries(Object.entries(servers).map(([name, { url }]) => [name, url]));
  return { urls, notes, stop };
}

const missing = (kind) =>
  `No ${KINDS[kind].product} server program was found in the PATH or under CATGA_${kind.toUpperCase()}_SERVER, ` +
  `so ${KINDS[kind].product} was not measured. \`npm test\` installs one where it may.`;

/** The stable one; undefined when there is none. */
function programOf(kind) {
  try {
    return KINDS[kind].programs()[0]?.program;
  } catch {
    return undefined;
  }
}
