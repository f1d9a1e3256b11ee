import { createHash, type Hash } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { Logger } from '@nestjs/common';
import type { NatsLink } from '../../connection/index.js';
import type { LogStream } from '../log-stream.js';
import type { LogWriter } from '../log-writer.js';
import type { Replica } from '../replica.js';
import { FORMAT } from '../wire/log-message.js';
import { compactLog } from './compact-log.js';
import { dumpReplica } from './replica-image.js';
import { writeRow } from './row-text.js';
import { SequenceSet } from './sequence-set.js';
import { SnapshotStream, type SnapshotManifest } from './snapshot-stream.js';

/** Bytes of a chunk, if the server takes so much in a message. */
const CHUNK = 512 * 1_024;
/** Chunks that are on their way at the same time. */
const AT_ONCE = 4;
/** How long the event loop is kept busy at a time. Milliseconds. */
const SLICE = 5;
/** Nodes that see the same log at the same moment do not all ask at the same moment. Milliseconds. */
const SPREAD = 300;
/** Pause after a snapshot that could not be made. Milliseconds. */
const PAUSE = 30_000;

/** What the keeper needs to know of its store. */
export interface KeeperContext {
  readonly link: NatsLink;
  readonly log: LogStream;
  readonly writer: LogWriter;
  /** The state; another one after this node was away for long. */
  replica(): Replica;
  readonly logger: Logger;
  readonly node: string;
  readonly created: string;
  readonly replicas: number;
  /** Messages, and bytes, of the log after which a snapshot is made. */
  readonly every: { readonly messages: number; readonly bytes: number };
}

/**
 * Makes snapshots of the state from time to time, so that a node need not replay the whole log, and removes from the log
 * what no event and no snapshot needs any more. One node at a time does so, whichever says so first in the log.
 */
export class SnapshotKeeper {
  private readonly snapshots: SnapshotStream;
  private working: Promise<void> | undefined;
  private notBefore = 0;
  private stopped = false;

  constructor(
    private readonly context: KeeperContext,
    name: string,
  ) {
    this.snapshots = new SnapshotStream(context.link, name);
  }

  /** To be called whenever a message was applied; cheap while nothing is due. */
  applied(): void {
    const { book, clock } = this.context.replica();
    const { every } = this.context;
    if (book.messages < every.messages && book.bytes < every.bytes) return;
    if (this.working !== undefined || this.stopped || performance.now() < this.notBefore) return;
    if (book.isClaimed(clock.last)) return;
    this.working = this.work().finally(() => (this.working = undefined));
  }

  /** Makes no more snapshots; waits for the one under way. */
  async stop(): Promise<void> {
    this.stopped = true;
    await this.working;
  }

  private async work(): Promise<void> {
    const { writer, node, logger, every } = this.context;
    try {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD));
      const { book, clock } = this.context.replica();
      const isDue = book.messages >= every.messages || book.bytes >= every.bytes;
      if (this.stopped || !isDue || book.isClaimed(clock.last)) return;
      await writer.note({ claim: node });
      const replica = this.context.replica();
      if (!replica.book.isClaimedBy(node, replica.clock.last)) return;
      const startedAt = performance.now();
      const live = new SequenceSet();
      const manifest = await this.write(replica, live);
      await writer.note({ done: manifest.sequence });
      const keepFrom = this.keepFrom(manifest);
      const removed = await compactLog(this.context, keepFrom, live, () => this.stopped);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      logger.log(
        `Snapshot of store "${this.snapshots.stream}" at message ${manifest.sequence}: ${manifest.bytes} bytes in ${seconds} s; ${removed} messages of the log were no longer needed.`,
      );
    } catch (error) {
      this.notBefore = performance.now() + PAUSE;
      if (!this.stopped) logger.warn(`No snapshot could be made, trying again later: ${(error as Error).message}`);
    }
  }

  /** Up to which message this node may compact the log after its snapshot; 0: nothing. */
  private keepFrom({ sequence }: SnapshotManifest): number {
    const [older = 0, newer] = this.context.replica().book.done;
    // What is live in a snapshot says nothing about the messages behind it, which others may have made snapshots of.
    return newer === sequence ? older : 0;
  }

  /** Writes the state as it is now, while commits go on, and makes it known. */
  private async write(replica: Replica, live: SequenceSet): Promise<SnapshotManifest> {
    const { created, node, replicas } = this.context;
    await this.snapshots.create(replicas);
    const [former] = await this.snapshots.manifests();
    const { sequence } = replica;
    const chunks = new ChunkWriter(this.snapshots.writer(`${sequence}-${node}`), this.context.link.maxPayload);
    let written: Pick<SnapshotManifest, 'chunks' | 'bytes' | 'sha256'>;
    try {
      let sliceEnd = performance.now() + SLICE;
      for (const row of dumpReplica(replica, live)) {
        chunks.add(writeRow(row));
        if (performance.now() < sliceEnd) continue;
        await chunks.room();
        await setImmediate();
        this.assertPresent(replica);
        sliceEnd = performance.now() + SLICE;
      }
      written = await chunks.end();
    } finally {
      chunks.close();
    }
    this.assertPresent(replica);
    const manifest = { format: FORMAT, sequence, created, ...written };
    await this.snapshots.publish(manifest);
    // The former one stays; what is older than that goes.
    const oldest = former?.chunks[0];
    if (oldest !== undefined) await this.snapshots.prune(oldest);
    return manifest;
  }

  private assertPresent(replica: Replica): void {
    if (this.context.replica() !== replica) throw new Error('this node was away, and others have made newer ones.');
  }
}

/** Cuts text into chunks of equal size and sends them, a few at a time. */
class ChunkWriter {
  private readonly hash: Hash = createHash('sha256');
  private readonly limit: number;
  private readonly sent: Promise<number>[] = [];
  private texts: string[] = [];
  private size = 0;
  private bytes = 0;

  constructor(
    private readonly target: { write(chunk: Uint8Array): Promise<number>; close(): void },
    maxPayload: number,
  ) {
    this.limit = Math.min(CHUNK, maxPayload);
  }

  add(text: string): void {
    this.texts.push(text);
    this.size += text.length; // at most three times as many bytes, which flush cuts
    if (this.size >= this.limit) this.flush();
  }

  /** Resolves when few chunks are on their way. */
  async room(): Promise<void> {
    if (this.sent.length >= AT_ONCE) await this.sent.at(-AT_ONCE);
  }

  /** Sends the rest and waits until everything is kept. */
  async end(): Promise<Pick<SnapshotManifest, 'chunks' | 'bytes' | 'sha256'>> {
    this.flush();
    return { chunks: await Promise.all(this.sent), bytes: this.bytes, sha256: this.hash.digest('hex') };
  }

  close(): void {
    this.target.close();
  }

  private flush(): void {
    const bytes = Buffer.from(this.texts.join(''));
    this.texts = [];
    this.size = 0;
    this.bytes += bytes.length;
    this.hash.update(bytes);
    for (let from = 0; from < bytes.length; from += this.limit) {
      const kept = this.target.write(bytes.subarray(from, from + this.limit));
      kept.catch(() => undefined); // `end` or `room` tells
      this.sent.push(kept);
    }
  }
}
