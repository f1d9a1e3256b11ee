import type {
  MessageDeadLetter,
  MessageDeadLetterPage,
  MessageDeadLetterQuery,
  Transport,
} from '../transport/index.js';

/** Letters that one page of {@link MessageDeadLetterService.replayAll} holds. */
const PAGE = 200;

/**
 * Messages that subscriptions have given up on: look at them, mend what was wrong, replay or remove them. Inject it by
 * this class.
 *
 * A replayed message keeps its id: the inbox of QoS 2 still knows it if its effect was committed. The inbox forgets
 * after `messaging.inbox.keepFor`; whoever replays older letters has to know that their effects did not happen.
 *
 * @example
 * ```ts
 * const { letters } = await this.deadLetters.list({ subscription: 'billing' });
 * await this.deadLetters.replay('billing', letters.map(({ id }) => id));
 * ```
 */
export class MessageDeadLetterService {
  constructor(
    private readonly transport: Transport,
    private readonly names: () => readonly string[],
  ) {}

  /** How many letters each subscription of this application has. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    const counts = this.names().map(async (name) => [name, await this.count(name)] as const);
    return Object.fromEntries(await Promise.all(counts));
  }

  /** Also for subscriptions of other applications on the same broker. */
  count(subscription: string): Promise<number> {
    return this.transport.deadLetters.count(subscription);
  }

  /** Oldest first, page by page. */
  list(query: MessageDeadLetterQuery): Promise<MessageDeadLetterPage> {
    return this.transport.deadLetters.list(query);
  }

  /** Gives letters to their subscription again. @returns how many were there */
  replay(subscription: string, ids: readonly string[]): Promise<number> {
    return this.transport.deadLetters.replay(subscription, ids);
  }

  /**
   * Replays everything that was there when it was called, or what `choose` says yes to.
   *
   * @returns how many
   */
  async replayAll(subscription: string, choose: (letter: MessageDeadLetter) => boolean = () => true): Promise<number> {
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await this.list({ subscription, limit: PAGE, ...(cursor === undefined ? {} : { cursor }) });
      ids.push(...page.letters.filter(choose).map(({ id }) => id));
      ({ cursor } = page);
    } while (cursor !== undefined);
    return ids.length === 0 ? 0 : this.replay(subscription, ids);
  }

  /** For good. @returns how many were there */
  remove(subscription: string, ids: readonly string[]): Promise<number> {
    return this.transport.deadLetters.remove(subscription, ids);
  }
}
