import { CatgaError, StoreUnavailableError, type StoreUnavailableReason } from '@catga/core';
import type { JetStreamError } from '../connection/index.js';

/** A store as messages name it. */
export interface StoreName {
  /** Option `name`. */
  readonly name: string;
  /** `host:port` of the servers. */
  readonly servers: readonly string[];
}

/** A commit that is larger than the store was told to take. Nothing was sent, and nothing waits for it. */
export class CommitTooLargeError extends CatgaError {
  readonly code = 'CATGA_NATS_COMMIT_TOO_LARGE';
  readonly kind = 'request';
  constructor(store: string, size: number, limit: number, maxPayload: number) {
    super(
      `A commit to the NATS store "${store}" takes ${size} bytes; it takes ${limit} (maxCommitSize), in messages of up to ${maxPayload} (max_payload of the server). Nothing was written. Make several commits of it, keep large data elsewhere and store where it is, or raise maxCommitSize.`,
      { details: { store, size, limit, maxPayload } },
    );
  }
}

/** Settings of the server that put data at risk, where the store was told to be strict. */
export const UNSAFE = 'unsafe-settings' satisfies StoreUnavailableReason;

/** The errors of a store that cannot be used now. */
export const storeFault = {
  /** Sent, and no answer in time. */
  lost: (name: StoreName, timeout: number) =>
    fault(
      'connection',
      name,
      `did not answer a commit within ${timeout} ms (commandTimeout). It was sent, and whether it was written is unknown: read before trying again, or give commits an id, which makes them safe to repeat`,
    ),
  /** Written or refused while this node was away, and the log no longer has it. */
  missed: (name: StoreName) =>
    fault(
      'connection',
      name,
      'has decided about a commit while this node was away, and the log no longer says how. Whether it was written is unknown: read before trying again, or give commits an id, which makes them safe to repeat',
    ),
  /** Never kept by the server. */
  notSent: (name: StoreName, timeout: number, connected: boolean) =>
    fault(
      'connection',
      name,
      `${connected ? 'took no commit' : 'could not be reached'} for ${timeout} ms (commandTimeout). Nothing was written. The connection is made again by itself: try again`,
    ),
  /** The server has said no for good. */
  refused: (name: StoreName, cause: JetStreamError) =>
    fault(
      /maximum|insufficient|exceed/i.test(cause.description) ? 'disk-full' : 'unknown',
      name,
      `refused a commit: ${cause.description} (JetStream error ${cause.errorCode}). Nothing was written. Raise the limits of the stream and of the account, or free disk space; commits work again then, without a restart`,
      cause,
    ),
  /** A read that got no answer. */
  unread: (name: StoreName, cause?: Error) =>
    fault('connection', name, `does not answer: ${cause?.message ?? 'it is silent'} Nothing is lost: try again`, cause),
  newer: (name: StoreName, format: number, known: number) =>
    fault(
      'newer-schema',
      name,
      `holds a message of format ${format}, and this release knows up to ${known}. A newer release of @catga/nats wrote it: update this application. Nothing was changed`,
    ),
  damaged: (name: StoreName, detail: string) =>
    fault(
      'damaged',
      name,
      `holds what cannot be read: ${detail}. Restore the stream from a backup, or tell us about it`,
    ),
  dataLoss: (name: StoreName, detail: string) =>
    fault(
      'data-loss',
      name,
      `has forgotten what it had acknowledged: ${detail}. The stream was deleted, restored from a backup, or a server that was behind has taken over. This node stops using it. Find out what is missing, then restart the application to go on from what is there`,
    ),
  closed: (name: StoreName) => fault('closed', name, 'is closed. Open it again first'),
  unknown: (name: StoreName, detail: string) => fault('unknown', name, `failed: ${detail}. Read before trying again`),
};

function fault(
  reason: StoreUnavailableReason,
  { name, servers }: StoreName,
  what: string,
  cause?: Error,
): StoreUnavailableError {
  return new StoreUnavailableError(reason, `The NATS store "${name}" at ${servers.join(', ')} ${what}.`, {
    details: { store: name, servers, reason },
    ...(cause !== undefined && { cause }),
  });
}
