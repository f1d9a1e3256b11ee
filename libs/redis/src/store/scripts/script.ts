import { createHash } from 'node:crypto';

/** A Lua script and the name the server gives it. */
export interface Script {
  readonly text: string;
  /** SHA-1 of the text, as `EVALSHA` takes it. */
  readonly sha: string;
}

/** Joins pieces of Lua to one script. A piece may use the locals of the ones before it. */
export function script(...pieces: readonly string[]): Script {
  const text = pieces.map((piece) => piece.trim()).join('\n');
  return { text, sha: createHash('sha1').update(text).digest('hex') };
}
