import type { IncomingMessage } from '@catga/core';
import type { TransportContext } from './context.js';
import { encodeMessage, type Envelope } from './envelope.js';

/**
 * Gives a copy of a message without a key to one subscription, whoever of its members gets it. Resolves when it is stored.
 *
 * @param rest attempts before (`a`), and milliseconds until it may be tried (`n`)
 */
export async function publishAgain(
  { acks, names }: TransportContext,
  subscription: string,
  message: IncomingMessage,
  rest: Pick<Envelope, 'a' | 'n'>,
): Promise<void> {
  const { subject, publishedAt } = message;
  await acks.publish(names.again(subscription), encodeMessage(message, { s: subject, t: publishedAt, ...rest }));
}
