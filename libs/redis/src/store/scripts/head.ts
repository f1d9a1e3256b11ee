/**
 * The beginning of every script but the one that opens a store: names of keys, arguments, the head and the clock.
 *
 * The head tells a store from one that took its place: after a flush another epoch, after a fail-over to a copy that was
 * behind a position below one that this client has seen. Then nothing is answered. The clock never goes back by less
 * than a minute, so records are created in the order of their times.
 */
export const HEAD = `
local call = redis.call
local base = string.sub(KEYS[1], 1, -5)
local log = base .. 'log'
local at = 0
local function arg()
  at = at + 1
  return ARGV[at]
end
-- Lua itself would write large numbers with 14 digits.
local function text(number)
  return string.format('%.17g', number)
end
local head = call('HMGET', KEYS[1], 'epoch', 'position', 'sequence', 'clock', 'tagged')
if head[1] ~= arg() then
  return redis.error_reply('CATGA_LOST epoch ' .. tostring(head[1]))
end
local position = tonumber(head[2])
if position < tonumber(arg()) then
  return redis.error_reply('CATGA_LOST position ' .. head[2])
end
local time = call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local clock = tonumber(head[4])
if clock > now and clock - now < 60000 then
  now = clock
end
`;

/**
 * Makes the head of a store that is new; tells that of one that is there. Given: an epoch for a new one, the version of
 * the schema. A client that knows an epoch opens with HEAD instead.
 */
export const OPEN = `
local head = call('HMGET', KEYS[1], 'epoch', 'position', 'schema')
if not head[1] then
  call('HSET', KEYS[1], 'epoch', ARGV[1], 'position', 0, 'sequence', 0, 'clock', 0, 'tagged', 0, 'schema', ARGV[2])
  return { ARGV[1], '0', ARGV[2] }
end
return head
`;
