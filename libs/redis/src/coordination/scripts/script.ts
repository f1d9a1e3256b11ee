import { createHash } from 'node:crypto';

/** A Lua script with the name that the server gives it. */
export interface Script {
  readonly text: string;
  /** SHA-1 of the text. */
  readonly digest: string;
}

/**
 * What every script begins with. All keys are made from the one that is given, which holds the hash tag; times are of the
 * server's clock.
 */
const HEAD = `
local call = redis.call
local base = KEYS[1]
local time = call('TIME')
local micros = time[1] * 1000000 + time[2]
local now = math.floor(micros / 1000)
-- Lua itself would write large numbers with 14 digits.
local function text(number)
  return string.format('%.17g', number)
end
`;

/** A script that begins with the names `call`, `base`, `micros`, `now` and `text`. It must be one that may run twice. */
export function script(body: string): Script {
  const text = `${HEAD}${body}`.trim();
  return { text, digest: createHash('sha1').update(text).digest('hex') };
}
