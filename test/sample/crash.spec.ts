import { generateOrders } from '../../apps/sample-order/src/tools/load/generated-orders.js';
import { crashRun } from '../../apps/sample-order/src/tools/crash/crash-run.js';

/** Another moment each time finds more; `CRASH_SEED` repeats one. */
const seed = Number(process.env['CRASH_SEED'] ?? Math.floor(Math.random() * 1_000_000));

it('loses no order and does nothing twice when it is killed ten times with -9', async () => {
  const report = await crashRun(generateOrders(seed), { kills: 10, seed, concurrency: 16 });
  console.log(report.summary());
  expect(report.violations).toEqual([]);
  expect(report.load.complete).toBe(true);
  expect(report.kills).toHaveLength(10);
  // It was a proof of something: runs were cut off, and effects had happened whose answer was lost.
  expect(report.takeOvers).toBeGreaterThan(0);
  expect(report.repeatedCalls).toBeGreaterThan(0);
  expect(report.load.count('completed')).toBeGreaterThan(500);
  expect(report.load.count('compensated')).toBeGreaterThan(0);
}, 900_000);
