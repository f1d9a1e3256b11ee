import type { WritePacket } from '@nestjs/microservices';
import type { Reply, Transport, TransportMessage } from '../transport/index.js';
import type { ClientSettings } from './microservice.options.js';
import { HEADERS } from './packet-headers.js';
import { readReply, type ReplyValues } from './reply-format.js';
import { PULL_PATIENCE } from './reply-streams.js';

/** Asks and hands on the values of the answer; asks for more as long as there is more. */
export class ReplyReader {
  constructor(
    private readonly transport: Transport,
    private readonly settings: ClientSettings,
    private readonly nextId: () => string,
  ) {}

  /** @throws what the transport throws; the error of an answer goes to `receive` */
  async read(message: TransportMessage, signal: AbortSignal, receive: (packet: WritePacket) => void): Promise<void> {
    const { timeout } = this.settings;
    let reply = await this.transport.request(message, { timeout, signal });
    for (;;) {
      const { more, error } = this.handOn(reply, signal, receive);
      if (error !== undefined) {
        receive({ err: error.value });
        return;
      }
      if (more === undefined) {
        receive({ isDisposed: true });
        return;
      }
      if (signal.aborted) {
        this.cancel(more);
        return;
      }
      reply = await this.more(more, signal);
    }
  }

  private handOn(reply: Reply, signal: AbortSignal, receive: (packet: WritePacket) => void): ReplyValues {
    const read = readReply(reply, this.settings.codec);
    for (const response of read.values) {
      // Whoever took enough is told nothing more.
      if (signal.aborted) break;
      receive({ response });
    }
    return read;
  }

  private async more(more: NonNullable<ReplyValues['more']>, signal: AbortSignal): Promise<Reply> {
    const cancel = (): void => this.cancel(more);
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const message = { id: this.nextId(), subject: more.subject, body: more.id };
      return await this.transport.request(message, { timeout: this.settings.timeout + PULL_PATIENCE, signal });
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  }

  /** If this is lost, the other side finds out by the silence. */
  private cancel({ subject, id }: NonNullable<ReplyValues['more']>): void {
    const message = { id: this.nextId(), subject, headers: { [HEADERS.cancel]: '1' }, body: id };
    this.transport.request(message, { timeout: this.settings.timeout }).catch(() => undefined);
  }
}
