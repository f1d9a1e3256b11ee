import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { root } from '../lib/workspace.mjs';

/** Longest time that all tests together may take, in ms. */
const LIMIT = 60 * 60_000;
/** How long Jest may stay after its report is written, in ms: then something of a test still runs, for ever. */
const GRACE = 30_000;

/**
 * Runs Jest on two workers and gives back its exit code and its report.
 *
 * @returns `{ code, report }`; `code` is not 0 when it had to be ended because a test left something open.
 */
export async function runJest(args, env) {
  const folder = mkdtempSync(join(tmpdir(), 'catga-test-'));
  const file = join(folder, 'report.json');
  try {
    const code = await spawnJest([...args, '--maxWorkers=2', '--json', `--outputFile=${file}`], env, () =>
      existsSync(file),
    );
    return { code, report: existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function spawnJest(args, env, isReported) {
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const flags = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  return new Promise((resolve, reject) => {
    // stdout of `--json` would be the report once more: only stderr, where Jest shows its progress, is passed on.
    const child = spawn(process.execPath, [...flags, jest, ...args], {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const stopWatching = endWhenStuck(child, isReported);
    const forward = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, forward);
    child.on('error', reject);
    child.on('close', (code) => {
      stopWatching();
      resolve(code ?? 1);
    });
  });
}

function endWhenStuck(child, isReported) {
  const end = (why) => {
    console.error(why);
    child.kill('SIGKILL');
  };
  const limit = setTimeout(() => end(`The tests ran for more than ${LIMIT / 60_000} minutes and were ended.`), LIMIT);
  let grace;
  const watch = setInterval(() => {
    if (grace || !isReported()) return;
    const why = `A test left something open (a server, a timer, a child process): Jest did not end within ${GRACE / 1000} s. Run it with --detectOpenHandles.`;
    grace = setTimeout(() => end(why), GRACE);
  }, 1_000);
  return () => {
    clearTimeout(limit);
    clearTimeout(grace);
    clearInterval(watch);
  };
}
