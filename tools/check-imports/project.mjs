import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { filesBelow, fromRoot, packages } from '../lib/workspace.mjs';
import { importsOf } from './imports.mjs';

/**
 * Reads every TypeScript file of the libs and apps.
 *
 * @returns `{ packages, files }`; a file is `{ path, shown, pkg, area, imports }` where `area` is `src`, `test` or
 * another folder of its package, and an import is `{ specifier, line, target }` with the absolute path of the file it
 * means when it is relative.
 */
export function readProject(base) {
  const found = packages(base);
  const files = found.flatMap((pkg) =>
    filesBelow(pkg.path, (name) => /\.[cm]?tsx?$/.test(name)).map((path) => ({
      path,
      shown: fromRoot(path, base),
      pkg,
      area: fromRoot(path, pkg.path).split('/')[0],
      imports: importsOf(path).map((one) => ({ ...one, target: resolveRelative(path, one.specifier) })),
    })),
  );
  return { packages: found, files };
}

function resolveRelative(from, specifier) {
  if (!/^\.\.?(\/|$)/.test(specifier)) return undefined;
  const wanted = resolve(dirname(from), specifier);
  const source = wanted.replace(/\.([cm]?)js$/, '.$1ts');
  const candidates = [source, `${wanted}.ts`, join(wanted, 'index.ts')];
  return candidates.find((path) => /\.\w+$/.test(path) && existsSync(path)) ?? wanted;
}
