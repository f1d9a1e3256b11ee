/**
 * Gives dead letters to their subscription again, with a fresh count of attempts. ARGV: name, entry ids. Answers how
 * many were there.
 */
export const REPLAY = `
local sub, count = ARGV[1], 0
local partitions = tonumber(redis.call('HGET', K .. 'sub:' .. sub, 'partitions') or 0)
if partitions == 0 then return 0 end
for i = 2, #ARGV do
  local letter = redis.call('XRANGE', K .. 'dead:' .. sub, ARGV[i], ARGV[i])[1]
  if letter then
    local hash = field(letter, 'k')
    local fields = { 'h', field(letter, 'h'), 'b', field(letter, 'b'), 't', field(letter, 't') }
    if hash == '' then
      redis.call('XADD', K .. 'q:' .. sub .. ':u', '*', unpack(fields))
      wake(sub, 1)
    else
      local partition = hash % partitions
      redis.call('XADD', K .. 'q:' .. sub .. ':' .. partition, '*', 'k', hash, unpack(fields))
      wakeOwner(sub, partition)
    end
    redis.call('XDEL', K .. 'dead:' .. sub, ARGV[i])
    count = count + 1
  end
end
return count
`;
