import { uuidv7 } from '../../ids/index.js';
import type { RecordWrite, Store, StoredRecord } from '../../store/index.js';
import type { QoS, TransportMessage } from '../../transport/index.js';
import type { AddressedMessage } from '../message-bus.js';

/** Messages to be published now, in the order of their commits. */
export const OUTBOX_COLLECTION = 'catga.outbox';
/** Messages to be published at their due time. */
export const OUTBOX_LATER_COLLECTION = 'catga.outbox-later';
/** Messages that the transport refuses; kept for somebody to look at. */
export const OUTBOX_REFUSED_COLLECTION = 'catga.outbox-refused';

/** A message as its record holds it. Text, so that every store can keep it. */
interface Kept {
  readonly qos: QoS;
  readonly message: Omit<TransportMessage, 'body'>;
  readonly text?: string;
  readonly base64?: string;
}

/** A message that waits in the outbox. */
export interface OutboxEntry extends AddressedMessage {
  readonly collection: string;
  readonly key: string;
}

/** What puts a message into the outbox, for somebody's commit. */
export function entryWrite({ qos, message }: AddressedMessage, dueAt: number | undefined): RecordWrite {
  const { body, ...rest } = message;
  const content = typeof body === 'string' ? { text: body } : { base64: Buffer.from(body).toString('base64') };
  const kept: Kept = { qos, message: rest, ...content };
  const value = JSON.stringify(kept);
  if (dueAt === undefined) return { collection: OUTBOX_COLLECTION, key: uuidv7(), value };
  return { collection: OUTBOX_LATER_COLLECTION, key: uuidv7(), value, dueAt };
}

/** What is in the outbox. */
export class OutboxRecords {
  constructor(private readonly store: Store) {}

  /** What is to be published now: what has become due, then what waits longest. */
  async next(limit: number): Promise<readonly OutboxEntry[]> {
    const { store } = this;
    const dueBefore = await store.now();
    const due = await store.findRecords({ collection: OUTBOX_LATER_COLLECTION, order: 'due', dueBefore, limit });
    const left = limit - due.records.length;
    const now = left === 0 ? [] : (await store.findRecords({ collection: OUTBOX_COLLECTION, limit: left })).records;
    return [...due.records, ...now].map(entryOf);
  }

  /** Milliseconds until the next message is due; undefined when none waits for its time. */
  async untilNextDue(): Promise<number | undefined> {
    const query = { collection: OUTBOX_LATER_COLLECTION, order: 'due', limit: 1 } as const;
    const [first] = (await this.store.findRecords(query)).records;
    return first?.dueAt === undefined ? undefined : Math.max(0, first.dueAt - (await this.store.now()));
  }

  /** They were published. */
  async remove(entries: readonly OutboxEntry[]): Promise<void> {
    await this.store.commit({ records: entries.map(({ collection, key }) => ({ collection, key })) });
  }

  /** The transport will never take it: out of the way of the others. */
  async refuse(entry: OutboxEntry, reason: string): Promise<void> {
    const { collection, key } = entry;
    const value = JSON.stringify({ reason, ...(JSON.parse(entryWrite(entry, undefined).value as string) as Kept) });
    await this.store.commit({
      records: [
        { collection, key },
        { collection: OUTBOX_REFUSED_COLLECTION, key, value },
      ],
    });
  }
}

function entryOf({ collection, key, value }: StoredRecord): OutboxEntry {
  const text = typeof value === 'string' ? value : new TextDecoder().decode(value as Uint8Array);
  const { qos, message, text: body, base64 } = JSON.parse(text) as Kept;
  return { collection, key, qos, message: { ...message, body: body ?? Buffer.from(base64 ?? '', 'base64') } };
}
