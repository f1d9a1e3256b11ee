import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * Publishes to core NATS from another process, so that a consumer is measured alone: core NATS keeps nothing, so there
 * can be no backlog to begin with.
 */
export class Feeder {
  private constructor(private readonly child: ChildProcess) {}

  /** @param format `nest` puts the message into the packet that Nest's own client sends, `catga` into what ours sends */
  static async start(url: string, subject: string, format: 'plain' | 'nest' | 'catga'): Promise<Feeder> {
    const child = fork(fileURLToPath(new URL('./feeding.js', import.meta.url)), [url, subject, format]);
    await once(child, 'message');
    return new Feeder(child);
  }

  /** Returns at once; the messages come as fast as the connection takes them. */
  send(messages: number): void {
    this.child.send(messages);
  }

  stop(): void {
    if (this.child.connected) this.child.disconnect();
  }
}
