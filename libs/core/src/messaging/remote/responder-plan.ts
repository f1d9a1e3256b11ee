import type { HandlerEntry } from '../../mediator/index.js';
import { MessagingDecoratorError } from '../messaging.errors.js';
import { isRemote } from './remote.decorator.js';

/**
 * Handlers that other nodes may send to.
 *
 * @throws {MessagingDecoratorError} `@Remote` on a handler of events
 */
export function planResponders(entries: readonly HandlerEntry[]): readonly HandlerEntry[] {
  return entries.filter(({ handlerType, kind }) => {
    if (handlerType === undefined || !isRemote(handlerType)) return false;
    if (kind !== 'event') return true;
    throw new MessagingDecoratorError(
      'Remote',
      handlerType.name,
      `it handles an event, and only commands and queries are sent to one handler. Write @Subscribe('…') instead`,
    );
  });
}
