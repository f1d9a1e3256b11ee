import { join } from 'node:path';
import { SampleProcess } from '../crash/sample-process.js';

/** Environment of one node. */
export type NodeEnv = Readonly<Record<string, string>>;

/** Several nodes of the sample on one store, each a program of its own that can be killed, frozen and started again. */
export class Cluster {
  private constructor(
    readonly nodes: readonly SampleProcess[],
    private readonly envOf: (node: number) => NodeEnv,
  ) {}

  /**
   * Finds ports; starts nothing yet.
   *
   * @param folder for the logs of the nodes, and their database file where the store is one
   * @param envOf what makes them one cluster: `CATGA_STORE`, `REDIS_URL`, …
   * @param port of the first node, the others follow. Default: free ones.
   */
  static async prepare(
    folder: string,
    nodes: number,
    envOf: (node: number) => NodeEnv,
    port?: number,
  ): Promise<Cluster> {
    const processes: SampleProcess[] = [];
    for (let node = 0; node < nodes; node++) {
      const ownPort = port === undefined ? undefined : port + node;
      processes.push(await SampleProcess.prepare(join(folder, `node-${node + 1}`), ownPort));
    }
    const common: NodeEnv = { CATGA_DATA: folder };
    return new Cluster(processes, (node) => ({ ...common, ...envOf(node) }));
  }

  get urls(): string[] {
    return this.nodes.map((node) => node.url);
  }

  /** Starts them one after the other, as a rolling deployment does. */
  async start(): Promise<void> {
    for (const node of this.nodes.keys()) await this.startNode(node);
  }

  startNode(node: number): Promise<void> {
    return this.node(node).start(this.envOf(node));
  }

  node(index: number): SampleProcess {
    const node = this.nodes[index];
    if (!node) throw new Error(`There is no node ${index} in a cluster of ${this.nodes.length}.`);
    return node;
  }

  /** Asks all of them to shut down in order. */
  async stop(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.stop()));
  }

  /** Kills all of them for good. */
  async dispose(): Promise<void> {
    await Promise.all(this.nodes.map((node) => node.dispose()));
  }
}
