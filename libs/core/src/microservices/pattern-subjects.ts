import { createHash } from 'node:crypto';
import { WildcardPatternError } from './microservice.errors.js';

const LONGEST_WORD = 180;
const LONGEST_NAME = 100;
/** Cannot come out of {@link escapeWord}, so that no two pairs of group and subscription share a name. */
const BETWEEN = '_on_';

/** Subject of events with this pattern; the same that Catga's own messages of that wire name have. */
export function eventSubject(route: string): string {
  return `event.${escapeRoute(route)}`;
}

/** Subject of requests with this pattern. Answers to Catga's own requests look different, so it is another one. */
export function requestSubject(route: string): string {
  return `rpc.${escapeRoute(route)}`;
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

/** A pattern in the letters that subjects may have; two patterns never become one. */
function escapeRoute(route: string): string {
  const words = route.split('.');
  // A dot that does not stand between two words is none that subjects know.
  const escaped = words.includes('') ? escapeWord(route) : words.map(escapeWord).join('.');
  return shorten(escaped, LONGEST_WORD);
}

/** Letters, digits and `-` stay; `_` is doubled, anything else becomes `_` and two hexadecimal digits for each byte. */
function escapeWord(word: string): string {
  return word.replaceAll(/[^A-Za-z0-9-]/gu, (char) => (char === '_' ? '__' : hexOf(char)));
}

function hexOf(char: string): string {
  return [...Buffer.from(char)].map((byte) => `_${byte.toString(16).padStart(2, '0')}`).join('');
}

function shorten(text: string, limit: number): string {
  if (text.length <= limit) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 32);
  return `${text.slice(0, limit - hash.length - 1).replace(/\.+$/, '')}-${hash}`;
}
