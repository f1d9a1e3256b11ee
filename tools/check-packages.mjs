// `npm run check:packages`: are the packages, as they would be published, complete, rightly typed and usable by a
// stranger's application outside this repository?
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  addReadmeExamples,
  compileConsumer,
  crashConsumer,
  installConsumer,
  requireFromCommonJs,
} from './check-packages/consumer.mjs';
import { optionalPeerFaults } from './check-packages/declarations.mjs';
import { contentFaults, lintTarball, packLibs } from './check-packages/pack.mjs';
import { build } from './lib/build.mjs';
import { withProgress } from './lib/progress.mjs';
import { fail } from './lib/run.mjs';

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'catga-packages-')));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

try {
  await build();
  const packed = await withProgress('Packing', () => packLibs(folder));
  none([...packed.flatMap(contentFaults), ...optionalPeerFaults()]);
  for (const { name, tarball } of packed) {
    await withProgress(`publint and are-the-types-wrong on ${name}`, () => lintTarball(tarball));
  }
  const consumer = join(folder, 'consumer');
  await withProgress('Installing the tarballs in an application', () => installConsumer(consumer, packed));
  addReadmeExamples(consumer);
  await withProgress('Compiling it and the examples of the READMEs', () => compileConsumer(consumer));
  await withProgress('Loading from CommonJS', () => requireFromCommonJs(consumer));
  await withProgress('Running it, kill -9, running it again', () => crashConsumer(consumer));
} catch (error) {
  fail(error);
}

function none(faults) {
  if (faults.length > 0) throw new Error(`The packages are not fit to be published:\n${faults.join('\n')}`);
}
