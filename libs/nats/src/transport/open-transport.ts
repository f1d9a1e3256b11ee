import { setTimeout } from 'node:timers/promises';
import type { TransportWarning } from '@catga/core';
import { atLeast, NatsConnections, NatsUnavailableError, PublishAcks } from '../connection/index.js';
import type { TransportContext } from './context.js';
import { JetStreamApi } from './jetstream-api.js';
import type { Names } from './names.js';
import { NatsDeadLetters } from './nats-dead-letters.js';
import { PackPublisher } from './packs/pack-publisher.js';
import { Requests } from './requests.js';
import { StateRecords } from './state-records.js';
import { ensureStreams } from './streams.js';
import type { TransportSettings } from './transport-settings.js';
import { Trimmer } from './trimmer.js';

/** How long a cluster may take to choose a leader, and the pause before it is asked again. Milliseconds. */
const LEADER = 15_000;
const PAUSE = 100;

/** What a transport has while it is open. */
export class OpenTransport {
  private constructor(
    readonly context: TransportContext,
    readonly requests: Requests,
    readonly warnings: readonly TransportWarning[],
    private readonly connections: NatsConnections,
    private readonly trimmer: Trimmer,
  ) {}

  static async open(settings: TransportSettings, names: Names): Promise<OpenTransport> {
    const connections = new NatsConnections(settings.connection);
    try {
      const link = await connections.open('transport');
      const api = new JetStreamApi(link);
      const warnings = await patiently(() => ensureStreams(api, names, settings));
      const acks = new PublishAcks(link, settings.publishTimeout);
      const records = new StateRecords(api, acks, names.state);
      const partitions = await patiently(() => fixedPartitions(records, names, settings.partitions));
      const letters = new NatsDeadLetters(api, acks, names, partitions);
      const packs = new PackPublisher(acks, names, link);
      const context = { link, acks, api, names, packs, records, letters, partitions };
      const trimmer = new Trimmer(context, settings.trimInterval, settings.keepUnsubscribed);
      trimmer.start();
      const all = [...warnings, ...partitionWarnings(settings, partitions), ...versionWarnings(settings, link.version)];
      return new OpenTransport(context, new Requests(link, names), all, connections, trimmer);
    } catch (error) {
      await connections.close();
      throw error;
    }
  }

  /** @throws {NatsUnavailableError} publishing would fail now */
  async ping(): Promise<void> {
    const { api, link, names } = this.context;
    if (link.connected && (await api.streamInfo(names.messages)) !== undefined) return;
    const why = link.connected
      ? `its stream "${names.messages}" is gone. Restart the application, which makes it anew`
      : 'the connection is lost. It is made again by itself';
    throw new NatsUnavailableError(
      link.connected ? 'jetstream-off' : 'disconnected',
      `The transport on NATS at ${link.servers.join(', ')} cannot be used: ${why}.`,
    );
  }

  async close(): Promise<void> {
    await this.trimmer.stop();
    this.requests.close();
    this.context.acks.close();
    await this.connections.close();
  }
}

/** Asks again while a cluster has no leader yet for the streams that were just made, by this node or by another one. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (const deadline = performance.now() + LEADER; ; await setTimeout(PAUSE)) {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof NatsUnavailableError) || performance.now() + PAUSE >= deadline) throw error;
    }
  }
}

/** The number of partitions that was said first: with another one, messages of one key would lie in two of them. */
async function fixedPartitions(records: StateRecords, names: Names, wanted: number): Promise<number> {
  await records.put(names.layout, { partitions: wanted }, 0);
  const layout = await records.get<{ partitions: number }>(names.layout);
  return layout?.value.partitions ?? wanted;
}

function partitionWarnings({ name, partitions }: TransportSettings, real: number): TransportWarning[] {
  if (partitions === real) return [];
  const message = `Transport "${name}" was made with ${real} partitions and keeps them; option partitions: ${partitions} has no effect. Say ${real}, or begin with another name.`;
  return [{ code: 'CATGA_NATS_PARTITIONS', message }];
}

function versionWarnings({ replicas }: TransportSettings, version: string): TransportWarning[] {
  if (replicas === 1 || atLeast(version, '2.9.21')) return [];
  const message = `NATS ${version} may let two nodes own one partition of a replicated stream, and the order of keys is lost then. Upgrade the servers to 2.9.21 or later.`;
  return [{ code: 'CATGA_NATS_REPLICATED_CAS', message }];
}
