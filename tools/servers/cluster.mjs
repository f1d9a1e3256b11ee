import { setTimeout as sleep } from 'node:timers/promises';

/** How long a cluster may take to agree, in ms. */
const AGREEMENT_LIMIT = 60_000;

/**
 * Starts the nodes of a cluster together and gives the handle that `index.d.mts` describes.
 *
 * @param starts one function a node.
 * @param join makes one cluster of the nodes once they run; default: nothing.
 * @param agrees tells whether all of them see the whole cluster; may throw as long as they do not.
 */
export async function startCluster(starts, { join, agrees }) {
  const settled = await Promise.allSettled(starts.map((start) => start()));
  const nodes = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const stop = async () => void (await Promise.all(nodes.map((node) => node.stop())));
  const ready = () => untilAgreed(nodes, () => agrees(nodes));
  try {
    const failed = settled.find(({ status }) => status === 'rejected');
    if (failed) throw new Error(`A node of the cluster did not start: ${failed.reason.message}`);
    await join?.(nodes);
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return { name: nodes[0].name, nodes, urls: nodes.map((node) => node.url), ready, stop };
}

async function untilAgreed(nodes, agrees) {
  for (const limit = Date.now() + AGREEMENT_LIMIT; Date.now() < limit; await sleep(50)) {
    if (await agrees().catch(() => false)) return;
  }
  const outputs = nodes.map((node) => node.output.split('\n').slice(-20).join('\n'));
  throw new Error(`${nodes.length} nodes made no cluster in ${AGREEMENT_LIMIT / 1000} s:\n${outputs.join('\n---\n')}`);
}
