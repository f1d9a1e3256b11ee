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
    const report = new CrashReport(options.seed, kills, loaded, evidence, audit(evidence, loaded.outcomes));
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

async function killRepeatedly(sample: SampleProcess, milestones: Milestones, orders: number, options: CrashOptions) {
  const random = seededRandom(options.seed);
  const aims = Array.from({ length: options.kills }, () => wholeBetween(random, 0, orders - 1)).sort((a, b) => a - b);
  const kills: Kill[] = [];
  for (const answered of aims) {
    const after = wholeBetween(random, 0, AIM);
    await milestones.at(answered);
    await pause(after);
    await sample.kill();
    kills.push({ answered: milestones.reached, after });
    await sample.start(TROUBLE);
  }
  return kills;
}
