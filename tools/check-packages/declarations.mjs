import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { importsOf } from '../check-imports/imports.mjs';
import { fromRoot, packages, root } from '../lib/workspace.mjs';

/**
 * Optional peers named by what a package's main entry shows: whoever has not installed them could not compile (types)
 * or not even start (code). They belong behind an entry of their own, such as `@catga/core/health`.
 *
 * @returns texts, one for each place.
 */
export function optionalPeerFaults() {
  return packages(root)
    .filter(({ kind }) => kind === 'libs')
    .flatMap(({ path, manifest }) => {
      const optional = Object.entries(manifest.peerDependenciesMeta ?? {}).filter(([, meta]) => meta.optional === true);
      const names = optional.map(([name]) => name);
      return ['dist/index.d.ts', 'dist/index.js'].flatMap((entry) => mentions(join(path, entry), names));
    });
}

function mentions(entry, names) {
  const faults = [];
  for (const file of reachable(entry)) {
    for (const { specifier, line, dynamic } of importsOf(file)) {
      if (dynamic || !names.some((name) => specifier === name || specifier.startsWith(`${name}/`))) continue;
      faults.push(
        `${fromRoot(file)}:${line}: names "${specifier}", an optional peer, and is reachable from ${fromRoot(entry)}. Load it on demand, describe its type structurally, or move it behind an entry of its own.`,
      );
    }
  }
  return faults;
}

/** The entry and every file that it imports, directly or not, statically. */
function reachable(entry) {
  const seen = new Set([entry]);
  for (const file of seen) {
    for (const { specifier, dynamic } of importsOf(file)) {
      if (!specifier.startsWith('.') || dynamic) continue;
      const target = declarationOrCode(resolve(dirname(file), specifier), file);
      if (target) seen.add(target);
    }
  }
  return seen;
}

function declarationOrCode(path, from) {
  const wanted = from.endsWith('.d.ts') ? path.replace(/\.js$/, '.d.ts') : path;
  return existsSync(wanted) ? wanted : undefined;
}
