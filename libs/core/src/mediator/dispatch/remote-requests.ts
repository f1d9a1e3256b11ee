import type { HandlerContext } from '../../messages/index.js';

/** Sends commands and queries that nobody handles here to other nodes. */
export interface RemoteRequests {
  /**
   * The answer of the node that handles the message, or the error that it failed with.
   *
   * @param notFound makes the error for when no node does
   */
  send(
    message: object,
    context: HandlerContext,
    notFound: (elsewhere?: { transport: string; subject: string }) => Error,
  ): Promise<unknown>;
}
