import { HEAD, OPEN } from './head.js';
import { QUERIES } from './queries.js';
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

/** The clock of the store. */
export const NOW = script(HEAD, 'return text(now)');

/** See {@link OPEN}. */
export const OPEN_STORE = script('local call = redis.call', OPEN);
