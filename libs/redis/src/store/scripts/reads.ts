import { HEAD, OPEN } from './head.js';
import { QUERIES } from './queries.js';
import { RECORDS } from './records.js';
import { script } from './script.js';
import { STREAMS } from './streams.js';

/**
 * What one call may look at before the server serves others: the client asks for the rest in further calls. Entries are
 * fetched in steps that grow while they are small.
 */
const BUDGET = `
local bytes, looked = 0, 0
local function spent()
  return bytes > 262144 or looked >= 300
end
local function weigh(fields)
  bytes = bytes + #fields[10] + (fields[12] and #fields[12] or 0)
  looked = looked + 1
end
local function nextstep(step)
  return bytes * 2 < looked * 2048 and math.min(step * 2, 128) or step
end
`;

/**
 * Events are answered as one value: the lengths of eight texts, then the texts, for each event. One reply for each text
 * would take the client several times as long.
 */
const EVENTS = `
local parts, count = {}, 0
local function emit(entry)
  local fields = entry[2]
  local metadata, tags, place = fields[12] or '', fields[14] or '', count * 9
  parts[place + 1] = struct.pack('>I4I4I4I4I4I4I4I4', #entry[1], #fields[2], #fields[4], #fields[6], #fields[8], #fields[10], #metadata, #tags)
  parts[place + 2], parts[place + 3], parts[place + 4] = entry[1], fields[2], fields[4]
  parts[place + 5], parts[place + 6], parts[place + 7] = fields[6], fields[8], fields[10]
  parts[place + 8], parts[place + 9] = metadata, tags
  count = count + 1
end
`;

/** The version, first version and state of a stream. */
export const GET_STREAM = script(
  HEAD,
  STREAMS,
  `
local found = stream(arg())
return { text(found.version), text(found.removed + 1), found.state }
`,
);

/**
 * Events of a stream from one version to another, both given or empty. Answers with the version to go on with, 0 at the
 * end, the last version to read, and events.
 */
export const READ_STREAM = script(
  HEAD,
  STREAMS,
  BUDGET,
  EVENTS,
  `
local name, backward = arg(), arg() == 'backward'
local from, to = tonumber(arg()), tonumber(arg())
local since, till, limit = tonumber(arg()), tonumber(arg()), tonumber(arg())
local found = stream(name)
if found.state == 2 then return { 0, 0, '' } end
local first, version = found.removed + 1, found.version
from = backward and math.min(from or version, version) or math.max(from or first, first)
to = backward and math.max(to or first, first) or math.min(to or version, version)
local key, step = base .. 's:' .. name, 8
local function left()
  return backward and from - to + 1 or to - from + 1
end
while left() > 0 and count < limit and not spent() do
  local some = math.min(step, left())
  local low = (backward and from - some + 1 or from) - first
  local ids = call('LRANGE', key, low, low + some - 1)
  local index = 1
  local entries = {}
  while index <= #ids do
    -- Neighbours in the log are fetched together.
    local last = index
    while last < #ids and tonumber(ids[last + 1]) == tonumber(ids[last]) + 1 do last = last + 1 end
    for _, entry in ipairs(call('XRANGE', log, ids[index], ids[last])) do entries[#entries + 1] = entry end
    index = last + 1
  end
  for place = 1, #entries do
    local entry = entries[backward and #entries - place + 1 or place]
    weigh(entry[2])
    local at = tonumber(entry[2][8])
    if (not since or at >= since) and (not till or at <= till) and count < limit then emit(entry) end
  end
  from = backward and from - some or from + some
  step = nextstep(step)
end
return { left() > 0 and count < limit and from or 0, to, table.concat(parts) }
`,
);

/**
 * Events of all streams between two positions, neither included, in pages. Answers with the last position of the log, the
 * position to go on from, 0 at the end, and events.
 */
export const READ_ALL = script(
  HEAD,
  STREAMS,
  QUERIES,
  BUDGET,
  EVENTS,
  `
local after, before = arg(), arg()
local limit, backward, closed = tonumber(arg()), arg() == 'backward', arg() == '1'
local json = arg()
local filters = json ~= '' and readquery(json)
local goon = 0
local function visit(entry)
  local fields = entry[2]
  weigh(fields)
  if (closed or not haslife or stream(fields[2]).state == 0) and (not filters or matches(filters, fields)) then
    emit(entry)
  end
  return count < limit
end
local function range(key, low, high)
  if backward then return call('ZREVRANGEBYSCORE', key, high, low, 'LIMIT', 0, 200) end
  return call('ZRANGEBYSCORE', key, low, high, 'LIMIT', 0, 200)
end
-- Along the indexes of tags: every filter gives some candidates, and how far they are complete.
local function readtagged()
  local seen, ids, horizon = {}, {}, nil
  for _, filter in ipairs(filters) do
    local found = range(rarest(filter), '(' .. after, before == '' and '+inf' or '(' .. before)
    for index, id in ipairs(found) do
      found[index] = tonumber(id)
      if not seen[id] then
        seen[id] = true
        ids[#ids + 1] = tonumber(id)
      end
    end
    local last = #found == 200 and found[200]
    if last and (not horizon or (backward and last > horizon) or (not backward and last < horizon)) then horizon = last end
  end
  table.sort(ids, function(a, b) if backward then return a > b end return a < b end)
  for _, id in ipairs(ids) do
    if horizon and ((backward and id < horizon) or (not backward and id > horizon)) then break end
    local entry = call('XRANGE', log, text(id), text(id))[1]
    if entry and (not visit(entry) or spent()) then
      goon = id
      return
    end
  end
  if horizon then goon = horizon end
end
local function goonfrom(id)
  goon = tonumber(string.match(id, '^%d+'))
end
local function readplain()
  local low, high = '(' .. after .. '-0', before == '' and '+' or '(' .. before .. '-0'
  local step = 8
  while true do
    local entries
    if backward then entries = call('XREVRANGE', log, high, low, 'COUNT', step)
    else entries = call('XRANGE', log, low, high, 'COUNT', step) end
    for _, entry in ipairs(entries) do
      if not visit(entry) then return goonfrom(entry[1]) end
    end
    if #entries < step then return end
    local last = entries[step][1]
    if spent() then return goonfrom(last) end
    if backward then high = '(' .. last else low = '(' .. last end
    step = nextstep(step)
  end
end
local isempty = before ~= '' and tonumber(before) <= tonumber(after) + 1 or filters and #filters == 0
if isempty then
  -- nothing can match
elseif filters and alltagged(filters) then readtagged() else readplain() end
return { position, goon, table.concat(parts) }
`,
);

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

/** The clock of the store. */
export const NOW = script(HEAD, 'return text(now)');

/** See {@link OPEN}. */
export const OPEN_STORE = script('local call = redis.call', OPEN);
