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
const SLICE = 10;
/** Nodes that see the same log at the same moment do not all ask at the same moment. Milliseconds. */
const SPREAD = 300;
/** Pause after a snapshot that could not be made. Milliseconds. */
const PAUSE = 30_000;

/** What the keeper needs to know of its store. */
export interface KeeperContext {
  readonly link: NatsLink;
  readonly log: LogStream;
  readonly writer: LogWriter;
  readonly replica: Replica;
  readonly logger: Logger;
  readonly node: string;
  readonly created: string;
  readonly replicas: number;
  /** Messages, and bytes, of the log after which a snapshot is made. */
  readonly every: { readonly messages: number; readonly bytes: number };
  /** Keeps messages from being applied until the returned function is called. */
  hold(): () => void;
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
    const { book, clock } = this.context.replica;
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
    const { replica, writer, node, logger, every } = this.context;
    try {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * SPREAD));
      const isDue = replica.book.messages >= every.messages || replica.book.bytes >= every.bytes;
      if (this.stopped || !isDue || replica.book.isClaimed(replica.clock.last)) return;
      await writer.note({ claim: node });
      if (!replica.book.isClaimedBy(node, replica.clock.last)) return;
      const startedAt = performance.now();
      const live = new SequenceSet();
      const manifest = await this.write(live);
      await writer.note({ done: manifest.sequence });
      const [keepFrom = 0] = replica.book.done.length === 2 ? replica.book.done : [];
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

  /** Writes the state as it is now, and makes it known. */
  private async write(live: SequenceSet): Promise<SnapshotManifest> {
    const { replica, created, node, replicas } = this.context;
    await this.snapshots.create(replicas);
    const [former] = await this.snapshots.manifests();
    const release = this.context.hold();
    const { sequence } = replica;
    const chunks = new ChunkWriter(this.snapshots.writer(`${sequence}-${node}`), this.context.link.maxPayload);
    try {
      let sliceEnd = performance.now() + SLICE;
      for (const row of dumpReplica(replica, live)) {
        chunks.add(writeRow(row));
        if (performance.now() < sliceEnd) continue;
        await chunks.room();
        await setImmediate();
        sliceEnd = performance.now() + SLICE;
      }
    } finally {
      release();
    }
    const written = await chunks.end();
    const manifest = { format: FORMAT, sequence, created, ...written };
    await this.snapshots.publish(manifest);
    // The former one stays; what is older than that goes.
    const oldest = former?.chunks[0];
    if (oldest !== undefined) await this.snapshots.prune(oldest);
    return manifest;
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
    try {
      return { chunks: await Promise.all(this.sent), bytes: this.bytes, sha256: this.hash.digest('hex') };
    } finally {
      this.target.close();
    }
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
