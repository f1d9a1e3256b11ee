import type { IncomingMessage, Reply, TransportMessage } from '../transport-message.js';
import { messageSize } from '../outgoing.js';

/** A message as the broker keeps it. Nobody else has its bytes. */
export interface KeptMessage extends TransportMessage {
  readonly headers: Readonly<Record<string, string>>;
  readonly publishedAt: number;
  /** Bytes, see `messageSize`. */
  readonly size: number;
}

/** A copy that the publisher cannot change afterwards. */
export function keep(message: TransportMessage, publishedAt: number): KeptMessage {
  const { id, subject, key, body } = message;
  return {
    id,
    subject,
    ...(key === undefined ? {} : { key }),
    headers: Object.freeze({ ...message.headers }),
    body: copyOf(body),
    publishedAt,
    size: messageSize(message),
  };
}

/** What a handler gets: bytes of its own, because another subscription gets the same message. */
export function incoming({ size: _size, body, ...rest }: KeptMessage, attempt: number): IncomingMessage {
  return { ...rest, body: copyOf(body), attempt };
}

/** A message as it was published, for a dead letter. */
export function original({ size: _size, publishedAt: _at, body, ...rest }: KeptMessage): TransportMessage {
  return { ...rest, body: copyOf(body) };
}

/** A reply that the responder cannot change afterwards. */
export function keepReply({ headers, body }: Reply): Reply {
  return { headers: { ...headers }, body: copyOf(body) };
}

function copyOf(body: string | Uint8Array): string | Uint8Array {
  return typeof body === 'string' ? body : new Uint8Array(body);
}
