import { spawn } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../lib/run.mjs';
import { packages, readJson, root } from '../lib/workspace.mjs';

const TEMPLATE = join(root, 'tools/check-packages/consumer');
const TSC = join(root, 'node_modules/typescript/bin/tsc');
/** A run that was killed is taken over when its lease ends, 15 s after its last renewal; this leaves room. */
const PATIENCE = 60_000;

const TSCONFIG = {
  compilerOptions: {
    module: 'nodenext',
    target: 'ES2022',
    strict: true,
    exactOptionalPropertyTypes: true,
    experimentalDecorators: true,
    emitDecoratorMetadata: true,
    rootDir: 'src',
    outDir: 'dist',
    types: ['node'],
    skipLibCheck: true,
  },
  include: ['src'],
};

/** Writes a project that installs the tarballs like any other package, and installs it. */
export async function installConsumer(folder, packed) {
  mkdirSync(folder, { recursive: true });
  cpSync(join(TEMPLATE, 'src'), join(folder, 'src'), { recursive: true });
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(TSCONFIG, null, 2));
  const { devDependencies: ours } = readJson(join(root, 'package.json'));
  const same = (...names) => Object.fromEntries(names.map((name) => [name, ours[name]]));
  const manifest = {
    name: 'consumer',
    private: true,
    type: 'module',
    dependencies: {
      ...Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`])),
      ...same('@nestjs/common', '@nestjs/core', '@nestjs/platform-express', 'reflect-metadata', 'rxjs'),
    },
    devDependencies: same('@types/node'),
  };
  writeFileSync(join(folder, 'package.json'), JSON.stringify(manifest, null, 2));
  const options = ['--prefer-offline', '--no-audit', '--no-fund', '--no-package-lock', '--loglevel=error'];
  await run('npm', ['install', ...options], { cwd: folder, env: outsideEnvironment() });
}

/** Puts the examples of the packages' READMEs beside the application: what people copy has to compile. */
export function addReadmeExamples(folder) {
  for (const { kind, folder: name, path } of packages(root)) {
    if (kind !== 'libs') continue;
    const blocks = [...readFileSync(join(path, 'README.md'), 'utf8').matchAll(/^```ts\n(.*?)^```$/gms)];
    for (const [index, [, code]] of blocks.entries()) {
      writeFileSync(join(folder, 'src', `readme-${name}-${index + 1}.ts`), code);
    }
  }
}

/** Compiles the application, then every declaration of ours as strictly as a consumer may ask for. */
export async function compileConsumer(folder) {
  await run(process.execPath, [TSC, '-p', '.'], { cwd: folder });
  const strict = ['-p', '.', '--noEmit', '--skipLibCheck', 'false', '--pretty', 'false'];
  const output = await run(process.execPath, [TSC, ...strict], { cwd: folder }).catch((error) => error.output);
  const ours = output.split('\n').filter((line) => /node_modules\/@catga\/.*error TS/.test(line));
  if (ours.length > 0) throw new Error(`Declarations that do not compile for a consumer:\n${ours.join('\n')}`);
}

/** CommonJS applications load us with `require` since Node 20.19. */
export async function requireFromCommonJs(folder) {
  for (const [name, wanted] of [
    ['@catga/core', 'Mediator'],
    ['@catga/sqlite', 'CatgaSqliteModule'],
    ['@catga/redis', 'CatgaRedisModule'],
    ['@catga/nats', 'CatgaNatsModule'],
  ]) {
    const script = `if (typeof require('${name}').${wanted} !== 'function') throw new Error('${name} has no ${wanted}')`;
    await run(process.execPath, ['--input-type=commonjs', '-e', `require('reflect-metadata'); ${script}`], {
      cwd: folder,
    });
  }
}

/** Orders, kills the application with -9 in the second step, starts it again and compares what came of it. */
export async function crashConsumer(folder) {
  const first = await startApp(folder, { HANG: '1' });
  try {
    fetch(`${first.url}/orders/7`, { method: 'POST' }).catch(() => undefined); // dies with the application
    await until(() => effects(folder).includes('ship 7'), 'the second step to begin', first);
  } finally {
    await first.kill();
  }
  const second = await startApp(folder, { HANG: '0' });
  try {
    const response = await fetch(`${second.url}/orders/7`, { method: 'POST', signal: AbortSignal.timeout(PATIENCE) });
    expectSame('answer', await response.json(), { paid: 'paid-7', shipped: 'shipped-7' }, second);
    expectSame('effects', effects(folder), ['charge 7', 'ship 7', 'ship 7'], second);
  } finally {
    await second.kill();
  }
}

async function startApp(cwd, env) {
  const child = spawn(process.execPath, ['dist/main.js'], {
    cwd,
    env: { ...outsideEnvironment(), NODE_ENV: 'development', NO_COLOR: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const app = { url: '', output: '', ended: false, kill };
  const closed = new Promise((resolve) => {
    child.on('close', () => {
      app.ended = true;
      resolve();
    });
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (app.output += String(chunk)));
  function kill() {
    child.kill('SIGKILL');
    return closed;
  }
  try {
    await until(() => /listening at (\S+)/.test(app.output), 'the application to listen', app);
  } catch (error) {
    await kill();
    throw error;
  }
  app.url = /listening at (\S+)/.exec(app.output)[1];
  return app;
}

function effects(folder) {
  try {
    return readFileSync(join(folder, 'effects.log'), 'utf8').trim().split('\n');
  } catch {
    return [];
  }
}

async function until(holds, what, app) {
  const limit = Date.now() + PATIENCE;
  while (!holds()) {
    if (app.ended || Date.now() > limit) {
      throw new Error(`Waited in vain for ${what}; the consumer ${app.ended ? 'ended' : 'says'}:\n${app.output}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function expectSame(what, actual, wanted, app) {
  if (JSON.stringify(actual) === JSON.stringify(wanted)) return;
  throw new Error(
    `${what}: expected ${JSON.stringify(wanted)}, got ${JSON.stringify(actual)}; the consumer says:\n${app.output}`,
  );
}

/** Our own npm puts its settings for this repository into the environment; a stranger's project has none of them. */
function outsideEnvironment() {
  const ours = /^(npm_package_|npm_lifecycle_|npm_config_local_prefix|npm_command|INIT_CWD|NODE_ENV|NODE_OPTIONS)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
}
