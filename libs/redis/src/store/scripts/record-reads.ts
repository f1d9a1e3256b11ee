import { HEAD } from './head.js';
import { RECORDS } from './records.js';
import { script } from './script.js';

/** A record as it is answered. Lua's numbers become whole ones on their way out, so others go as text. */
const SHOW_RECORD = `
local function number(value)
  if not value then return '' end
  return value % 1 == 0 and value or text(value)
end
local function show(key, value, header)
  return { key, value, header[1], header[2], header[3], header[4], number(header[5]), number(header[6]), header[7] }
end
local function expired(header)
  return header[6] and header[6] <= now
end
`;

/** One record, or nothing. */
export const GET_RECORD = script(
  HEAD,
  SHOW_RECORD,
  `
local collection, key = arg(), arg()
local found = call('HMGET', base .. 'r:' .. collection, 'h' .. key, 'v' .. key)
if not found[1] then return false end
local header = cmsgpack.unpack(found[1])
return not expired(header) and show(key, found[2], header)
`,
);

/**
 * Records of a collection after a place, in pages. Answers with the place to go on from, number and due time, or nothing
 * at the end, and records. Times of creation become numbers first, because records are numbered in that order.
 */
export const FIND_RECORDS = script(
  HEAD,
  RECORDS,
  SHOW_RECORD,
  `
local collection, order, limit = arg(), arg(), tonumber(arg())
local placesequence, placedue = tonumber(arg()), tonumber(arg())
local duebefore, createdfrom, createdbefore = tonumber(arg()), tonumber(arg()), tonumber(arg())
local tags = cjson.decode(arg())
local everything, duekey = base .. 'o:' .. collection, base .. 'd:' .. collection

-- The first rank at which the test answers true; it answers false below.
local function search(low, high, test)
  while low < high do
    local middle = math.floor((low + high) / 2)
    if test(middle) then high = middle else low = middle + 1 end
  end
  return low
end
local function sequenceat(created)
  local rank = search(0, call('ZCARD', everything), function(rank)
    return headerof(collection, call('ZRANGE', everything, rank, rank)[1])[3] >= created
  end)
  local key = call('ZRANGE', everything, rank, rank)[1]
  return key and headerof(collection, key)[2] or math.huge
end
local lowest = createdfrom and sequenceat(createdfrom) or 0
local highest = createdbefore and sequenceat(createdbefore) or math.huge

local function hasall(json)
  if #tags == 0 then return true end
  if json == '' then return false end
  local own = {}
  for _, tag in ipairs(cjson.decode(json)) do own[tag] = true end
  for _, tag in ipairs(tags) do
    if not own[tag] then return false end
  end
  return true
end
local bytes = 0
local reply = { '', '' }
local function visit(key)
  local header = headerof(collection, key)
  local sequence, due = header[2], header[5]
  if not expired(header) and sequence >= lowest and sequence < highest and hasall(header[7])
    and (not duebefore or (due and due <= duebefore)) then
    local value = call('HGET', base .. 'r:' .. collection, 'v' .. key)
    bytes = bytes + #value
    reply[#reply + 1] = show(key, value, header)
  end
  if #reply - 2 >= limit or bytes > 262144 then
    reply[1], reply[2] = text(sequence), due and text(due) or '0'
    return false
  end
  return header
end
local function visitall(keys, most)
  local header
  for _, key in ipairs(keys) do
    header = visit(key)
    if not header then return end
  end
  if #keys == most then reply[1], reply[2] = text(header[2]), header[5] and text(header[5]) or '0' end
end
local function bysequence()
  local index, least = everything, nil
  for _, tag in ipairs(tags) do
    local key = tagkey(collection, tag)
    local count = call('ZCARD', key)
    if not least or count < least then index, least = key, count end
  end
  if order == 'newest' then
    local high = math.min(highest, placesequence or math.huge)
    high = high == math.huge and '+inf' or '(' .. text(high)
    return visitall(call('ZREVRANGEBYSCORE', index, high, text(lowest), 'LIMIT', 0, 200), 200)
  end
  local high = highest == math.huge and '+inf' or '(' .. text(highest)
  local low = text(math.max(lowest, placesequence and placesequence + 1 or 0))
  visitall(call('ZRANGEBYSCORE', index, low, high, 'LIMIT', 0, 200), 200)
end
local function bydue()
  local rank = 0
  if placesequence then
    local first = call('ZCOUNT', duekey, '-inf', '(' .. text(placedue))
    local last = first + call('ZCOUNT', duekey, text(placedue), text(placedue))
    rank = search(first, last, function(rank)
      return tonumber(string.sub(call('ZRANGE', duekey, rank, rank)[1], 1, 16)) > placesequence
    end)
  end
  local count = math.min(200, (duebefore and call('ZCOUNT', duekey, '-inf', text(duebefore)) or 1e15) - rank)
  if count <= 0 then return end
  local members = call('ZRANGE', duekey, rank, rank + count - 1)
  for index, member in ipairs(members) do members[index] = string.sub(member, 17) end
  visitall(members, 200)
end
if order == 'due' then bydue() else bysequence() end
return reply
`,
);
