// `npm run bench [-- --only GROUP] [--json FILE] [--no-build] [--emmett]`: measures, prints tables, writes docs/benchmarks.md.
// Ends with 0 whenever it could measure everything, whatever it measured. See docs/benchmarks.md for how to read the numbers.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from '../tools/lib/build.mjs';
import { root } from '../tools/lib/workspace.mjs';
import { events } from './groups/events.mjs';
import { memory } from './groups/memory.mjs';
import { mediator } from './groups/mediator.mjs';
import { projections } from './groups/projections.mjs';
import { servers } from './groups/servers.mjs';
import { sqlite } from './groups/sqlite.mjs';
import { transport } from './groups/transport.mjs';
import { writeDocument } from './runner/document.mjs';
import { describeMachine } from './runner/machine.mjs';
import { PEER_ENV, preparePeers } from './runner/peers.mjs';
import { toText } from './runner/tables.mjs';

const GROUPS = { mediator, memory, sqlite, events, projections, servers, transport };

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', multiple: true },
    json: { type: 'string' },
    'no-build': { type: 'boolean', default: false },
    emmett: { type: 'boolean', default: false },
  },
});
const unknown = options.only?.find((name) => !(name in GROUPS));
if (unknown !== undefined) {
  console.error(`There is no group "${unknown}". Groups: ${Object.keys(GROUPS).join(', ')}.`);
  process.exit(2);
}

const names = options.only ?? Object.keys(GROUPS);
const peers = names.includes('events') ? await preparePeers({ emmett: options.emmett }) : {};
Object.assign(process.env, PEER_ENV);
if (!options['no-build']) await build('bench/tsconfig.json');

// On the disk of the repository: the temporary folder of many systems is memory, where durability costs nothing.
const folder = join(root, '.data', `bench-${process.pid}`);
mkdirSync(folder, { recursive: true });
try {
  const machine = describeMachine(folder);
  const results = [];
  for (const name of names) {
    const started = Date.now();
    try {
      const group = await GROUPS[name]({ folder, peers });
      results.push(group);
      console.log(`${toText(group)}${name}: ${((Date.now() - started) / 1000).toFixed(0)} s\n`);
    } catch (error) {
      // What the other groups measure stands all the same.
      console.error(`The group "${name}" could not be measured:`, error);
      process.exitCode = 1;
    }
  }
  // Tables without some of their groups would look as if those had never been measured.
  if (options.only === undefined && results.length === names.length) await writeDocument(machine, results);
  if (options.json !== undefined) {
    const lines = results.flatMap((group) => group.lines);
    const json = lines.map(({ name, value, unit, bar, ok }) => ({ name, value, unit, bar, ok }));
    writeFileSync(options.json, `${JSON.stringify(json, undefined, 2)}\n`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
