import type { HandlerContext, MessageDelivery } from '../../messages/index.js';
import type { RecordWrite, Store } from '../../store/index.js';
import { InboxClaim, type InboxSettings } from './inbox-claim.js';
import { InboxRecords } from './inbox-records.js';

/**
 * Remembers which messages each subscription of QoS 2 has handled. Inject it by this class to put the entry into the
 * commit of a handler, so that its effect and the entry are one fact.
 *
 * Without that the entry is written after the handler: a node that dies between the two has the handler run once more.
 * With it, the effect is there once however often the message comes.
 *
 * @example
 * ```ts
 * async handle(event: OrderPlaced, context: HandlerContext) {
 *   await this.log.commit({
 *     appends: [{ stream: `bill-${event.orderId}`, expectedVersion: 'any', events: [new OrderBilled(event.orderId)] }],
 *     records: await this.inbox.entry(context),
 *   });
 * }
 * ```
 */
export class Inbox {
  private readonly records: InboxRecords;
  private readonly claims = new WeakMap<MessageDelivery, InboxClaim>();

  constructor(
    store: Store,
    private readonly settings: InboxSettings,
  ) {
    this.records = new InboxRecords(store);
  }

  /**
   * The record to write with the effect of a handler; nothing when its message did not come with QoS 2. Ask for it last:
   * the commit has to follow within two thirds of `messaging.inbox.lease`.
   *
   * @throws {InboxClaimLostError} this node was silent for too long, the message belongs to another one
   */
  async entry(context: Pick<HandlerContext, 'delivery'>): Promise<readonly RecordWrite[]> {
    const claim = context.delivery && this.claims.get(context.delivery);
    return claim === undefined ? [] : [await claim.completion()];
  }

  /**
   * Runs a handler unless the message was handled in this subscription before.
   *
   * @returns false when it was
   */
  async once(messageId: string, delivery: MessageDelivery, run: () => Promise<unknown>): Promise<boolean> {
    const claim = await this.claim(messageId, delivery.subscription);
    if (claim === undefined) return false;
    this.claims.set(delivery, claim);
    try {
      await run();
    } catch (error) {
      await claim.release();
      throw error;
    }
    await claim.complete();
    return true;
  }

  /** Undefined when the message is done. Waits for whoever handles it now; of a dead one only the lease is left. */
  private async claim(messageId: string, subscription: string): Promise<InboxClaim | undefined> {
    const { records, settings } = this;
    const key = `${subscription}|${messageId}`;
    for (;;) {
      const state = await records.read(key);
      if (state.status === 'done') return undefined;
      if (state.status === 'open') {
        const askedAt = performance.now();
        const version = await records.claim(key, state.version, settings.lease);
        if (version !== undefined)
          return new InboxClaim(records, settings, subscription, messageId, key, { version, at: askedAt });
      }
      await records.changed(key, settings.lease);
    }
  }
}
