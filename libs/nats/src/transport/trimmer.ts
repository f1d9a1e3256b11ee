import type { TransportContext } from './context.js';
import { deleteHandled } from './delete-handled.js';
import { AGAIN } from './durable-consumers.js';
import type { ConsumerInfo } from './jetstream-api.js';
import { PACK } from './packs/pack-format.js';
import { UNTOUCHED, type PartitionRecord } from './partitions/partition-record.js';
import type { SubscriptionRecord } from './subscription-record.js';

/**
 * Removes what every subscription has handled. Nodes take turns by chance, and do no harm when they meet.
 *
 * Nothing is removed after the stream's last number as it was *before* anything else was looked at, and a subscription
 * without a consumer counts from where its record says it begins: so one that is being made meanwhile loses nothing.
 */
export class Trimmer {
  private timer: NodeJS.Timeout | undefined;
  private running: Promise<void> | undefined;
  /** Up to where a subject was trimmed the last time. */
  private readonly trimmed = new Map<string, number>();

  constructor(
    private readonly context: TransportContext,
    private readonly interval: number,
    /** Newest messages kept of a subject without any subscription. */
    private readonly keepUnsubscribed: number,
  ) {}

  start(): void {
    this.timer = setTimeout(
      () => {
        // Away or busy: the next turn does it.
        this.running = this.trim().catch(() => undefined);
        void this.running.then(() => this.timer !== undefined && this.start());
      },
      this.interval * (0.5 + Math.random()),
    );
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.running;
  }

  /** One turn. */
  async trim(): Promise<void> {
    const { api, names, link } = this.context;
    if (!link.connected) return;
    const info = await api.streamInfo(names.messages, `${names.prefix}.>`);
    if (info === undefined || info.state.messages === 0) return;
    const last = info.state.last_seq;
    const floors = await this.floors(last);
    for (const subject of Object.keys(info.state.subjects ?? {})) await this.trimSubject(subject, floors.get(subject));
  }

  private async trimSubject(subject: string, floor: number | undefined): Promise<void> {
    const { api, names, link } = this.context;
    if (floor !== undefined && floor <= (this.trimmed.get(subject) ?? 0)) return;
    // What a removed subscription was to get again is of no use to anybody.
    const isAgain = subject.startsWith(names.again('')) || subject.includes('.$again.');
    const isPack = subject.startsWith(names.packed(''));
    const keep = isAgain ? 0 : Math.ceil(this.keepUnsubscribed / (isPack ? PACK : 1));
    if (!link.features.consumerFilters) await deleteHandled(this.context, subject, floor, keep);
    else if (floor !== undefined) await api.purge(names.messages, { filter: subject, seq: floor + 1 });
    else await api.purge(names.messages, keep === 0 ? { filter: subject } : { filter: subject, keep });
    if (floor !== undefined) this.trimmed.set(subject, floor);
  }

  /** For each subject of the stream that somebody reads: the number up to which everybody has. */
  private async floors(last: number): Promise<Map<string, number>> {
    const { api, names, records, partitions } = this.context;
    const floors = new Map<string, number>();
    const lower = (subject: string, floor: number): void => {
      floors.set(subject, Math.min(floors.get(subject) ?? last, floor));
    };
    const subscriptions = await this.subscriptions();
    const consumers = new Map((await api.consumers(names.messages)).map((info) => [info.name, info]));
    for (const [name, { subjects }] of subscriptions) {
      lower(names.again(name), floorOf(consumers.get(names.consumer(name, AGAIN)), 0, last));
      for (const [subject, start] of Object.entries(subjects)) {
        lower(names.unkeyed(subject), floorOf(consumers.get(names.consumer(name, subject)), start, last));
        lower(names.packed(subject), floorOf(consumers.get(names.packConsumer(name, subject)), start, last));
      }
      for (let partition = 0; partition < partitions; partition++) {
        const found = await records.get<PartitionRecord>(names.partitionState(name, partition));
        const record = found?.value ?? UNTOUCHED;
        const settled = Math.min(record.high, ...record.open.map((sequence) => sequence - 1));
        lower(names.keyedAgain(name, partition), settled);
        for (const [subject, start] of Object.entries(subjects)) {
          lower(names.keyed(subject, partition), record.subjects.includes(subject) ? settled : start);
        }
      }
    }
    return floors;
  }

  private async subscriptions(): Promise<[name: string, SubscriptionRecord][]> {
    const { names, records } = this.context;
    const prefix = names.subscription('');
    const subjects = await records.subjects(`${prefix}*`);
    const found = await Promise.all(
      subjects
        .filter((subject) => subject !== names.layout)
        .map(
          async (subject) => [subject.slice(prefix.length), await records.get<SubscriptionRecord>(subject)] as const,
        ),
    );
    return found.flatMap(([name, record]) => (record === undefined ? [] : [[name, record.value]]));
  }
}

function floorOf(info: ConsumerInfo | undefined, start: number, last: number): number {
  if (info === undefined) return start;
  if (info.num_pending === 0 && info.num_ack_pending === 0) return last;
  return Math.max(start, info.ack_floor.stream_seq);
}
