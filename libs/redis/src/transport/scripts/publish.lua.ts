/**
 * Publishes messages: each into the queue of every subscription of its subject, in one atomic step with the look at its
 * id. ARGV: window of de-duplication, bytes to retain, then for each message subject, id (empty: no de-duplication),
 * hash of the key (empty: none), header, body.
 */
export const PUBLISH = `
local window, retain = ARGV[1], tonumber(ARGV[2])
local known, loose, keyed, bytes = {}, {}, {}, 0
for i = 3, #ARGV, 5 do
  local subject, id, hash = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  if id == '' or redis.call('SET', K .. 'id:' .. subject .. ':' .. id, '', 'NX', 'PX', window) then
    local subs = known[subject]
    if not subs then
      subs = redis.call('HGETALL', K .. 'subs:' .. subject)
      known[subject] = subs
    end
    for s = 1, #subs, 2 do
      local sub = subs[s]
      if hash == '' then
        redis.call('XADD', K .. 'q:' .. sub .. ':u', '*', 'h', ARGV[i + 3], 'b', ARGV[i + 4])
        loose[sub] = (loose[sub] or 0) + 1
      else
        local partition = hash % tonumber(subs[s + 1])
        redis.call('XADD', K .. 'q:' .. sub .. ':' .. partition, '*', 'h', ARGV[i + 3], 'b', ARGV[i + 4], 'k', hash)
        keyed[sub] = keyed[sub] or {}
        keyed[sub][partition] = true
      end
    end
    if retain > 0 then
      redis.call('XADD', K .. 'log', '*', 's', subject, 'h', ARGV[i + 3], 'b', ARGV[i + 4], 'k', hash)
      bytes = bytes + #ARGV[i + 3] + #ARGV[i + 4] + 100
    end
  end
end
for sub, count in pairs(loose) do wake(sub, count) end
for sub, partitions in pairs(keyed) do
  for partition in pairs(partitions) do wakeOwner(sub, partition) end
end
if bytes > 0 and redis.call('INCRBY', K .. 'log:bytes', bytes) > retain then
  local left = tonumber(redis.call('GET', K .. 'log:bytes'))
  -- More than needed at once, so that not every call has to.
  local target = retain * 0.95
  while left > target do
    local oldest = redis.call('XRANGE', K .. 'log', '-', '+', 'COUNT', 200)
    local last
    for e = 1, #oldest do
      if left <= target then break end
      left = left - #field(oldest[e], 'h') - #field(oldest[e], 'b') - 100
      last = oldest[e][1]
    end
    if not last then
      left = 0
      break
    end
    local time, number = string.match(last, '(%d+)-(%d+)')
    redis.call('XTRIM', K .. 'log', 'MINID', time .. '-' .. string.format('%.0f', number + 1))
  end
  redis.call('SET', K .. 'log:bytes', left)
end
return 'OK'
`;
