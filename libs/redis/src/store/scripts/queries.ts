/**
 * Filters of events, and the positions of events that carry a tag. A filter comes as JSON: types, categories, tags.
 */
export const QUERIES = `
local function set(list)
  if not list then return nil end
  local found = {}
  for _, each in ipairs(list) do found[each] = true end
  return found
end
local function readquery(json)
  local filters = cjson.decode(json)
  for _, filter in ipairs(filters) do
    filter.types = set(filter.types)
    filter.categories = set(filter.categories)
  end
  return filters
end
local function hastags(tags, wanted)
  if not tags or tags == '' then return false end
  local own = set(cjson.decode(tags))
  for _, tag in ipairs(wanted) do
    if not own[tag] then return false end
  end
  return true
end
local function matches(filters, fields)
  for _, filter in ipairs(filters) do
    if (not filter.types or filter.types[fields[6]])
      and (not filter.categories or filter.categories[string.match(fields[2], '^[^-]*')])
      and (not filter.tags or hastags(fields[14], filter.tags)) then
      return true
    end
  end
  return false
end
local function alltagged(filters)
  for _, filter in ipairs(filters) do
    if not filter.tags then return false end
  end
  return true
end
-- The index of the tag that the fewest events have.
local function rarest(filter)
  local best, least
  for _, tag in ipairs(filter.tags) do
    local key = base .. 'g:' .. tag
    local count = call('ZCARD', key)
    if not least or count < least then best, least = key, count end
  end
  return best
end
`;

/**
 * Whether an event matches after a position: the position of one, false, or true when there is too much to look at in one
 * script. The client then looks itself, in parts, and asks again from where it came to.
 */
export const CONDITIONS = `
local most = 500
local function taggedmatch(filters, after)
  for _, filter in ipairs(filters) do
    local ids = call('ZRANGEBYSCORE', rarest(filter), '(' .. after, '+inf', 'LIMIT', 0, most + 1)
    if #ids > most then return true end
    for _, id in ipairs(ids) do
      local entry = call('XRANGE', log, id, id)[1]
      if entry and matches({ filter }, entry[2]) then return tonumber(id) end
    end
  end
  return false
end
local function firstmatch(json, after)
  local filters = readquery(json)
  if #filters == 0 then return false end
  if alltagged(filters) then return taggedmatch(filters, after) end
  local looked, from, step = 0, '(' .. after, 16
  while looked < most do
    local entries = call('XRANGE', log, from, '+', 'COUNT', step)
    for _, entry in ipairs(entries) do
      if matches(filters, entry[2]) then return tonumber(string.match(entry[1], '^%d+')) end
    end
    if #entries < step then return false end
    looked = looked + step
    from = '(' .. entries[step][1]
  end
  return true
end
`;
