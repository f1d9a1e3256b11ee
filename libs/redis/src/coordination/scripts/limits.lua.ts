import { script } from './script.js';

/**
 * Given: key, permits, 1 to take them, limit, per, burst. Answers 1 or 0, what remains, when to ask again, when all is
 * there again. The state is the time at which the bucket is full.
 */
export const TOKEN_BUCKET = script(`
local tiny = 0.000001
local key = base .. ':bucket:' .. ARGV[1]
local permits, take = tonumber(ARGV[2]), ARGV[3] == '1'
local interval = tonumber(ARGV[5]) / tonumber(ARGV[4])
local room = tonumber(ARGV[6]) * interval
local exact = micros / 1000
local from = math.max(tonumber(call('GET', key) or '0'), exact)
local to = from + permits * interval
local allowed = to - room <= exact + tiny
local reset = from
if allowed and take then
  reset = to
  call('SET', key, text(to), 'PXAT', text(math.ceil(to)))
end
local remaining = math.max(0, math.floor((exact + room - reset + tiny) / interval))
local again = 0
if not allowed then
  again = math.ceil(to - room - exact)
end
return { allowed and 1 or 0, remaining, again, text(math.ceil(reset)) }
`);

/**
 * Given: key, permits, 1 to take them, limit, per, milliseconds counted as one. The state is a list of times and counts,
 * oldest first; times are rounded up, so that nothing is forgotten too early.
 */
export const SLIDING_WINDOW = script(`
local key = base .. ':window:' .. ARGV[1]
local permits, take = tonumber(ARGV[2]), ARGV[3] == '1'
local limit, per, step = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local stored = call('LRANGE', key, 0, -1)
local times, counts, used, old = {}, {}, 0, 0
for index = 1, #stored, 2 do
  local at = tonumber(stored[index])
  if at + per > now then
    table.insert(times, at)
    table.insert(counts, tonumber(stored[index + 1]))
    used = used + counts[#counts]
  else
    old = old + 2
  end
end
local allowed = used + permits <= limit
local taken = 0
if allowed and take then
  taken = permits
  call('LTRIM', key, old, -1)
  local at = math.ceil(now / step) * step
  -- A clock that went back must not forget earlier.
  if #times > 0 and times[#times] >= at then
    counts[#counts] = counts[#counts] + permits
    call('LSET', key, -1, counts[#counts])
  else
    table.insert(times, at)
    call('RPUSH', key, text(at), permits)
  end
  call('PEXPIREAT', key, text(math.ceil(times[#times] + per)))
end
local again = 0
if not allowed then
  local needed, freed = used + permits - limit, 0
  for index = 1, #times do
    freed = freed + counts[index]
    again = math.ceil(times[index] + per - now)
    if freed >= needed then
      break
    end
  end
end
local reset = now
if #times > 0 then
  reset = math.ceil(times[#times] + per)
end
return { allowed and 1 or 0, math.max(0, limit - used - taken), again, text(reset) }
`);
