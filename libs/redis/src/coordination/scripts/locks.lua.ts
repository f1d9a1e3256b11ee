import { script } from './script.js';

/**
 * A lock is a hash (owner, token, until) and a list of those who wait. While it has an owner, \`until\` is the end of the
 * lease; without one, since when it is free. The keys go when nobody needs them; tokens come from one counter for all.
 */
const LOCK = `
local name = ARGV[1]
local owner = ARGV[2]
local key = base .. ':lock:' .. name
local line = base .. ':line:' .. name
local known = call('HMGET', key, 'owner', 'token', 'until')
local free = tonumber(known[3] or '0')
-- Kept a while longer than the state means anything: those who wait have their turns one after the other.
local function keep(till)
  local last = text(till + 60000 + call('LLEN', line) * 1000)
  call('PEXPIREAT', key, last)
  call('PEXPIREAT', line, last)
end
`;

/**
 * Given: name, owner, milliseconds of the lease, 1 to keep a place in the line, milliseconds of a turn. Answers 1 and the
 * token, or 0 and the milliseconds after which to ask again.
 *
 * A token is above all before it, and not below the clock in microseconds: so it is still above them after the server has
 * forgotten the last second before a crash, or everything.
 */
export const TAKE_LOCK = script(`${LOCK}
local ttl = tonumber(ARGV[3])
local turn = tonumber(ARGV[5])
if known[1] == owner and free > now then
  call('HSET', key, 'until', text(now + ttl))
  keep(now + ttl)
  return { 1, known[2] }
end
local place = call('LPOS', line, owner)
local isNew = not place
if isNew then
  place = call('LLEN', line)
end
local from = free + place * turn
local isHeld = known[1] and free > now
if not isHeld and from <= now then
  local last = tonumber(call('GET', base .. ':lock-token') or '0')
  local token = text(math.max(last + 1, micros))
  call('SET', base .. ':lock-token', token)
  call('HSET', key, 'owner', owner, 'token', token, 'until', text(now + ttl))
  -- Those before it have missed their turn.
  call('LTRIM', line, place + 1, -1)
  keep(now + ttl)
  return { 1, token }
end
if isNew and ARGV[4] == '1' then
  call('RPUSH', line, owner)
  keep(math.max(free, now))
end
return { 0, math.max(1, math.ceil(from - now)) }
`);

/** Given: name, owner, milliseconds of the lease. Answers 1, or 0 when the owner has it no longer. */
export const RENEW_LOCK = script(`${LOCK}
if known[1] ~= owner then
  return 0
end
local till = math.max(free, now + tonumber(ARGV[3]))
call('HSET', key, 'until', text(till))
keep(till)
return 1
`);

/** Given: name, owner. Frees the lock or the place in the line, and tells those who wait. */
export const RELEASE_LOCK = script(`${LOCK}
if known[1] == owner then
  if call('EXISTS', line) == 1 then
    call('HDEL', key, 'owner')
    call('HSET', key, 'until', text(now))
    keep(now)
  else
    call('DEL', key)
  end
elseif call('LREM', line, 1, owner) == 0 then
  return 0
end
if call('EXISTS', line) == 1 then
  call('PUBLISH', base .. ':released', name)
end
return 1
`);
