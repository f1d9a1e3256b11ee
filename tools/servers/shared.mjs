import { isDebian, mayInstallPackages } from './debian.mjs';
import { startContainers } from './docker.mjs';
import { installServers } from './install.mjs';
import { startNats } from './nats.mjs';
import { newestPrograms } from './newest.mjs';
import { NoServersError } from './no-servers.mjs';
import { describeProgram, findProgram, PROGRAMS, SYSTEM_FOLDERS } from './program.mjs';
import { startRedis } from './redis.mjs';
import { nameOfServer } from './server-name.mjs';

const STARTERS = { redis: startRedis, nats: startNats };
const KINDS = Object.keys(STARTERS);
const WHICH = ['', '_NEWEST'];

const urlOf = (kind, which) => `${kind.toUpperCase()}${which}_URL`;
const nameOf = (kind, which) => `CATGA_${kind.toUpperCase()}_NAME${which}`;
const programOf = (kind, which) => `CATGA_${kind.toUpperCase()}_SERVER${which}`;

/**
 * Finds or starts the servers that all tests share; see `index.d.mts`.
 *
 * @param options for tests of this function: `folders` are searched beside the PATH, `newest` finds the newest programs.
 */
export async function startSharedServers({
  env = process.env,
  folders = SYSTEM_FOLDERS,
  mayInstall = mayInstallPackages(),
  newest = isDebian() ? newestPrograms : () => ({}),
  say = (line) => console.error(`Servers: ${line}`),
} = {}) {
  const stops = [];
  const stop = async () => {
    for (const step of stops.splice(0).reverse()) await step();
  };
  try {
    const found = { ...given(env), ...(await stablePrograms({ env, folders, mayInstall, say })) };
    Object.assign(found, await newerPrograms(found, newest, say));
    const missing = KINDS.filter((kind) => !found[urlOf(kind, '')] && !found[programOf(kind, '')]);
    if (missing.length > 0) {
      const containers = await startDocker({ missing, env, folders, say });
      stops.push(containers.stop);
      Object.assign(found, containers.urls);
    }
    await startMissing(found, stops);
    say(
      KINDS.flatMap((kind) => WHICH.map((which) => found[nameOf(kind, which)]))
        .filter(Boolean)
        .join(', '),
    );
    return { env: found, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the environment names by itself. */
function given(env) {
  const names = KINDS.flatMap((kind) => WHICH.flatMap((which) => [urlOf(kind, which), programOf(kind, which)]));
  return Object.fromEntries(names.filter((name) => env[name]).map((name) => [name, env[name]]));
}

async function stablePrograms({ env, folders, mayInstall, say }) {
  const look = (kind) => env[programOf(kind, '')] || findProgram(PROGRAMS[kind], { path: env.PATH, folders });
  const missing = KINDS.filter((kind) => !look(kind));
  if (missing.length > 0 && mayInstall) {
    say(`installing ${missing.map((kind) => `${kind}-server`).join(' and ')} from Debian's packages …`);
    await installServers(missing).catch((error) => say(`${error.message}:\n${error.output ?? ''}`));
  }
  return Object.fromEntries(KINDS.map((kind) => [programOf(kind, ''), look(kind)]).filter(([, program]) => program));
}

async function startDocker({ missing, env, folders, say }) {
  const docker = findProgram(['docker'], { path: env.PATH, folders });
  if (!docker) throw new NoServersError(missing);
  say('starting containers, as neither programs nor packages can be had; tests that kill servers need programs …');
  return startContainers(docker, missing).catch((error) => {
    throw new NoServersError(missing, [error.message, wordsOf(error)].filter(Boolean).join(': '));
  });
}

const wordsOf = ({ output = '' }) => output.trim().replace(/\s+/g, ' ').slice(0, 300);

/** The newest programs: the only ones where there is no stable one, and none where they are the stable ones again. */
async function newerPrograms(found, newest, say) {
  if (KINDS.every((kind) => found[programOf(kind, '_NEWEST')])) return {};
  const programs = await newest(say);
  const named = KINDS.filter((kind) => programs[kind] && !found[programOf(kind, '_NEWEST')]).map((kind) => {
    const stable = found[programOf(kind, '')];
    if (stable && isSame(stable, programs[kind])) return [];
    return [[programOf(kind, stable ? '_NEWEST' : ''), programs[kind]]];
  });
  return Object.fromEntries(named.flat());
}

const isSame = (a, b) => JSON.stringify(describeProgram(a)) === JSON.stringify(describeProgram(b));

/** Starts a server for every program whose address is not known, and names them all. */
async function startMissing(found, stops) {
  for (const kind of KINDS) {
    for (const which of WHICH) {
      const program = found[programOf(kind, which)];
      if (!found[urlOf(kind, which)] && program) {
        const server = await STARTERS[kind]({ program });
        stops.push(() => server.stop());
        found[urlOf(kind, which)] = server.url;
      }
      const url = found[urlOf(kind, which)];
      if (url) found[nameOf(kind, which)] = await nameOfServer(kind, url);
    }
  }
}
