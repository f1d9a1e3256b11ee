// `npm run servers -- COMMAND ...`: starts the servers of the tests, runs a command with their addresses in its
// environment, and ends them. For Jest in watch mode, a debugger, a benchmark.
import { spawn } from 'node:child_process';
import { fail } from './lib/run.mjs';
import { startSharedServers } from './servers/shared.mjs';

const [program, ...args] = process.argv.slice(2);
if (!program) fail(new Error('Usage: npm run servers -- COMMAND [ARGUMENTS]'));
const { env, stop } = await startSharedServers().catch(fail);
const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'inherit' });
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
child.on('error', (error) => console.error(error.message));
child.on('close', async (code) => {
  await stop();
  process.exitCode = code ?? 1;
});
