import { createHash } from 'node:crypto';
import { escapeName, eventSubject as messageSubject } from '../messaging/index.js';
import { WildcardPatternError } from './microservice.errors.js';

const LONGEST_SUBJECT = 200;
const LONGEST_NAME = 100;
/** Cannot come out of {@link escapeWord}, so that no two pairs of group and subscription share a name. */
const BETWEEN = '_on_';

/** Subject of events with this pattern; the same that Catga's own messages of that wire name have. */
export function eventSubject(route: string): string {
  return shorten(messageSubject(route), LONGEST_SUBJECT);
}

/** Subject of requests with this pattern. Answers to Catga's own requests look different, so it is another one. */
export function requestSubject(route: string): string {
  return shorten(`rpc.${escapeName(route)}`, LONGEST_SUBJECT);
}

/** Name of the subscription that a group of nodes shares. */
export function subscriptionName(group: string, subscription: string): string {
  return shorten(`${group}${BETWEEN}${escapeWord(subscription)}`, LONGEST_NAME);
}

/**
 * Refuses a pattern that means "all that look like this" elsewhere: subjects are exact, so it would silently match nothing.
 *
 * @throws {WildcardPatternError}
 */
export function assertExact(pattern: unknown): void {
  if (pattern instanceof RegExp) throw new WildcardPatternError(String(pattern));
  if (typeof pattern !== 'string') return;
  const isWildcard =
    pattern.includes('*') || pattern.split('.').includes('>') || pattern.split('/').some((one) => /^[+#]$/.test(one));
  if (isWildcard) throw new WildcardPatternError(pattern);
}

/** Dots as well: names of subscriptions have none. They stand for themselves in subjects, so no two names become one. */
function escapeWord(word: string): string {
  return escapeName(word).replaceAll('.', '_2e');
}

function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return `${text.slice(0, limit - hash.length - 1).replace(/\.+$/, '')}-${hash}`;
}
