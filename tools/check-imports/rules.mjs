import { isBuiltin } from 'node:module';
import { join, sep } from 'node:path';
import { fromRoot } from '../lib/workspace.mjs';
import { allowedImports } from './layers.mjs';

/** Faults of one import: texts that say what is wrong and what is allowed instead. */
export function faultsOf(file, one, project) {
  const rules = one.target === undefined ? [packageRule] : [ownPackageRule, extensionRule, coreFolderRule];
  return rules.map((rule) => rule(file, one, project)).filter((text) => text !== undefined);
}

/** Folders of core that nobody gave a place in the order. */
export function unknownFolders({ packages, files }) {
  const core = packages.find(isCore);
  if (!core) return [];
  const folders = files
    .filter((file) => file.pkg === core && file.area === 'src')
    .map((file) => folderOf(file.path, core));
  return [...new Set(folders)]
    .filter((folder) => folder !== ROOT && !allowedImports.has(folder))
    .map((folder) => ({
      shown: fromRoot(join(core.path, 'src', folder), join(core.path, '../..')),
      text: `has no place in the import order. Give it one in tools/check-imports/layers.mjs and say why in docs/architecture.md.`,
    }));
}

const ROOT = '';
const isCore = (pkg) => pkg.kind === 'libs' && pkg.folder === 'core';
const inside = (folder, path) => path.startsWith(folder + sep);

function folderOf(path, core) {
  const parts = fromRoot(path, join(core.path, 'src')).split('/');
  return parts.length === 1 ? ROOT : parts[0];
}

function ownPackageRule(file, one) {
  const own = file.area === 'src' ? join(file.pkg.path, 'src') : file.pkg.path;
  if (inside(own, one.target)) return undefined;
  // Real servers and the like are started by the tests of every package.
  if (file.area === 'test' && inside(join(file.pkg.path, '../../tools'), one.target)) return undefined;
  return file.area === 'src' && inside(file.pkg.path, one.target)
    ? `imports "${one.specifier}", which is not published. Source may import only what lies below its own src.`
    : `imports "${one.specifier}", a path into another package. Import it by its package name, e.g. "@catga/core".`;
}

function extensionRule(file, one) {
  if (/\.(js|mjs|cjs|json)$/.test(one.specifier)) return undefined;
  return `imports "${one.specifier}" without its extension. Node resolves ESM by the full file name: end it in ".js".`;
}

function packageRule(file, one, { packages }) {
  const { specifier } = one;
  // Types of an application end with its compilation; those of a library are in its declarations.
  const vanishes = one.typeOnly && file.pkg.kind === 'apps';
  if (isBuiltin(specifier) || file.area !== 'src' || vanishes) return appRule(file, specifier, packages);
  const name = specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
  const { manifest } = file.pkg;
  if (name === manifest.name) return `imports its own package "${name}" by name. Use a relative path.`;
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies };
  if (name in declared) return appRule(file, specifier, packages);
  const own = packages.find((pkg) => pkg.manifest.name === name);
  if (own?.kind === 'apps') return appRule(file, specifier, packages);
  return `imports "${name}", which ${file.pkg.kind}/${file.pkg.folder}/package.json does not declare. Add it to its dependencies or peerDependencies, or do without it.`;
}

function appRule(file, specifier, packages) {
  if (file.pkg.kind !== 'libs') return undefined;
  const app = packages.find(
    ({ kind, manifest }) =>
      kind === 'apps' && (specifier === manifest.name || specifier.startsWith(`${manifest.name}/`)),
  );
  return (
    app &&
    `imports the application "${app.manifest.name}". Libraries are used by applications, never the other way round.`
  );
}

function coreFolderRule(file, one) {
  const { pkg } = file;
  const source = join(pkg.path, 'src');
  if (!isCore(pkg) || file.area !== 'src' || !inside(source, one.target)) return undefined;
  const from = folderOf(file.path, pkg);
  const to = folderOf(one.target, pkg);
  if (from === to) return undefined;
  if (to === ROOT) {
    return `${from} imports "${one.specifier}" at the top of core, which puts everything together. Move what is shared into a folder below both.`;
  }
  if (one.target !== join(source, to, 'index.ts')) {
    return `imports past the index of ${to}. Import "${to}/index.js"; if the name is missing there, export it there.`;
  }
  const allowed = allowedImports.get(from);
  if (from === ROOT || allowed === undefined || allowed.has(to)) return undefined;
  const list = allowed.size === 0 ? 'nothing else in core' : [...allowed].sort().join(', ');
  return `${from} imports ${to}, against the one-way order. ${from} may import: ${list}.`;
}
