// `npm run sample:load`, `sample:crash` and `sample:cluster`: builds what is stale and runs the compiled tool of the
// sample IN THIS process, so that a signal reaches it and nothing in between can be left behind.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './lib/build.mjs';
import { fail } from './lib/run.mjs';
import { root } from './lib/workspace.mjs';
import { startServerFor } from './servers/for-sample.mjs';

const TOOLS = ['load', 'crash', 'cluster'];
const APP = 'apps/sample-order';

const [tool] = process.argv.splice(2, 1);
if (!TOOLS.includes(tool)) fail(new Error(`Usage: node tools/sample.mjs ${TOOLS.join('|')} [options]`));
await build(join(APP, 'tsconfig.app.json')).catch(fail);
const server = tool === 'cluster' ? await startServerFor(process.argv.slice(2), process.env).catch(fail) : undefined;
await import(pathToFileURL(join(root, APP, 'dist/tools', tool, 'main.js')).href);
await server?.stop(); // a server that runs on would keep this process from ending
