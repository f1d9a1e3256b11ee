import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const PROGRAM = join(import.meta.dirname, 'boot-program.mjs');
const run = promisify(execFile);

describe('an application without a server', () => {
  it('stays alive while it waits for its projections, goes on where it was at the next start, and ends', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'catga-boot-'));
    const start = async (): Promise<string> => {
      const options = { env: { ...process.env, NODE_OPTIONS: '' }, timeout: 20_000 };
      const { stdout } = await run(process.execPath, [PROGRAM, join(folder, 'store.db')], options);
      return stdout.trim();
    };
    try {
      // Nothing else keeps it alive: it would end in the middle of its start, without a word.
      expect(await start()).toBe('2 2 2');
      expect(await start()).toBe('4 4 4');
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
