import { createHash } from 'node:crypto';
import type { Logger } from '@nestjs/common';
import { JetStreamError } from '../../connection/index.js';
import { FORMAT } from '../wire/log-message.js';
import type { Replica } from '../replica.js';
import { replicaLoader } from './replica-image.js';
import { readRow } from './row-text.js';
import type { SnapshotManifest, SnapshotStream } from './snapshot-stream.js';

/** Where the log is that a snapshot must belong to. */
export interface LogState {
  readonly created: string;
  readonly lastSequence: number;
}

/**
 * The replica of the newest snapshot that is whole and belongs to this log; undefined when there is none. One that is
 * not is passed over and reported: the log, or the snapshot before it, still leads to the same state.
 */
export async function loadSnapshot(
  snapshots: SnapshotStream,
  log: LogState,
  newReplica: () => Replica,
  logger: Logger,
): Promise<Replica | undefined> {
  const newest = (await snapshots.manifests()).toSorted((a, b) => b.sequence - a.sequence);
  for (const manifest of newest) {
    const problem = mismatch(manifest, log);
    const loaded = problem ?? (await read(snapshots, manifest, newReplica()));
    if (typeof loaded !== 'string') return loaded;
    logger.warn(`The snapshot at message ${manifest.sequence} in stream "${snapshots.stream}" is ignored: ${loaded}.`);
  }
  return undefined;
}

function mismatch({ created, sequence, format }: SnapshotManifest, log: LogState): string | undefined {
  if (format > FORMAT) return `its format ${format} is newer than this release`;
  if (created !== log.created) return 'it belongs to a log that was deleted';
  if (sequence > log.lastSequence) return `the log ends at message ${log.lastSequence}`;
  return undefined;
}

/** Why it cannot be used, in place of the replica. */
async function read(
  snapshots: SnapshotStream,
  manifest: SnapshotManifest,
  replica: Replica,
): Promise<Replica | string> {
  const hash = createHash('sha256');
  const add = replicaLoader(replica);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for await (const chunk of snapshots.chunks(manifest)) {
      hash.update(chunk);
      const bytes = rest.length === 0 ? Buffer.from(chunk) : Buffer.concat([rest, chunk]);
      let from = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, from)) {
        add(readRow(bytes.toString('utf8', from, end)));
        from = end + 1;
      }
      rest = bytes.subarray(from);
    }
  } catch (error) {
    if (error instanceof JetStreamError) return `a part of it is missing (${error.description})`;
    if (error instanceof SyntaxError || error instanceof TypeError) return 'it is damaged';
    throw error;
  }
  if (hash.digest('hex') !== manifest.sha256) return 'its checksum does not match';
  return replica;
}
