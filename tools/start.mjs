// `npm start`: builds what is stale and runs the sample application IN THIS process, so that a signal sent to it
// reaches the application and nothing in between can be left behind.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from './lib/build.mjs';
import { fail } from './lib/run.mjs';
import { root } from './lib/workspace.mjs';

const APP = 'apps/sample-order';

process.chdir(root); // "./.data" means the same folder wherever the command was typed
dieWithLauncher();
await build(join(APP, 'tsconfig.app.json')).catch(fail);
const main = join(root, APP, 'dist/main.js');
if (!existsSync(main))
  fail(new Error(`${APP}/dist/main.js is missing after the build; is there a ${APP}/src/main.ts?`));
await import(pathToFileURL(main).href);

/**
 * `kill -9` of npm cannot be passed on by npm. Without this the application would live on, own the port and make the
 * next `npm start` fail. It dies the same way: hard, as the test of durability that a kill -9 is.
 */
function dieWithLauncher() {
  if (process.env['npm_lifecycle_event'] !== 'start') return;
  const launcher = process.ppid;
  setInterval(() => {
    if (process.ppid !== launcher) process.kill(process.pid, 'SIGKILL');
  }, 200).unref();
}
