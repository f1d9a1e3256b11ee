import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import prettier from 'prettier';
import { root } from '../../tools/lib/workspace.mjs';
import { toMarkdown } from './tables.mjs';

const FILE = join(root, 'docs/benchmarks.md');
const [BEGIN, END] = ['<!-- results: written by npm run bench -->', '<!-- end of results -->'];

/** Puts the results between their markers; what people wrote around them stays. */
export async function writeDocument(machine, groups) {
  const before = readFileSync(FILE, 'utf8');
  const [begin, end] = [before.indexOf(BEGIN), before.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`docs/benchmarks.md has lost its markers "${BEGIN}" and "${END}".`);
  const text = [
    BEGIN,
    '',
    `${machine.date} · ${machine.cpu}, ${machine.cores} cores, ${machine.memory} · ${machine.system} · Node ${machine.node} · files on ${machine.disk} · load average at the start ${machine.load}`,
    '',
    ...groups.flatMap((group) => [toMarkdown(group), '']),
  ].join('\n');
  const after = before.slice(0, begin) + text + before.slice(end);
  const options = await prettier.resolveConfig(FILE);
  writeFileSync(FILE, await prettier.format(after, { ...options, filepath: FILE }));
}
