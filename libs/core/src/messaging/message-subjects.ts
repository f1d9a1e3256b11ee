/** Subject of events with this wire name. */
export function eventSubject(name: string): string {
  return `event.${escapeName(name)}`;
}

/** Subject of commands and queries with this wire name. */
export function requestSubject(name: string): string {
  return `request.${escapeName(name)}`;
}

/**
 * A wire name in the letters that subjects may have; two names never become one. Letters, digits and `-` stay, dots
 * between words too; `_` is doubled, anything else becomes `_` and its two hexadecimal digits, byte by byte.
 */
export function escapeName(name: string): string {
  const words = name.split('.');
  // A dot that does not stand between two words is none that subjects know.
  const isSplit = words.every((word) => word !== '');
  return isSplit ? words.map(escapeWord).join('.') : escapeWord(name);
}

function escapeWord(word: string): string {
  return word.replaceAll(/[^A-Za-z0-9-]/gu, (char) => (char === '_' ? '__' : hexOf(char)));
}

const hexOf = (char: string): string =>
  [...Buffer.from(char)].map((byte) => `_${byte.toString(16).padStart(2, '0')}`).join('');
