import { join } from 'node:path';
import { run } from '../lib/run.mjs';
import { packages, root } from '../lib/workspace.mjs';

/** Longest packed package, in bytes: a forgotten fixture or database would be well above. */
const LARGEST = 2_000_000;

/** Packs every lib as `npm publish` would: `[{ name, tarball, files, manifest }]`. */
export async function packLibs(folder) {
  const packed = [];
  for (const { kind, path, manifest } of packages(root)) {
    if (kind !== 'libs') continue;
    const output = await run('npm', ['pack', '--json', '--loglevel=error', `--pack-destination=${folder}`, path]);
    const entry = firstEntry(JSON.parse(output.slice(output.search(/^[[{]/m))));
    packed.push({
      name: manifest.name,
      tarball: join(folder, entry.filename),
      files: entry.files.map((file) => file.path),
      size: entry.size,
      manifest,
    });
  }
  return packed;
}

/** npm 11 lists packages in an array, later ones by name. */
const firstEntry = (report) => (Array.isArray(report) ? report[0] : Object.values(report)[0]);

/** What is wrong with what would be published. */
export function contentFaults({ name, files, size, manifest }) {
  const faults = [];
  for (const wanted of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts']) {
    if (!files.includes(wanted)) faults.push(`${name}: ${wanted} is missing in the package.`);
  }
  const unwanted = files.filter((file) => /\.tsbuildinfo$|(^|\/)(test|coverage|node_modules)\/|\.spec\./.test(file));
  for (const file of unwanted)
    faults.push(`${name}: ${file} must not be published; look at "files" in its package.json.`);
  if (size > LARGEST) faults.push(`${name}: ${size} bytes packed, more than ${LARGEST}; what got in?`);
  for (const field of ['description', 'license', 'engines', 'exports', 'peerDependencies']) {
    if (manifest[field] === undefined) faults.push(`${name}: "${field}" is missing in its package.json.`);
  }
  return faults;
}

/** Runs publint and are-the-types-wrong on a tarball; both throw with their report when they find something. */
export async function lintTarball(tarball) {
  await run(process.execPath, [join(root, 'node_modules/publint/src/cli.js'), 'run', tarball, '--strict']);
  await run(process.execPath, [
    join(root, 'node_modules/@arethetypeswrong/cli/dist/index.js'),
    tarball,
    '--profile',
    'esm-only',
    '--no-emoji',
    '--no-color',
  ]);
}
