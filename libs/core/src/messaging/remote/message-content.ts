import { EventType } from '../../event-sourcing/index.js';
import { messageIdentity, type Type } from '../../messages/index.js';
import type { Codec } from '../../store/index.js';
import type { IncomingMessage } from '../../transport/index.js';
import { HEADERS } from '../message-headers.js';
import { UnreadableRequestError } from '../messaging.errors.js';

/** Headers that say how to read a command or query. */
export function contentHeaders(type: Type, codec: Codec): Record<string, string> {
  const { name, version } = messageIdentity(type);
  return { [HEADERS.type]: name, [HEADERS.version]: String(version), [HEADERS.codec]: codec.name };
}

/** Makes commands and queries of one class again, without calling its constructor. */
export class RequestReader {
  private readonly type: EventType;

  constructor(
    private readonly messageType: Type<object>,
    private readonly codec: Codec,
  ) {
    this.type = new EventType(messageType);
  }

  /** @throws {UnreadableRequestError} */
  read({ subject, headers, body }: IncomingMessage): object {
    const { version } = messageIdentity(this.messageType);
    const { [HEADERS.version]: sent = '1', [HEADERS.codec]: codec = this.codec.name } = headers;
    if (codec !== this.codec.name) {
      throw new UnreadableRequestError(
        subject,
        `it was written with codec "${codec}", this node reads "${this.codec.name}"`,
      );
    }
    if (Number(sent) !== version) {
      throw new UnreadableRequestError(subject, `it has version ${sent}, this node knows version ${version}`);
    }
    const data = this.decode(subject, body);
    if (typeof data !== 'object' || data === null) throw new UnreadableRequestError(subject, 'its body is no object');
    return this.type.owns(data) ? data : this.type.revive(data as Record<string, unknown>);
  }

  private decode(subject: string, body: string | Uint8Array): unknown {
    try {
      return this.codec.decode(body);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new UnreadableRequestError(subject, reason, { cause });
    }
  }
}
