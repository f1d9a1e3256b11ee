import { join } from 'node:path';
import { withProgress } from './progress.mjs';
import { run } from './run.mjs';
import { removeOrphanedOutput, root } from './workspace.mjs';

/**
 * Compiles what is stale, in the order of the project references.
 *
 * @param project a solution or project file. Default: everything.
 */
export async function build(project = 'tsconfig.build.json') {
  await withProgress('Building', async () => {
    removeOrphanedOutput();
    await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', project, '--pretty', 'false']);
  });
}
