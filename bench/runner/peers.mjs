import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { withProgress } from '../../tools/lib/progress.mjs';
import { run } from '../../tools/lib/run.mjs';
import { root } from '../../tools/lib/workspace.mjs';

/** Folders with other people's event stores, each with a `node_modules` of its own: nothing of Catga depends on them. */
const CASTORE = join(root, 'bench/peers/castore');
const EMMETT = join(root, '.data/bench-peers/emmett');

/**
 * Emmett states no license in its packages, so it is no dependency of this repository: it is only fetched for whoever asks
 * for it. The override: emmett-sqlite asks for a version of emmett that is not there.
 */
const EMMETT_MANIFEST = {
  private: true,
  dependencies: {
    '@event-driven-io/dumbo': '0.12.7',
    '@event-driven-io/emmett': '0.42.0',
    '@event-driven-io/emmett-sqlite': '0.42.4',
    sqlite3: '5.1.7',
  },
  overrides: { '@event-driven-io/emmett-sqlite': { '@event-driven-io/emmett': '0.42.0' } },
};

/** Where contestants find their peer. */
export const PEER_ENV = { BENCH_CASTORE: CASTORE, BENCH_EMMETT: EMMETT };

/**
 * Installs what is missing: castore always, Emmett when it is asked for (and uses it from then on). Being offline is no
 * failure: the peer's lines say that it is not installed.
 *
 * @param {{ emmett: boolean }} wanted
 * @returns {Promise<Record<'castore' | 'emmett' | 'emmettSqlite', boolean>>} who is there
 */
export async function preparePeers({ emmett }) {
  if (!loads(CASTORE, '@castore/core')) await install('castore', CASTORE, ['ci']);
  if (emmett && !loads(EMMETT, '@event-driven-io/emmett')) await installEmmett();
  if (emmett && !loads(EMMETT, 'sqlite3')) await buildSqlite3();
  const hasEmmett = loads(EMMETT, '@event-driven-io/emmett');
  return {
    castore: loads(CASTORE, '@castore/core'),
    emmett: hasEmmett,
    emmettSqlite: hasEmmett && loads(EMMETT, 'sqlite3'),
  };
}

async function installEmmett() {
  mkdirSync(EMMETT, { recursive: true });
  writeFileSync(join(EMMETT, 'package.json'), `${JSON.stringify(EMMETT_MANIFEST, undefined, 2)}\n`);
  await install('Emmett', EMMETT, ['install']);
}

/** Its driver is native: fetched ready-made where it can be, compiled otherwise, which takes minutes. */
function buildSqlite3() {
  return install("Emmett's SQLite driver (may be compiled: minutes)", EMMETT, ['rebuild', 'sqlite3']);
}

async function install(name, folder, args) {
  const flags = args[0] === 'rebuild' ? [] : ['--ignore-scripts', '--no-audit', '--no-fund'];
  try {
    await withProgress(`Installing ${name} for comparison`, () => run('npm', [...args, ...flags], { cwd: folder }));
  } catch (error) {
    console.log(`${name} is not installed, its lines are left open: ${error.message}`);
  }
}

function loads(folder, module) {
  if (!existsSync(join(folder, 'package.json'))) return false;
  try {
    createRequire(join(folder, 'package.json'))(module);
    return true;
  } catch {
    return false;
  }
}

/** Which peer a contestant needs, by the beginning of its name. */
const NEEDED = [
  ['emmettSqlite', 'emmettSqlite'],
  ['emmett', 'emmett'],
  ['castore', 'castore'],
];

/** Those of the contestants that can take part. */
export function present(contestants, peers) {
  const needs = (name) => NEEDED.find(([prefix]) => name.startsWith(prefix))?.[1];
  return Object.fromEntries(Object.entries(contestants).filter(([name]) => peers[needs(name)] !== false));
}
