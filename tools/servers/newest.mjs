import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from '../lib/run.mjs';
import { root } from '../lib/workspace.mjs';
import { systemArchive } from './debian.mjs';
import { PACKAGES } from './install.mjs';
import { describeProgram, PROGRAMS } from './program.mjs';

/** Later suites of Debian, the newest first. */
const SUITES = ['sid', 'testing', 'stable'];
/** After this time a newer one is looked for, in ms. */
const FRESH = 30 * 24 * 60 * 60_000;
const NAMES = { redis: 'Redis', nats: 'NATS' };
const FETCH_LIMIT = 300_000;

/**
 * The newest servers in Debian's archive, unpacked below `.data/servers` and used from there: nothing of the system is
 * changed, and root is not needed. A second call takes what the first one fetched.
 *
 * @param say gets a line for people.
 * @returns `{ redis, nats }`: paths of programs; what cannot be had is left out.
 */
export async function newestPrograms(say, folder = join(root, '.data/servers')) {
  const cached = fetched(folder);
  if (cached.isFresh) return cached.programs;
  const archive = systemArchive();
  if (!archive) {
    say("the newest servers cannot be had: the system's sources name no archive of its own suite.");
    return cached.programs;
  }
  say(`fetching the newest Redis and NATS from ${archive.uri} into .data/servers, once …`);
  const programs = { ...cached.programs };
  const missing = new Set(Object.keys(PACKAGES));
  let why = '';
  for (const suite of SUITES) {
    if (missing.size === 0) break;
    try {
      const found = await fetchFrom(archive, suite, [...missing], folder);
      for (const kind of missing) if (found[kind]) programs[kind] = found[kind];
      for (const kind of Object.keys(found)) missing.delete(kind);
    } catch (error) {
      why ||= /^(?:W: Failed|E:).*$/m.exec(error.output ?? '')?.[0] ?? error.message;
    }
  }
  if (missing.size > 0)
    say(`the newest ${[...missing].map((kind) => NAMES[kind]).join(' and ')} cannot be had now (${why}).`);
  if (missing.size === 0) writeFileSync(recordOf(folder), JSON.stringify(programs));
  return programs;
}

const recordOf = (folder) => join(folder, 'newest.json');

function fetched(folder) {
  try {
    const { mtimeMs } = statSync(recordOf(folder));
    const programs = JSON.parse(readFileSync(recordOf(folder), 'utf8'));
    for (const program of Object.values(programs)) describeProgram(program);
    return { programs, isFresh: Date.now() - mtimeMs < FRESH };
  } catch {
    return { programs: {}, isFresh: false };
  }
}

/** Fetches packages and all they need to `folder/SUITE`, and gives the programs that run. */
async function fetchFrom(archive, suite, kinds, folder) {
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, 'fetch-'));
  try {
    await download(archive, suite, kinds, work);
    const unpacked = join(work, 'root');
    for (const name of readdirSync(join(work, 'archives')).filter((file) => file.endsWith('.deb'))) {
      await run('dpkg-deb', ['-x', join(work, 'archives', name), unpacked]);
    }
    for (const part of ['etc', 'var', 'usr/share']) rmSync(join(unpacked, part), { recursive: true, force: true });
    const target = join(folder, suite);
    rmSync(target, { recursive: true, force: true });
    renameSync(unpacked, target);
    return Object.fromEntries(kinds.map((kind) => [kind, runnable(target, PROGRAMS[kind])]).filter(([, path]) => path));
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/**
 * A private apt: own sources, lists, cache, and a system that seems to have nothing installed, so that the libraries
 * come along, down to the C library.
 */
async function download({ uri, signedBy }, suite, kinds, work) {
  for (const name of ['lists/partial', 'archives/partial', 'root']) mkdirSync(join(work, name), { recursive: true });
  const options = signedBy ? `[signed-by=${signedBy}] ` : '';
  writeFileSync(join(work, 'sources.list'), `deb ${options}${uri} ${suite} main\n`);
  writeFileSync(join(work, 'status'), '');
  const config = {
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '-',
    'Dir::Etc::preferencesparts': '-',
    'Dir::State': work,
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': work,
    'Acquire::Languages': 'none',
    'Acquire::http::Timeout': '20',
    'Acquire::Retries': '0', // offline, nobody wants to wait
    'APT::Sandbox::User': 'root', // the user `_apt` cannot write here
    'Debug::NoLocking': 'true',
  };
  const lines = Object.entries(config).map(([name, value]) => `${name} "${value}";`);
  writeFileSync(join(work, 'apt.conf'), `${lines.join('\n')}\n`);
  const apt = (...args) =>
    run('apt-get', ['-q', ...args], {
      env: { ...process.env, APT_CONFIG: join(work, 'apt.conf') },
      timeoutMs: FETCH_LIMIT,
    });
  await apt('update', '--error-on=any');
  await apt('install', '-y', '--download-only', '--no-install-recommends', ...kinds.map((kind) => PACKAGES[kind]));
}

/** The program itself if it runs on this system's libraries, else a script that runs it on those it came with. */
function runnable(target, names) {
  const folders = ['usr/bin', 'usr/sbin'].map((folder) => join(target, folder));
  const program = names.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync);
  if (!program) return undefined;
  if (runs(program)) return program;
  const script = `${program}-with-libraries`;
  const [loader, libraries] = loaderOf(target);
  writeFileSync(script, `#!/bin/sh\nexec "${loader}" --library-path "${libraries}" "${program}" "$@"\n`, {
    mode: 0o755,
  });
  return runs(script) ? script : undefined;
}

function runs(program) {
  try {
    describeProgram(program);
    return true;
  } catch {
    return false;
  }
}

/** The dynamic loader lies beside the C library: `usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2`. */
function loaderOf(target) {
  const base = join(target, 'usr/lib');
  for (const triplet of readdirSync(base).filter((name) => name.includes('-linux-'))) {
    const loader = readdirSync(join(base, triplet)).find((name) => /^ld-linux.*\.so\.\d+$/.test(name));
    if (loader) return [join(base, triplet, loader), join(base, triplet)];
  }
  throw new Error(`No dynamic loader below ${base}.`);
}
