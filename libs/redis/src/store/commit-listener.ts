import type { CommitNotifier } from '@catga/core';
import type { RedisConnection } from '../connection/index.js';

/** Hears of the commits of other clients. */
export class CommitListener {
  constructor(
    private readonly connection: RedisConnection,
    private readonly channel: string,
    private readonly notifier: CommitNotifier,
    /** Own commits are told by whoever made them. */
    private readonly client: string,
  ) {}

  /** Returns when the server has agreed: nothing committed from then on is missed. */
  async start(within: number): Promise<void> {
    await this.connection.ready(within);
    // After a gap in the connection anything may have changed.
    const resumed = (): void => this.notifier.touchUnknown();
    await this.connection.subscribe(this.channel, (message) => this.hear(message.toString()), resumed);
  }

  private hear(message: string): void {
    const [client, streams, collections] = message.split('\n');
    const { notifier } = this;
    if (client === this.client || !notifier.listening) return;
    if (!streams || !collections) return notifier.touchUnknown();
    for (const name of JSON.parse(streams) as string[]) notifier.touchStream(name);
    for (const name of JSON.parse(collections) as string[]) notifier.touchCollection(name);
  }
}
