/**
 * Reads for a member: new messages without a key through the group, those of its partitions from where it stands. A
 * source that it does not own any more gives nothing. When all sources are empty the member is noted as asleep in the
 * same step, so that the next message wakes it and none is overlooked.
 *
 * ARGV: name, member, how many, then for each source `u` and '', or a partition and the id after which to read.
 * Answers `expired`, or `ok` and for each source that has something: source, entries, attempts made of each ('' for none).
 */
export const FETCH = `
local sub, member, left = ARGV[1], ARGV[2], tonumber(ARGV[3])
if not isMember(sub, member) then return { 'expired' } end
local tracked = redis.call('HLEN', K .. 'att:' .. sub) > 0
local answer = { 'ok' }
for i = 4, #ARGV, 2 do
  local source, entries = ARGV[i], {}
  local queue = K .. 'q:' .. sub .. ':' .. source
  if left > 0 then
    if source == 'u' then
      local read = redis.call('XREADGROUP', 'GROUP', 'g', member, 'COUNT', left, 'STREAMS', queue, '>')
      if read then entries = read[1][2] end
    elseif redis.call('HGET', K .. 'own:' .. sub, source) == member then
      entries = redis.call('XRANGE', queue, '(' .. ARGV[i + 1], '+', 'COUNT', left)
      if #entries > 0 then redis.call('HSET', K .. 'cur:' .. sub, source, entries[#entries][1]) end
    end
  end
  if #entries > 0 then
    left = left - #entries
    local attempts = {}
    if tracked and source ~= 'u' then
      for e = 1, #entries do attempts[e] = redis.call('HGET', K .. 'att:' .. sub, source .. '/' .. entries[e][1]) or '' end
    end
    answer[#answer + 1] = source
    answer[#answer + 1] = entries
    answer[#answer + 1] = attempts
  end
end
if left > 0 then redis.call('SADD', K .. 'idle:' .. sub, member) end
return answer
`;

/**
 * Acknowledges: what was handled is deleted, whoever says so. ARGV: name, number of messages without a key, their ids, number of
 * marks of attempts to forget, the marks, then partition and id of each message with a key.
 */
export const ACKNOWLEDGE = `
local sub = ARGV[1]
local loose = tonumber(ARGV[2])
local at = 3
if loose > 0 then
  local queue = K .. 'q:' .. sub .. ':u'
  redis.call('XACK', queue, 'g', unpack(ARGV, at, at + loose - 1))
  redis.call('XDEL', queue, unpack(ARGV, at, at + loose - 1))
  at = at + loose
end
local marks = tonumber(ARGV[at])
if marks > 0 then redis.call('HDEL', K .. 'att:' .. sub, unpack(ARGV, at + 1, at + marks)) end
local done = {}
for i = at + marks + 1, #ARGV, 2 do
  done[ARGV[i]] = done[ARGV[i]] or {}
  table.insert(done[ARGV[i]], ARGV[i + 1])
end
for partition, ids in pairs(done) do redis.call('XDEL', K .. 'q:' .. sub .. ':' .. partition, unpack(ids)) end
return 'OK'
`;

/**
 * What becomes of messages that were not handled; a member that was buried has no say in it.
 *
 * ARGV: name, member, then for each message what (`mark`: it is begun again; `retry`: it failed and is tried later; `dead`), source,
 * id, attempts made, milliseconds until the next attempt or the error as JSON. Answers 0 when the member was buried.
 */
export const SETTLE = `
local sub, member = ARGV[1], ARGV[2]
if not isMember(sub, member) then return 0 end
local attempts, now = K .. 'att:' .. sub, clock()
for i = 3, #ARGV, 5 do
  local what, source, id, made, extra = unpack(ARGV, i, i + 4)
  local queue, mark = K .. 'q:' .. sub .. ':' .. source, source .. '/' .. id
  if what == 'dead' then
    local entry = redis.call('XRANGE', queue, id, id)[1]
    if entry then
      redis.call('XADD', K .. 'dead:' .. sub, '*', 'h', field(entry, 'h'), 'b', field(entry, 'b'),
        'k', field(entry, 'k') or '', 't', published(entry), 'a', made, 'e', extra)
      redis.call('XDEL', queue, id)
    end
    if source == 'u' then redis.call('XACK', queue, 'g', id) end
    redis.call('HDEL', attempts, mark)
  elseif redis.call('XRANGE', queue, id, id)[1] then
    redis.call('HSET', attempts, mark, made)
    if what == 'retry' and source == 'u' then
      -- Nobody holds it while it waits: '~' is no member.
      redis.call('XCLAIM', queue, 'g', '~', 0, id, 'JUSTID')
      redis.call('ZADD', K .. 'd:' .. sub, now + extra, id)
    end
  end
end
return 1
`;

/**
 * After the connection was lost, answers with messages may have been lost as well: what this member holds without
 * knowing it goes back to the queue. ARGV: name, member, ids of messages without a key that it knows of.
 */
export const RECOVER = `
local sub, member = ARGV[1], ARGV[2]
if not isMember(sub, member) then return 0 end
local known, count, from = {}, 0, '-'
for i = 3, #ARGV do known[ARGV[i]] = true end
while true do
  local pending = redis.call('XPENDING', K .. 'q:' .. sub .. ':u', 'g', from, '+', 200, member)
  for i = 1, #pending do
    if not known[pending[i][1]] then
      requeue(sub, pending[i][1], 'back')
      count = count + 1
    end
  end
  if #pending < 200 then break end
  from = '(' .. pending[#pending][1]
end
if count > 0 then wake(sub, count) end
return 1
`;
