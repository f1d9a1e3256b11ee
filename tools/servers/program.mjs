import { execFileSync } from 'node:child_process';
import { accessSync, constants, statSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Where servers are that the PATH of an ordinary user leaves out. */
export const SYSTEM_FOLDERS = [
  '/usr/local/sbin',
  '/usr/sbin',
  '/sbin',
  '/usr/local/bin',
  '/usr/bin',
  '/opt/homebrew/bin',
];

/** Names of programs that speak the protocol, best first. */
export const PROGRAMS = { redis: ['redis-server', 'valkey-server'], nats: ['nats-server'] };

const versions = new Map();

/** Absolute path of the first of these programs that can be run, or undefined. */
export function findProgram(names, { path = '', folders = SYSTEM_FOLDERS } = {}) {
  const places = [...path.split(delimiter).filter((folder) => folder !== ''), ...folders];
  return names.flatMap((name) => places.map((folder) => join(folder, name))).find(isProgram);
}

/** `{ product: 'Redis', version: '7.0.15' }` of a program, from its own words. */
export function describeProgram(program) {
  const known = versions.get(program);
  if (known) return known;
  const words = execFileSync(program, ['--version'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const found = /(\w+)[ -]server[: ]+v=?([\d.]+[\w.-]*)/i.exec(words);
  if (!found) throw new Error(`${program} --version said: ${words.trim()}. That is neither Redis, Valkey nor NATS.`);
  const described = { product: PRODUCTS[found[1].toLowerCase()] ?? found[1], version: found[2] };
  versions.set(program, described);
  return described;
}
const PRODUCTS = { redis: 'Redis', valkey: 'Valkey', nats: 'NATS' };

/** Path of the program with which a kind of server is started unless a test names another. @throws when there is none. */
export function defaultProgram(kind, env = process.env) {
  const variable = `CATGA_${kind.toUpperCase()}_SERVER`;
  const program = env[variable] || findProgram(PROGRAMS[kind], { path: env['PATH'] });
  if (program) return program;
  throw new Error(
    `No ${PROGRAMS[kind].join(' or ')} found in the PATH. Run \`npm test\`, which looks for one and installs it where it may, ` +
      `or set ${variable} to the path of the program.`,
  );
}

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
