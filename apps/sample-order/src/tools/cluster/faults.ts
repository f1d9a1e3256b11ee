import { setTimeout as pause } from 'node:timers/promises';
import { wholeBetween } from '../random.js';
import type { Cluster } from './cluster.js';

/** Something bad that happens to a cluster, and ends: when it resolves, every node works again. */
export interface Fault {
  /** For the report: `node 2 killed`. */
  readonly name: string;
  readonly happen: (cluster: Cluster, random: () => number) => Promise<void>;
}

/** A node dies at once (`kill -9`) and is started again a moment later. */
export function killNode(node: number): Fault {
  return {
    name: `node ${node + 1} killed -9`,
    happen: async (cluster, random) => {
      await cluster.node(node).kill();
      await pause(wholeBetween(random, 0, 1_000));
      await cluster.startNode(node);
    },
  };
}

/**
 * A node stands still and goes on later, believing that no time has passed.
 *
 * @param milliseconds longer than a lease, or there is nothing to see
 */
export function freezeNode(node: number, milliseconds: number): Fault {
  return {
    name: `node ${node + 1} frozen for ${milliseconds / 1_000} s`,
    happen: async (cluster) => {
      cluster.node(node).freeze();
      await pause(milliseconds);
      cluster.node(node).thaw();
    },
  };
}

/** A node is asked to shut down and is started again, as a deployment does. */
export function replaceNode(node: number): Fault {
  return {
    name: `node ${node + 1} replaced`,
    happen: async (cluster) => {
      await cluster.node(node).stop();
      await cluster.startNode(node);
    },
  };
}
