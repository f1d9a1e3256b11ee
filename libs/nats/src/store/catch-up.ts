import { StoreUnavailableError } from '@catga/core';
import type { Logger } from '@nestjs/common';
import { storeFault, type StoreName } from './nats-store.errors.js';
import type { Replica } from './replica.js';
import { loadSnapshot } from './snapshot/load-snapshot.js';
import type { SnapshotStream } from './snapshot/snapshot-stream.js';

/** Snapshots may be removed while they are read, because others have made newer ones; so often it is tried again. */
const TRIES = 6;
/** Pause in between. Milliseconds. */
const PAUSE = 400;

/** What catching up needs to know of its store. */
export interface CatchUpContext {
  readonly name: StoreName;
  readonly snapshots: SnapshotStream;
  /** When the log was made. */
  readonly created: string;
  readonly logger: Logger;
  newReplica(): Replica;
  /** Sequence of the last message of the log. Throws when the log has lost what this node has seen. */
  look(): Promise<number>;
  /** Whether nobody waits for the answer any more. */
  stopped(): boolean;
}

/**
 * The state of the newest snapshot, for a node that was away while the log was compacted and so cannot read on where it
 * was. As long as the server is out of reach, it goes on trying.
 *
 * @param applied sequence of the last message that this node has applied
 * @returns undefined when it was stopped
 * @throws {StoreUnavailableError} `data-loss`: no snapshot leads further
 */
export async function newerReplica(context: CatchUpContext, applied: number): Promise<Replica | undefined> {
  for (let tries = 0; !context.stopped();) {
    try {
      const lastSequence = await context.look();
      const { snapshots, created, logger } = context;
      const replica = await loadSnapshot(snapshots, { created, lastSequence }, () => context.newReplica(), logger);
      if (replica !== undefined && replica.sequence > applied) return context.stopped() ? undefined : replica;
      if (++tries === TRIES) throw lost(context, applied);
    } catch (error) {
      if (error instanceof StoreUnavailableError && error.reason === 'data-loss') throw error;
      context.logger.debug(`Catching up is tried again: ${(error as Error).message}`);
    }
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
  return undefined;
}

function lost({ name, snapshots }: CatchUpContext, applied: number): StoreUnavailableError {
  const stream = snapshots.stream.replace(/_SNAP$/, '_LOG');
  return storeFault.dataLoss(
    name,
    `messages after ${applied} of stream "${stream}" are missing, and no snapshot has them`,
  );
}
