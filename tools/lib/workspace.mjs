import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Absolute path of the repository. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '../..');

/** Path as people write it in this repository: from its top, with forward slashes. */
export const fromRoot = (path, base = root) => relative(base, path).replaceAll('\\', '/');

/** Parsed JSON file. */
export const readJson = (path) => JSON.parse(readFileSync(path, 'utf8'));

/** Every file below a folder, `node_modules` and `dist` left out unless the folder is one itself. */
export function filesBelow(folder, wanted = () => true) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return SKIPPED.has(entry.name) ? [] : filesBelow(path, wanted);
      return wanted(path) ? [path] : [];
    });
}
const SKIPPED = new Set(['node_modules', 'dist', 'coverage']);

/** Folders under `libs/` and `apps/` that are packages: `{ kind, folder, path, manifest }`. */
export function packages(base = root) {
  return ['libs', 'apps'].flatMap((kind) => {
    const parent = join(base, kind);
    if (!existsSync(parent)) return [];
    return readdirSync(parent)
      .sort()
      .map((folder) => ({ kind, folder, path: join(parent, folder) }))
      .filter(({ path }) => existsSync(join(path, 'package.json')))
      .map((found) => ({ ...found, manifest: readJson(join(found.path, 'package.json')) }));
  });
}

/**
 * Removes compiled files whose source is gone. `tsc -b` leaves them, and a leftover would still be imported, packed
 * and published.
 */
export function removeOrphanedOutput(base = root) {
  for (const { path } of packages(base)) {
    const dist = join(path, 'dist');
    for (const file of filesBelow(dist, (name) => /\.(js|d\.ts)(\.map)?$/.test(name))) {
      const source = join(path, 'src', relative(dist, file).replace(/\.(js|d\.ts)(\.map)?$/, ''));
      if (!['.ts', '.tsx', '.mts'].some((extension) => existsSync(source + extension))) rmSync(file);
    }
  }
}
