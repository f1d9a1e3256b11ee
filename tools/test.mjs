// `npm test [-- <what Jest understands>]`: builds (some tests start the built sample or a worker), runs Jest, and ends
// with one plain line, "N passed, N failed". `--no-build` skips the build while working on one file;
// `--no-servers` starts neither Redis nor NATS, for tests that need none.
import { build } from './lib/build.mjs';
import { fail } from './lib/run.mjs';
import { runJest } from './test/jest.mjs';
import { judge } from './test/outcome.mjs';
import { startServices } from './test/services.mjs';

const given = process.argv.slice(2);
const OWN = ['--no-build', '--no-servers'];
const args = given.filter((arg) => !OWN.includes(arg));
if (!given.includes('--no-build')) await build().catch(fail);

const services = await startServices(!given.includes('--no-servers')).catch(fail);
const { code, report } = await runJest(args, services.env).finally(() => services.stop());
const { line, problems } = judge(report, args);
if (problems.length === 0 && code !== 0) problems.push(`Jest exited with ${code} although no test failed: see above.`);
for (const problem of problems) console.error(`\n${problem}`);
console.log(`\n${line}`);
process.exitCode = problems.length > 0 ? 1 : 0;
