/**
 * Streams: a list of positions each, and for the few that were closed or truncated a line in \`life\`, \`state:removed\`. The
 * version is what is in the list and what was removed.
 */
export const STREAMS = `
local life = base .. 'life'
local haslife = call('EXISTS', life) == 1
local streams = {}
local function stream(name)
  local found = streams[name]
  if not found then
    found = { version = call('LLEN', base .. 's:' .. name), state = 0, removed = 0 }
    local line = haslife and call('HGET', life, name)
    if line then
      local state, removed = string.match(line, '^(%d):(%d+)$')
      found.state = tonumber(state)
      found.removed = tonumber(removed)
      found.version = found.version + found.removed
    end
    streams[name] = found
  end
  return found
end
`;

/** Removes events, closes streams: never many events at a time, because \`unpack\` has its limits. */
export const STREAM_CHANGES = `
local tagged = head[5] == '1'
local function untag(id)
  local entry = call('XRANGE', log, id, id)[1]
  local tags = entry and entry[2][14]
  if tags and tags ~= '' then
    for _, tag in ipairs(cjson.decode(tags)) do
      call('ZREM', base .. 'g:' .. tag, id)
    end
  end
end
local function removeevents(name, count)
  local key = base .. 's:' .. name
  while count > 0 do
    local some = math.min(count, 500)
    local ids = call('LRANGE', key, 0, some - 1)
    if tagged then
      for _, id in ipairs(ids) do untag(id) end
    end
    call('XDEL', log, unpack(ids))
    call('LTRIM', key, some, -1)
    count = count - some
  end
end
local function keeplife(name, found)
  if found.state ~= 0 or found.removed ~= 0 then
    call('HSET', life, name, found.state .. ':' .. text(found.removed))
    haslife = true
  elseif haslife then
    call('HDEL', life, name)
  end
end
local function deletestream(name)
  local found = stream(name)
  if found.version == 0 then return end
  removeevents(name, found.version - found.removed)
  found.version, found.state, found.removed = 0, 0, 0
  keeplife(name, found)
end
local function changestream(change)
  local found = stream(change.stream)
  if found.version == 0 then return end
  local first = math.min(change.before, found.version + 1)
  if first - 1 > found.removed then
    removeevents(change.stream, first - 1 - found.removed)
    found.removed = first - 1
  end
  if change.state >= 0 then found.state = change.state end
  keeplife(change.stream, found)
end
`;

/** Appends events: an entry of the log with the position as its id, and the position to the stream's list. */
export const APPEND = `
local function append(name, events)
  local found = stream(name)
  local count = #events
  local positions = {}
  for index = 1, count do
    local event = events[index]
    position = position + 1
    found.version = found.version + 1
    positions[index] = text(position)
    local id = positions[index] .. '-0'
    local when = event.at == '' and text(now) or event.at
    if event.tags ~= '' then
      call('XADD', log, id, 's', name, 'v', found.version, 't', event.type, 'a', when, 'd', event.data, 'm', event.metadata, 'g', event.tags)
      tagged = true
      for _, tag in ipairs(cjson.decode(event.tags)) do
        call('ZADD', base .. 'g:' .. tag, position, positions[index])
      end
    elseif event.metadata ~= '' then
      call('XADD', log, id, 's', name, 'v', found.version, 't', event.type, 'a', when, 'd', event.data, 'm', event.metadata)
    else
      call('XADD', log, id, 's', name, 'v', found.version, 't', event.type, 'a', when, 'd', event.data)
    end
  end
  for from = 1, count, 500 do
    call('RPUSH', base .. 's:' .. name, unpack(positions, from, math.min(from + 499, count)))
  end
  return found.version
end
`;
