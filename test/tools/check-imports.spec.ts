import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const tool = join(import.meta.dirname, '../../tools/check-imports.mjs');
const made: string[] = [];

/** Writes a small monorepo (path -> text) and runs the tool over it, as `.ci/run` does. */
function check(files: Record<string, string>): Promise<{ code: number; faults: string[]; closing: string }> {
  const root = mkdtempSync(join(tmpdir(), 'catga-imports-'));
  made.push(root);
  for (const [path, text] of Object.entries({ ...MANIFESTS, ...files })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [tool, '--root', root], (error, stdout, stderr) => {
      const faults = stderr.split('\n').filter((line) => line !== '');
      resolve({ code: Number(error?.code ?? 0), faults, closing: stdout.trim() });
    });
  });
}

const MANIFESTS = {
  'libs/core/package.json': JSON.stringify({ name: '@catga/core', dependencies: { acorn: '*' } }),
  'libs/sqlite/package.json': JSON.stringify({ name: '@catga/sqlite', dependencies: { '@catga/core': '*' } }),
  'apps/shop/package.json': JSON.stringify({ name: 'shop', dependencies: { '@catga/core': '*' } }),
};

/** Asserts exactly these faults: at the place given first, with every text given after it. */
function expectFaults(
  found: readonly string[],
  wanted: ReadonlyArray<readonly [place: string, ...texts: string[]]>,
): void {
  expect(found.map((fault) => fault.split(': ')[0])).toEqual(wanted.map(([place]) => place));
  for (const [index, [, ...texts]] of wanted.entries()) for (const text of texts) expect(found[index]).toContain(text);
}

afterEach(() => {
  for (const folder of made.splice(0)) rmSync(folder, { recursive: true, force: true });
});

describe('the import check', () => {
  it('accepts imports that run down the order, through an index, by package name', async () => {
    const { code, faults, closing } = await check({
      'libs/core/src/foundation/clock.ts': 'export const clock = 1;',
      'libs/core/src/foundation/index.ts': "export { clock } from './clock.js';",
      'libs/core/src/store/index.ts': "import { clock } from '../foundation/index.js'; export const store = clock;",
      'libs/core/src/mediator/index.ts': "export * from '../store/index.js';",
      'libs/core/src/processes/engine/run.ts':
        "import { store } from '../../mediator/index.js'; export const run = store;",
      'libs/core/src/processes/index.ts': "export { run } from './engine/run.js';",
      'libs/core/src/http/index.ts':
        "import { run } from '../processes/index.js'; import 'acorn'; import 'node:fs'; export { run };",
      'libs/core/src/catga.module.ts': "export { run } from './http/index.js';",
      'libs/core/src/index.ts': "export * from './catga.module.js';",
      'libs/core/test/run.spec.ts': "import { run } from '../src/processes/engine/run.js'; import 'fast-check';",
      'libs/sqlite/src/index.ts': "import * as core from '@catga/core'; export { core };",
      'apps/shop/src/main.ts':
        "import * as core from '@catga/core'; import type { Request } from 'express'; export { core };",
    });
    expect(faults).toEqual([]);
    expect(closing).toBe('Imports run one way: 12 files, no fault.');
    expect(code).toBe(0);
  });

  it('refuses an import against the order, of a type as well, and lists what is allowed', async () => {
    const { code, faults, closing } = await check({
      'libs/core/src/foundation/index.ts':
        '\n\nimport type { Store } from "../store/index.js";\nexport type X = Store;',
      'libs/core/src/store/index.ts': 'export interface Store {}',
      'libs/core/src/mediator/index.ts': "export const late = () => import('../processes/index.js');",
      'libs/core/src/processes/index.ts': "export type R = import('../http/index.js').R;",
      'libs/core/src/http/index.ts': 'export type R = 1;',
    });
    expectFaults(faults, [
      [
        'libs/core/src/foundation/index.ts:3',
        'foundation imports store',
        'foundation may import: nothing else in core',
      ],
      [
        'libs/core/src/mediator/index.ts:1',
        'mediator imports processes',
        'may import: foundation, idempotency, ids, messages, store',
      ],
      ['libs/core/src/processes/index.ts:1', 'processes imports http'],
    ]);
    expect(closing).toBe('3 faults in the imports of 5 files.');
    expect(code).toBe(1);
  });

  it('refuses to look past the index of another folder and to reach up to the top of core', async () => {
    const { faults } = await check({
      'libs/core/src/store/store.ts': 'export const store = 1;',
      'libs/core/src/store/index.ts': "export { store } from './store.js';",
      'libs/core/src/processes/index.ts': "import '../store/store.js';\nimport '../catga.module.js';",
      'libs/core/src/catga.module.ts': "import './store/store.js';",
    });
    expectFaults(faults, [
      ['libs/core/src/catga.module.ts:1', 'past the index of store', '"store/index.js"'],
      ['libs/core/src/processes/index.ts:1', 'past the index of store'],
      ['libs/core/src/processes/index.ts:2', 'at the top of core'],
    ]);
  });

  it('refuses a folder of core that nobody placed in the order', async () => {
    const { faults } = await check({ 'libs/core/src/utils/index.ts': 'export {};' });
    expectFaults(faults, [['libs/core/src/utils', 'tools/check-imports/layers.mjs']]);
  });

  it('refuses paths into other packages, applications in libraries and packages that are not declared', async () => {
    const { faults } = await check({
      'libs/core/src/index.ts': "import '@catga/sqlite';\nimport 'lodash/fp';\nimport '@catga/core';",
      'libs/sqlite/src/index.ts': "import '../../core/src/index.js';\nimport '../test/helper.js';\nimport 'shop/main';",
      'libs/sqlite/test/helper.ts': "import '../../core/src/index.js';\nimport 'shop';",
      'apps/shop/src/main.ts': "import '../../../libs/core/src/index.js';\nimport { json } from 'express';",
    });
    expectFaults(faults, [
      ['libs/core/src/index.ts:1', '"@catga/sqlite"', 'libs/core/package.json does not declare'],
      ['libs/core/src/index.ts:2', '"lodash"', 'does not declare'],
      ['libs/core/src/index.ts:3', 'its own package'],
      ['libs/sqlite/src/index.ts:1', 'a path into another package', 'package name'],
      ['libs/sqlite/src/index.ts:2', 'not published'],
      ['libs/sqlite/src/index.ts:3', 'application "shop"'],
      ['libs/sqlite/test/helper.ts:1', 'a path into another package'],
      ['libs/sqlite/test/helper.ts:2', 'application "shop"'],
      ['apps/shop/src/main.ts:1', 'a path into another package'],
      ['apps/shop/src/main.ts:2', '"express"', 'does not declare'],
    ]);
  });

  it('refuses circles of files, also of types only, and shows the way round once', async () => {
    const { faults } = await check({
      'libs/core/src/store/index.ts': "export * from './a.js';",
      'libs/core/src/store/a.ts': "import { b } from './b.js'; export const a = () => b;",
      'libs/core/src/store/b.ts': "import { c } from './c.js'; export const b = () => c;",
      'libs/core/src/store/c.ts': "import type { a } from './a.js'; export const c = (x: typeof a) => x;",
    });
    const [a, b, c] = ['a', 'b', 'c'].map((name) => `libs/core/src/store/${name}.ts`);
    expectFaults(faults, [[`${a}`, 'in a circle', `${a} -> ${b} -> ${c} -> ${a}`]]);
  });

  it('refuses a relative import without its extension', async () => {
    const { faults } = await check({
      'libs/core/src/store/a.ts': 'export const a = 1;',
      'libs/core/src/store/index.ts': "export { a } from './a';",
    });
    expectFaults(faults, [['libs/core/src/store/index.ts:1', 'end it in ".js"']]);
  });
});
