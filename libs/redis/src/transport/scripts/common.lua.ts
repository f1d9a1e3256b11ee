/**
 * What the scripts of the transport share. `K` begins every key; all of them are in one slot.
 *
 * | key | type | holds |
 * | --- | --- | --- |
 * | `subs:SUBJECT` | hash | durable subscriptions of a subject, and their number of partitions |
 * | `sub:NAME` | hash | a subscription: partitions, subjects, state |
 * | `q:NAME:u` | stream, group `g` | messages without a key, handed to members by the group |
 * | `q:NAME:0` … | stream | messages with a key; the owner of the partition reads it, what is handled is deleted |
 * | `m:NAME` | sorted set | members and when each is taken for dead |
 * | `own:NAME`, `cur:NAME`, `sus:NAME` | hash | owner of a partition; how far it has read; up to where a dead owner had read |
 * | `att:NAME` | hash | attempts made of messages that were begun more than once |
 * | `d:NAME` | sorted set | messages without a key that wait for their back-off, by due time |
 * | `idle:NAME`, `pz:NAME` | set | members that sleep until they are woken; members that are paused |
 * | `dead:NAME` | stream | dead letters |
 * | `id:SUBJECT:ID` | string | published with QoS 2 within the window |
 * | `log`, `log:bytes` | stream, number | newest messages, for subscriptions that begin with the oldest |
 * | `n:NODE` | channel | the inbox of a node |
 * | `v:SUBJECT`, `vm:NAME`, `r:SUBJECT` | sorted set | QoS 0 subscriptions, their members, responders, and when each was heard of |
 */
export const COMMON = `
local K = KEYS[1] .. ':'

local function clock()
  local t = redis.call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local function field(entry, name)
  local fields = entry[2]
  for i = 1, #fields, 2 do
    if fields[i] == name then return fields[i + 1] end
  end
  return nil
end

-- When a message was published: its own time if it was moved, else that of its entry.
local function published(entry)
  return field(entry, 't') or string.match(entry[1], '^%d+')
end

local function tell(member, text)
  return redis.call('PUBLISH', K .. 'n:' .. string.match(member, '^[^.]+'), text .. member)
end

-- Wakes as many members as there is work for. One that nobody hears has died: the next one is woken.
local function wake(sub, count)
  while count > 0 do
    local member = redis.call('SPOP', K .. 'idle:' .. sub)
    if not member then return end
    if tell(member, 'w') > 0 then count = count - 1 end
  end
end

local function wakeOwner(sub, partition)
  local owner = redis.call('HGET', K .. 'own:' .. sub, partition)
  if owner and redis.call('SREM', K .. 'idle:' .. sub, owner) == 1 then tell(owner, 'w') end
end

-- Adds a copy of an entry to a queue; attempts of 0 are not written. suspect: a member may have died of it.
local function copy(queue, entry, attempts, suspect)
  local fields = { 'h', field(entry, 'h'), 'b', field(entry, 'b') }
  local hash = field(entry, 'k')
  if hash and hash ~= '' then fields[5] = 'k'; fields[6] = hash end
  fields[#fields + 1] = 't'
  fields[#fields + 1] = published(entry)
  if attempts > 0 then
    fields[#fields + 1] = 'a'
    fields[#fields + 1] = attempts
  end
  if suspect then
    fields[#fields + 1] = 'x'
    fields[#fields + 1] = 1
  end
  redis.call('XADD', queue, '*', unpack(fields))
end

-- Puts a message without a key at the end of its queue for any member.
-- why: "back", it was not begun; "failed", its handler did; "lost", whoever had it is dead and may have begun it.
local function requeue(sub, id, why)
  local queue = K .. 'q:' .. sub .. ':u'
  local entry = redis.call('XRANGE', queue, id, id)[1]
  if entry then
    local made = tonumber(redis.call('HGET', K .. 'att:' .. sub, 'u/' .. id) or field(entry, 'a') or 0)
    if why == 'lost' and made == 0 then made = 1 end
    copy(queue, entry, made, why == 'lost' or (why == 'back' and field(entry, 'x')))
    redis.call('XDEL', queue, id)
  end
  redis.call('XACK', queue, 'g', id)
  redis.call('HDEL', K .. 'att:' .. sub, 'u/' .. id)
end

-- Gives back everything that a member holds, and forgets it. dead: it may have begun what it holds.
local function bury(sub, member, dead)
  local queue = K .. 'q:' .. sub .. ':u'
  local count = 0
  while true do
    local pending = redis.call('XPENDING', queue, 'g', '-', '+', 200, member)
    for i = 1, #pending do requeue(sub, pending[i][1], dead and 'lost' or 'back') end
    count = count + #pending
    if #pending < 200 then break end
  end
  redis.call('XGROUP', 'DELCONSUMER', queue, 'g', member)
  local owners = redis.call('HGETALL', K .. 'own:' .. sub)
  for i = 1, #owners, 2 do
    if owners[i + 1] == member then
      local read = redis.call('HGET', K .. 'cur:' .. sub, owners[i])
      if dead and read then redis.call('HSET', K .. 'sus:' .. sub, owners[i], read) end
      redis.call('HDEL', K .. 'own:' .. sub, owners[i])
      redis.call('HDEL', K .. 'cur:' .. sub, owners[i])
    end
  end
  redis.call('ZREM', K .. 'm:' .. sub, member)
  redis.call('SREM', K .. 'idle:' .. sub, member)
  redis.call('SREM', K .. 'pz:' .. sub, member)
  if count > 0 then wake(sub, count) end
end

-- Lets the other members look at once what has changed.
local function nudge(sub, except)
  local members = redis.call('ZRANGE', K .. 'm:' .. sub, 0, -1)
  for i = 1, #members do
    if members[i] ~= except then tell(members[i], 't') end
  end
end

local function isMember(sub, member)
  return redis.call('ZSCORE', K .. 'm:' .. sub, member)
end
`;
