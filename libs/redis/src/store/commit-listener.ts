import type { CommitNotifier } from '@catga/core';
import type { RedisConnection } from '../connection/index.js';

/** Hears of commits of other clients. After a gap in the connection anything may have changed. */
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
    await this.connection.subscribe(this.channel, (message) => this.hear(message.toString()));
    this.connection.onStatus((status) => {
      if (status === 'ready') void this.resume();
    });
  }

  /** The client listens again by itself; asking once more tells when. */
  private async resume(): Promise<void> {
    try {
      await this.connection.client.subscribe(this.channel);
    } catch {
      return; // lost once more: it will be ready again
    }
    this.notifier.touchUnknown();
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
