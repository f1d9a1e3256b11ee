// `npm run check:imports [-- --root FOLDER]`: imports run one way, through the index of a folder, without circles.
import { resolve } from 'node:path';
import { findCycles } from './check-imports/cycles.mjs';
import { readProject } from './check-imports/project.mjs';
import { faultsOf, unknownFolders } from './check-imports/rules.mjs';
import { fromRoot, root } from './lib/workspace.mjs';

const at = process.argv.indexOf('--root');
const base = at > 0 ? resolve(process.argv[at + 1]) : root;

const project = readProject(base);
const sources = project.files.filter((file) => file.area === 'src');
const known = new Set(sources.map((file) => file.path));
const graph = new Map(
  sources.map((file) => [file.path, file.imports.map((one) => one.target).filter((target) => known.has(target))]),
);

const faults = [
  ...unknownFolders(project).map(({ shown, text }) => `${shown}: ${text}`),
  ...project.files.flatMap((file) =>
    file.imports.flatMap((one) => faultsOf(file, one, project).map((text) => `${file.shown}:${one.line}: ${text}`)),
  ),
  ...findCycles(graph).map((cycle) => describeCycle(cycle.map((path) => fromRoot(path, base)))),
];

for (const fault of faults) console.error(fault);
console.log(
  faults.length === 0
    ? `Imports run one way: ${project.files.length} files, no fault.`
    : `${faults.length} fault${faults.length === 1 ? '' : 's'} in the imports of ${project.files.length} files.`,
);
process.exitCode = faults.length > 0 ? 1 : 0;

function describeCycle(files) {
  const way = [...files, files[0]].join(' -> ');
  return `${files[0]}: imports itself in a circle: ${way}. Imports of types count. Move what they share into a file of its own.`;
}
