import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { load } from '../load/load.js';
import type { LoadReport } from '../load/load-report.js';
import type { OrderBook } from '../load/order-book.js';
import { seededRandom, wholeBetween } from '../random.js';
import { SampleClient } from '../sample-client.js';
import { audit } from './audit.js';
import { CrashReport, type Kill } from './crash-report.js';
import { gatherEvidence } from './evidence.js';
import { Milestones } from './milestones.js';
import { SampleProcess } from './sample-process.js';

/** How the proof is made. */
export interface CrashOptions {
  readonly kills: number;
  /** Decides at which moments it is killed. */
  readonly seed: number;
  readonly concurrency: number;
  readonly onProgress?: (share: number, text: string) => void;
}

/** Trouble enough that steps are cut off, repeated and undone: slow and failing gateways, declined cards. */
const TROUBLE = {
  SAMPLE_GATEWAY_DELAY: '30ms',
  SAMPLE_GATEWAY_FAILURE_RATE: '0.03',
  SAMPLE_DECLINE_RATE: '0.08',
};
/** Longest wait between reaching a number of answers and the kill, in ms: any moment of an order can be hit. */
const AIM = 250;
/** Share of the kills that come while the sample is starting, and within how many ms: recovery can be cut off, too. */
const BIRTHS = 0.2;
const BIRTH = 2_000;

/**
 * Starts the sample on a fresh folder, sends it the orders, kills it (-9) at random moments, starts it again each
 * time, and audits what it says when every order has been answered. The folder is removed, unless something is wrong.
 */
export async function crashRun(book: OrderBook, options: CrashOptions): Promise<CrashReport> {
  const folder = mkdtempSync(join(tmpdir(), 'catga-crash-'));
  const sample = await SampleProcess.prepare(folder);
  // When the load fails the killing has to stop, and the other way round.
  const over = new AbortController();
  try {
    await sample.start(TROUBLE);
    const client = new SampleClient(sample.url, { keepTrying: true, signal: over.signal });
    const milestones = new Milestones();
    const [loaded, kills] = await Promise.all([
      loadOrders(book, client, milestones, options),
      killRepeatedly(sample, milestones, book.orders.length, options),
    ]);
    const orderIds = book.orders.map((order) => order.orderId);
    const evidence = await gatherEvidence(client, orderIds);
    const report = new CrashReport(options.seed, kills, loaded, evidence, audit(evidence, loaded.outcomes), folder);
    if (report.violations.length === 0) rmSync(folder, { recursive: true });
    return report;
  } finally {
    over.abort();
    await sample.dispose();
  }
}

function loadOrders(book: OrderBook, client: SampleClient, milestones: Milestones, options: CrashOptions) {
  const onOutcome = (report: LoadReport): void => {
    milestones.reach(report.outcomes.length);
    options.onProgress?.(report.outcomes.length / report.total, report.progress());
  };
  return load(book, client, { concurrency: options.concurrency, restock: true, onOutcome });
}

/** Kills it when so many orders have been answered and a moment has passed, and now and then while it is starting. */
async function killRepeatedly(sample: SampleProcess, milestones: Milestones, orders: number, options: CrashOptions) {
  const random = seededRandom(options.seed);
  const aims = Array.from({ length: options.kills }, () => wholeBetween(random, 0, orders - 1)).sort((a, b) => a - b);
  const kills: Kill[] = [];
  for (const answered of aims) {
    const whileStarting = kills.length > 0 && random() < BIRTHS;
    const starting = kills.length > 0 ? sample.start(TROUBLE) : Promise.resolve();
    if (whileStarting) {
      starting.catch(() => {}); // looked at below
      await pause(wholeBetween(random, 0, BIRTH));
    } else {
      await starting;
      await milestones.at(answered);
      await pause(wholeBetween(random, 0, AIM));
    }
    await sample.kill();
    await starting;
    kills.push({ answered: milestones.reached, whileStarting });
  }
  if (kills.length > 0) await sample.start(TROUBLE);
  return kills;
}
