import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const PATIENCE = 90_000;
const undo: (() => void)[] = [];

/** Runs `npm start` as a developer would, on a free port and with a data folder of its own. */
async function npmStart(): Promise<{ npm: ChildProcess; closed: Promise<number | null>; url: string; appPid: number }> {
  const data = mkdtempSync(join(tmpdir(), 'catga-start-'));
  const env = { ...process.env, PORT: '0', CATGA_DATA: data, NO_COLOR: '1', NODE_ENV: 'development', NODE_OPTIONS: '' };
  const npm = spawn('npm', ['start'], { cwd: repository, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const closed = new Promise<number | null>((resolve) => npm.on('exit', resolve));
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  undo.push(() => {
    npm.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  });
  const [, pid, url] = await eventually(() => {
    if (npm.exitCode !== null) throw new Error(`npm start ended with ${npm.exitCode}:\n${output}`);
    return /\[Nest\] (\d+) .*Listening on (http:\/\/\S+)/.exec(output) ?? undefined;
  });
  return { npm, closed, url: url as string, appPid: Number(pid) };
}

async function eventually<T>(read: () => T | undefined): Promise<T> {
  for (const limit = Date.now() + PATIENCE; Date.now() < limit;) {
    const value = read();
    if (value !== undefined) return value;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('Waited in vain.');
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

afterEach(() => {
  for (const step of undo.splice(0)) step();
});

describe('npm start', () => {
  it(
    'serves the sample, and a SIGTERM to npm shuts the application down in good order',
    async () => {
      const { npm, closed, url, appPid } = await npmStart();
      expect((await fetch(`${url}/processes`)).status).toBe(200);
      npm.kill('SIGTERM');
      await closed;
      expect(await eventually(() => (isAlive(appPid) ? undefined : 'gone'))).toBe('gone');
    },
    PATIENCE,
  );

  it(
    'leaves no application behind when npm is killed with -9',
    async () => {
      const { npm, url, appPid } = await npmStart();
      npm.kill('SIGKILL');
      expect(await eventually(() => (isAlive(appPid) ? undefined : 'gone'))).toBe('gone');
      await expect(fetch(`${url}/processes`)).rejects.toThrow();
    },
    PATIENCE,
  );
});
