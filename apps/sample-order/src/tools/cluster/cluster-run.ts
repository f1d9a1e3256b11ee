import { setTimeout as pause } from 'node:timers/promises';
import { audit } from '../crash/audit.js';
import { gatherEvidence } from '../crash/evidence.js';
import { Milestones } from '../crash/milestones.js';
import { load } from '../load/load.js';
import type { LoadReport } from '../load/load-report.js';
import type { OrderBook } from '../load/order-book.js';
import { seededRandom, wholeBetween } from '../random.js';
import { SampleClient } from '../sample-client.js';
import type { Cluster } from './cluster.js';
import { ClusterReport } from './cluster-report.js';
import type { Fault } from './faults.js';
import { auditReceipts, waitForReceipts } from './receipts.js';

/** How the proof is made. */
export interface ClusterRunOptions {
  /** What happens to the cluster, one after the other, spread over the load. */
  readonly faults: readonly Fault[];
  /** Decides at which moments. */
  readonly seed: number;
  readonly concurrency: number;
  /** Whether receipts are audited: false where messages travel in memory. Default true. */
  readonly receipts?: boolean;
  readonly onProgress?: (share: number, text: string) => void;
}

/** Slow and failing gateways, declined cards: steps are cut off, repeated and undone. */
export const TROUBLE = {
  SAMPLE_GATEWAY_DELAY: '30ms',
  SAMPLE_GATEWAY_FAILURE_RATE: '0.03',
  SAMPLE_DECLINE_RATE: '0.08',
};
/** Longest wait between reaching a number of answers and the fault, in ms: any moment of an order can be hit. */
const AIM = 250;
/** A client asks another node when one has been silent for so long, in ms. */
const ANSWER_WITHIN = 5_000;

/** Sends the orders to all nodes of a running cluster while bad things happen to it, then audits what it says. */
export async function clusterRun(
  book: OrderBook,
  cluster: Cluster,
  options: ClusterRunOptions,
): Promise<ClusterReport> {
  const over = new AbortController();
  const client = new SampleClient(cluster.urls, {
    keepTrying: true,
    signal: over.signal,
    answerWithin: ANSWER_WITHIN,
  });
  try {
    const milestones = new Milestones();
    const [loaded] = await Promise.all([
      loadOrders(book, client, milestones, options),
      letFaultsHappen(cluster, milestones, book.orders.length, options),
    ]);
    // Messages to other nodes are lost with their node when they are kept in memory.
    if (options.receipts !== false) await waitForReceipts(client, loaded.count('completed'));
    const evidence = await gatherEvidence(
      client,
      book.orders.map(({ orderId }) => orderId),
    );
    const names = options.faults.map(({ name }) => name);
    const violations = audit(evidence, loaded.outcomes);
    if (options.receipts !== false) violations.push(...auditReceipts(evidence));
    return new ClusterReport(options.seed, names, loaded, evidence, violations);
  } finally {
    over.abort();
  }
}

function loadOrders(book: OrderBook, client: SampleClient, milestones: Milestones, options: ClusterRunOptions) {
  const onOutcome = (report: LoadReport): void => {
    milestones.reach(report.outcomes.length);
    options.onProgress?.(report.outcomes.length / report.total, report.progress());
  };
  return load(book, client, { concurrency: options.concurrency, restock: true, onOutcome });
}

async function letFaultsHappen(
  cluster: Cluster,
  milestones: Milestones,
  orders: number,
  { faults, seed }: ClusterRunOptions,
): Promise<void> {
  const random = seededRandom(seed);
  for (const [index, fault] of faults.entries()) {
    // The last tenth of the orders is left to see whether it has recovered from the last fault.
    const share = (index + random() * 0.8) / faults.length;
    await milestones.at(Math.floor(orders * 0.9 * share));
    await pause(wholeBetween(random, 0, AIM));
    await fault.happen(cluster, random);
  }
}
