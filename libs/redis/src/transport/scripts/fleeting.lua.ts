/**
 * Sends a text to one of those who announced themselves, those heard of lately first. One whose inbox nobody reads is
 * forgotten and the next one tried. In a cluster the server cannot say whether somebody reads (`exact` is 0).
 */
const PICK = `
local function pick(key, turn, exact, kind, text)
  local now = clock()
  local late = redis.call('ZRANGEBYSCORE', key, now - 60000, '(' .. (now - 10000))
  local fresh = redis.call('ZRANGEBYSCORE', key, now - 10000, '+inf')
  for _, group in ipairs({ fresh, late }) do
    for i = 0, #group - 1 do
      local member = group[(turn + i) % #group + 1]
      local readers = redis.call('PUBLISH', K .. 'n:' .. string.match(member, '^[^.]+'), kind .. member .. '\\n' .. text)
      if readers > 0 or exact == 0 then return member end
      redis.call('ZREM', key, member)
    end
  end
  return ''
end
`;

/** QoS 0: each message to one member of every subscription. ARGV: turn, exact, then subject and text of each message. */
export const OFFER = `${PICK}
local turn, exact = tonumber(ARGV[1]), tonumber(ARGV[2])
local known = {}
for i = 3, #ARGV, 2 do
  local subject = ARGV[i]
  known[subject] = known[subject] or redis.call('ZRANGEBYSCORE', K .. 'v:' .. subject, clock() - 60000, '+inf')
  for _, sub in ipairs(known[subject]) do pick(K .. 'vm:' .. sub, turn, exact, 'm', ARGV[i + 1]) end
  turn = turn + 1
end
return 'OK'
`;

/** A request to one responder. ARGV: subject, turn, exact, text. Answers who got it, or ''. */
export const REQUEST = `${PICK}
return pick(K .. 'r:' .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]), 'r', ARGV[4])
`;

/**
 * Responders and members of QoS 0 say that they live. ARGV: for each list key, name in it, milliseconds to add to the
 * time (a paused one looks as if not heard of lately). Answers the server's time.
 */
export const ANNOUNCE = `
local now = clock()
for i = 1, #ARGV, 3 do
  redis.call('ZADD', K .. ARGV[i], now + ARGV[i + 2], ARGV[i + 1])
  redis.call('ZREMRANGEBYSCORE', K .. ARGV[i], '-inf', now - 60000)
end
return now
`;
