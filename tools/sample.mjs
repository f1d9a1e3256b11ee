// `npm run sample:load` and `npm run sample:crash`: builds what is stale and runs the compiled tool of the sample IN
// THIS process, so that a signal reaches it and nothing in between can be left behind.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './lib/build.mjs';
import { fail } from './lib/run.mjs';
import { root } from './lib/workspace.mjs';

const TOOLS = ['load', 'crash'];
const APP = 'apps/sample-order';

const [tool] = process.argv.splice(2, 1);
if (!TOOLS.includes(tool)) fail(new Error(`Usage: node tools/sample.mjs ${TOOLS.join('|')} [options]`));
await build(join(APP, 'tsconfig.app.json')).catch(fail);
await import(pathToFileURL(join(root, APP, 'dist/tools', tool, 'main.js')).href);
