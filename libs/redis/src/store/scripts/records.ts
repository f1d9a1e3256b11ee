/**
 * Records: in a hash for each collection, under \`h\` and the key what is about the record, under \`v\` and the key its value.
 * Sorted sets find them: \`o\` all of a collection by their number in the order of creation, \`t\` those with a tag likewise,
 * \`d\` by due time and then number, \`x\` those of all collections by expiry.
 */
export const RECORDS = `
local function headerof(collection, key)
  local packed = call('HGET', base .. 'r:' .. collection, 'h' .. key)
  return packed and cmsgpack.unpack(packed)
end
local function tagkey(collection, tag)
  return base .. 't:' .. #collection .. ':' .. collection .. ':' .. tag
end
`;

/** Writing records. Whoever has expired is not there, but has to be cleared away before his key is written again. */
export const RECORD_WRITES = `
local sequence = tonumber(head[3])
local records = {}
local function record(collection, key)
  local known = records[collection]
  if not known then
    known = {}
    records[collection] = known
  end
  local found = known[key]
  if not found then
    found = { collection = collection, key = key, version = 0, saved = false, tags = '', due = false, expires = false }
    local header = headerof(collection, key)
    if header then
      found.saved = true
      found.version, found.sequence, found.created = header[1], header[2], header[3]
      found.due, found.expires, found.tags = header[5], header[6], header[7]
      if found.expires and found.expires <= now then found.version = 0 end
    end
    known[key] = found
  end
  return found
end
local function duemember(found)
  return string.format('%016.0f', found.sequence) .. found.key
end
local function expirymember(found)
  return #found.collection .. ':' .. found.collection .. found.key
end
local function taglist(json)
  return json == '' and {} or cjson.decode(json)
end
local function settags(found, json)
  if found.tags == json then return end
  local former, new = {}, {}
  for _, tag in ipairs(taglist(found.tags)) do former[tag] = true end
  for _, tag in ipairs(taglist(json)) do
    new[tag] = true
    if not former[tag] then call('ZADD', tagkey(found.collection, tag), text(found.sequence), found.key) end
  end
  for tag in pairs(former) do
    if not new[tag] then call('ZREM', tagkey(found.collection, tag), found.key) end
  end
  found.tags = json
end
local function setdue(found, due)
  if found.due == due then return end
  if due then
    call('ZADD', base .. 'd:' .. found.collection, text(due), duemember(found))
  else
    call('ZREM', base .. 'd:' .. found.collection, duemember(found))
  end
  found.due = due
end
local function setexpiry(found, expires)
  if found.expires == expires then return end
  if expires then
    call('ZADD', base .. 'x', text(expires), expirymember(found))
  else
    call('ZREM', base .. 'x', expirymember(found))
  end
  found.expires = expires
end
local function removerecord(found)
  settags(found, '')
  setdue(found, false)
  setexpiry(found, false)
  call('ZREM', base .. 'o:' .. found.collection, found.key)
  call('HDEL', base .. 'r:' .. found.collection, 'h' .. found.key, 'v' .. found.key)
  found.saved, found.version = false, 0
end
local function writerecord(write)
  local found = record(write.collection, write.key)
  if found.saved and (found.version == 0 or write.value == '') then removerecord(found) end
  if write.value == '' then return 0 end
  if not found.saved then
    sequence = sequence + 1
    found.saved, found.sequence, found.created = true, sequence, now
    call('ZADD', base .. 'o:' .. write.collection, text(sequence), write.key)
  end
  found.version = found.version + 1
  settags(found, write.tags)
  setdue(found, write.due)
  setexpiry(found, write.expires)
  local header = cmsgpack.pack({ found.version, found.sequence, found.created, now, write.due, write.expires, write.tags })
  call('HSET', base .. 'r:' .. write.collection, 'h' .. write.key, header, 'v' .. write.key, write.value)
  return found.version
end
local function sweep()
  for _, member in ipairs(call('ZRANGEBYSCORE', base .. 'x', '-inf', text(now), 'LIMIT', 0, 20)) do
    local length, rest = string.match(member, '^(%d+):(.*)$')
    local found = record(string.sub(rest, 1, length), string.sub(rest, length + 1))
    if found.saved then removerecord(found) end
  end
end
`;
