import { parseArgs } from 'node:util';
import { describeBook, openBook, runCommand, wholeNumber } from '../cli.js';
import { progressLine } from '../progress-line.js';
import { SampleClient } from '../sample-client.js';
import { load } from './load.js';

const USAGE = `npm run sample:load -- [folder] [options]

Sends orders to a running sample: of the folder (orders.csv, order-details.csv, products.csv, customers.csv), of
../shared/data/northwind when it is there, or else made up.

  --url URL          the sample. Default http://127.0.0.1:3000
  --concurrency N    orders under way at once. Default 16
  --orders N         the first N orders only
  --no-restock       do not reorder products: shows what a shortage does
  --keep-trying      go on while the sample is killed and restarted
  --seed N           of orders that are made up. Default 1`;

await runCommand(USAGE, async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      url: { type: 'string', default: 'http://127.0.0.1:3000' },
      concurrency: { type: 'string', default: '16' },
      orders: { type: 'string' },
      'no-restock': { type: 'boolean', default: false },
      'keep-trying': { type: 'boolean', default: false },
      seed: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) return (console.log(USAGE), 0);

  const count = values.orders === undefined ? undefined : wholeNumber('orders', values.orders, 1);
  const book = openBook(positionals[0], count, wholeNumber('seed', values.seed, 0));
  console.log(describeBook(book));

  const client = new SampleClient(values.url.replace(/\/$/, ''), { keepTrying: values['keep-trying'] });
  const show = progressLine();
  const report = await load(book, client, {
    concurrency: wholeNumber('concurrency', values.concurrency, 1),
    restock: !values['no-restock'],
    onOutcome: (so) => show(so.outcomes.length / so.total, so.progress()),
  });
  console.log(report.summary());
  return report.complete && book.unreadable.length === 0 ? 0 : 1;
});
