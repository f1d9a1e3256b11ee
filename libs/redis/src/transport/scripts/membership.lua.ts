/**
 * A member reports that it lives. In the same step it takes the part of the partitions that is its own, learns which to
 * give away, buries members that have been silent for too long, and moves messages whose back-off is over.
 *
 * ARGV: name, member, milliseconds until it is taken for dead, `join` or `stay`, `paused` or `running`.
 * Answers `removed`, `expired` (it was buried meanwhile), or `ok`, the milliseconds until the next message is due (-1: none),
 * partitions owned with the id up to which a dead owner had read (or ''), partitions to give away.
 *
 * A member is dead when it was removed here, not when its time is over: whoever still stands in the set when it comes
 * back after an outage of the server goes on as if nothing had happened.
 */
export const TEND = `
local sub, member, ttl = ARGV[1], ARGV[2], tonumber(ARGV[3])
local meta, members = K .. 'sub:' .. sub, K .. 'm:' .. sub
local partitions = tonumber(redis.call('HGET', meta, 'partitions') or 0)
if partitions == 0 then return { 'removed' } end
local joins = ARGV[4] == 'join'
if not joins and not isMember(sub, member) then return { 'expired' } end
local now = clock()
local silence = now - tonumber(redis.call('HGET', meta, 'tended') or now)
redis.call('HSET', meta, 'tended', now)
redis.call('ZADD', members, now + ttl, member)
if not joins and silence > ttl then
  -- Nobody could report: the server was away. The others get the time to come back that this one had.
  for _, other in ipairs(redis.call('ZRANGE', members, 0, -1)) do redis.call('ZADD', members, now + ttl, other) end
end
local changed = joins
for _, other in ipairs(redis.call('ZRANGEBYSCORE', members, '-inf', now - 1)) do
  bury(sub, other, true)
  changed = true
end
local paused = ARGV[5] == 'paused'
if redis.call(paused and 'SADD' or 'SREM', K .. 'pz:' .. sub, member) == 1 then changed = true end
if paused then redis.call('SREM', K .. 'idle:' .. sub, member) end

local active, alive = {}, {}
for _, other in ipairs(redis.call('ZRANGE', members, 0, -1)) do
  alive[other] = true
  if redis.call('SISMEMBER', K .. 'pz:' .. sub, other) == 0 then active[#active + 1] = other end
end
table.sort(active)
local share = 0
for rank, other in ipairs(active) do
  if other == member then
    share = math.floor(partitions / #active) + (rank <= partitions % #active and 1 or 0)
  end
end
local owners, mine, free = {}, {}, {}
local flat = redis.call('HGETALL', K .. 'own:' .. sub)
for i = 1, #flat, 2 do owners[flat[i]] = flat[i + 1] end
for p = 0, partitions - 1 do
  local owner = owners[tostring(p)]
  if owner == member then mine[#mine + 1] = p
  elseif not owner or not alive[owner] then free[#free + 1] = p end
end
while #mine < share and #free > 0 do
  local p = table.remove(free, 1)
  redis.call('HSET', K .. 'own:' .. sub, p, member)
  redis.call('HDEL', K .. 'cur:' .. sub, p)
  mine[#mine + 1] = p
end
local owned, away = {}, {}
for i, p in ipairs(mine) do
  if i > share then away[#away + 1] = p
  else
    owned[#owned + 1] = p
    owned[#owned + 1] = redis.call('HGET', K .. 'sus:' .. sub, p) or ''
  end
end

local due = redis.call('ZRANGEBYSCORE', K .. 'd:' .. sub, '-inf', now, 'LIMIT', 0, 200)
for i = 1, #due do
  requeue(sub, due[i], 'failed')
  redis.call('ZREM', K .. 'd:' .. sub, due[i])
end
if #due > 0 then wake(sub, #due) end
local first = redis.call('ZRANGE', K .. 'd:' .. sub, 0, 0, 'WITHSCORES')
local wait = -1
if first[2] then wait = math.max(0, math.ceil(first[2] - now)) end
if changed then nudge(sub, member) end
return { 'ok', wait, owned, away }
`;

/** A member gives partitions away when nothing of them runs any more. ARGV: name, member, partitions. */
export const RELEASE = `
local sub, member = ARGV[1], ARGV[2]
for i = 3, #ARGV do
  if redis.call('HGET', K .. 'own:' .. sub, ARGV[i]) == member then
    redis.call('HDEL', K .. 'own:' .. sub, ARGV[i])
    redis.call('HDEL', K .. 'cur:' .. sub, ARGV[i])
  end
end
nudge(sub, member)
return 'OK'
`;

/**
 * A member gives back what it has not begun: all of it and leaves (`leave`), or some messages without a key (`stay`).
 * ARGV: name, member, `leave` or `stay`, ids.
 */
export const GIVE_BACK = `
local sub, member = ARGV[1], ARGV[2]
if not isMember(sub, member) then return 0 end
for i = 4, #ARGV do requeue(sub, ARGV[i], 'back') end
if #ARGV > 3 then wake(sub, #ARGV - 3) end
if ARGV[3] == 'leave' then
  bury(sub, member, false)
  nudge(sub, member)
end
return 1
`;
