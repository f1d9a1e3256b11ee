import { parseArgs } from 'node:util';
import { describeBook, openBook, runCommand, wholeNumber } from '../cli.js';
import { progressLine } from '../progress-line.js';
import { crashRun } from './crash-run.js';

const USAGE = `npm run sample:crash -- [folder] [options]

Starts the sample on a free port with a fresh folder, sends it orders, kills it (-9) at random moments, starts it again
each time, and audits the outcome. Exits with 1 when an order was lost, done twice or left behind.

  --kills N          Default 10
  --seed N           of the moments, and of orders that are made up. Default: a new one each time; it is printed
  --orders N         the first N orders only
  --concurrency N    orders under way at once. Default 16`;

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      kills: { type: 'string', default: '10' },
      seed: { type: 'string', default: String(Math.floor(Math.random() * 1_000_000)) },
      orders: { type: 'string' },
      concurrency: { type: 'string', default: '16' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (console.log(USAGE), 0);

  const seed = wholeNumber('seed', values.seed, 0);
  const count = values.orders === undefined ? undefined : wholeNumber('orders', values.orders, 1);
  const book = openBook(positionals[0], count, seed);
  console.log(`Seed ${seed}. ${describeBook(book)}`);

  const report = await crashRun(book, {
    kills: wholeNumber('kills', values.kills, 0),
    seed,
    concurrency: wholeNumber('concurrency', values.concurrency, 1),
    onProgress: progressLine(),
  });
  console.log(report.summary());
  return report.violations.length === 0 && report.load.complete ? 0 : 1;
});
