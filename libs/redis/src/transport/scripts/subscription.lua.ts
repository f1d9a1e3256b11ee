/**
 * Makes a subscription, or changes its subjects. One that begins with the oldest gets what is retained in bounded
 * portions, so that no call blocks the server for long, and new messages from the call that has copied the rest.
 * ARGV: name, partitions, `oldest` or `new`, portion, subjects. Answers the number of partitions, or 0: call again.
 */
export const SUBSCRIBE = `
local sub, portion = ARGV[1], tonumber(ARGV[4])
local meta = K .. 'sub:' .. sub
if redis.call('EXISTS', meta) == 0 then
  redis.call('HSET', meta, 'partitions', ARGV[2])
  if ARGV[3] == 'oldest' then redis.call('HSET', meta, 'copied', '0-0') end
  redis.call('XGROUP', 'CREATE', K .. 'q:' .. sub .. ':u', 'g', '0', 'MKSTREAM')
end
local partitions = tonumber(redis.call('HGET', meta, 'partitions'))
local wanted = {}
for i = 5, #ARGV do wanted[ARGV[i]] = true end
local copied = redis.call('HGET', meta, 'copied')
if copied then
  local entries = redis.call('XRANGE', K .. 'log', '(' .. copied, '+', 'COUNT', portion)
  for i = 1, #entries do
    if wanted[field(entries[i], 's')] then
      local hash = field(entries[i], 'k')
      copy(K .. 'q:' .. sub .. ':' .. (hash == '' and 'u' or hash % partitions), entries[i], 0)
    end
  end
  if #entries == portion then
    redis.call('HSET', meta, 'copied', entries[portion][1])
    return 0
  end
  redis.call('HDEL', meta, 'copied')
end
for old in string.gmatch(redis.call('HGET', meta, 'subjects') or '', '%S+') do
  if not wanted[old] then redis.call('HDEL', K .. 'subs:' .. old, sub) end
end
for subject in pairs(wanted) do redis.call('HSET', K .. 'subs:' .. subject, sub, partitions) end
redis.call('HSET', meta, 'subjects', table.concat(ARGV, ' ', 5))
return partitions
`;

/** Forgets a subscription with what waits in it; its dead letters stay. ARGV: name. */
export const REMOVE = `
local sub = ARGV[1]
local meta = K .. 'sub:' .. sub
local partitions = tonumber(redis.call('HGET', meta, 'partitions') or 0)
for subject in string.gmatch(redis.call('HGET', meta, 'subjects') or '', '%S+') do
  redis.call('HDEL', K .. 'subs:' .. subject, sub)
end
redis.call('DEL', meta)
nudge(sub, '')
local keys = { K .. 'q:' .. sub .. ':u' }
for p = 0, partitions - 1 do keys[#keys + 1] = K .. 'q:' .. sub .. ':' .. p end
for _, kind in ipairs({ 'm', 'own', 'cur', 'sus', 'att', 'd', 'idle', 'pz' }) do keys[#keys + 1] = K .. kind .. ':' .. sub end
redis.call('UNLINK', unpack(keys))
return partitions
`;

/** How many messages wait for any member, what members without a key hold left out. ARGV: name. */
export const WAITING = `
local sub = ARGV[1]
local partitions = tonumber(redis.call('HGET', K .. 'sub:' .. sub, 'partitions') or 0)
if partitions == 0 then return 0 end
local queue = K .. 'q:' .. sub .. ':u'
local pending = redis.call('XPENDING', queue, 'g')[1]
local waiting = redis.call('XLEN', queue) - pending + redis.call('ZCARD', K .. 'd:' .. sub)
for p = 0, partitions - 1 do waiting = waiting + redis.call('XLEN', K .. 'q:' .. sub .. ':' .. p) end
return waiting
`;
