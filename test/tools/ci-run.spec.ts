import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';

const repository = join(import.meta.dirname, '../..');
const made: string[] = [];

/** Runs `.ci/run` with an npm that only writes down what it was asked for, and fails at one command if told to. */
function ci(
  failing = 'nothing',
  closing = '12 passed, 0 failed',
): Promise<{ code: number; lines: string[]; asked: string[] }> {
  const root = mkdtempSync(join(tmpdir(), 'catga-ci-'));
  made.push(root);
  mkdirSync(join(root, 'bin'));
  cpSync(join(repository, '.ci'), join(root, '.ci'), { recursive: true });
  const npm = `#!/bin/sh
echo "$*" >> "${root}/asked"
if [ "$1" = test ]; then echo "before"; echo "${closing}"; echo "after"; fi
case "$*" in *"${failing}"*) exit 3;; esac
`;
  writeFileSync(join(root, 'bin/npm'), npm, { mode: 0o755 });
  const env = {
    ...process.env,
    NODE_ENV: 'production',
    PATH: `${join(root, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`,
  };
  return new Promise((resolve) => {
    execFile('bash', [join(root, '.ci/run')], { env }, (error, stdout) => {
      const asked = readFileSync(join(root, 'asked'), 'utf8').trim().split('\n');
      resolve({ code: Number(error?.code ?? 0), lines: stdout.trimEnd().split('\n'), asked });
    });
  });
}

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('.ci/run', () => {
  it('runs every stage in order and repeats the result of the tests as its last line', async () => {
    const { code, lines, asked } = await ci();
    expect(code).toBe(0);
    expect(asked).toEqual([
      'ci --no-audit --no-fund',
      'test',
      'run --silent format:check',
      'run --silent lint',
      'run --silent typecheck',
      'run --silent build',
      'run --silent check:imports',
      'run --silent check:packages',
    ]);
    expect(lines.at(-1)).toBe('12 passed, 0 failed');
    expect(lines).toContainEqual(expect.stringMatching(/^package check: \d+ s$/));
  });

  it('stops when tests fail, names the stage and still ends with their result', async () => {
    const { code, lines, asked } = await ci('test', '11 passed, 1 failed');
    expect(code).toBe(3);
    expect(asked).toHaveLength(2);
    expect(lines.at(-2)).toMatch(/^FAILED in stage "test" after \d+ s$/);
    expect(lines.at(-1)).toBe('11 passed, 1 failed');
  });

  it('fails when a later stage fails although all tests passed', async () => {
    const { code, lines, asked } = await ci('lint');
    expect(code).toBe(3);
    expect(asked.at(-1)).toBe('run --silent lint');
    expect(lines.slice(-2)).toEqual([expect.stringContaining('"lint"'), '12 passed, 0 failed']);
  });

  it('runs the test command that the README names', () => {
    expect(readFileSync(join(repository, 'README.md'), 'utf8')).toContain('\nnpm ci && npm test\n');
  });
});
