import { script } from './script.js';

/**
 * A value is one text: a head in JSON (until when it is fresh; the tags, each with its mark), a new line, the payload.
 * A tag is a key that holds a mark. A value counts while its tags have the marks they had when it was written, so removing
 * a tag is deleting one key.
 *
 * A flight is a key that holds its owner and the marks of the tags at its beginning.
 */
const CACHE = `
local key = base .. ':cache:' .. ARGV[1]
local flight = base .. ':flight:' .. ARGV[1]
local function tagKey(tag)
  return base .. ':tag:' .. tag
end
-- Whether these tags, each followed by its mark, still have their marks.
local function holds(marks)
  for index = 1, #marks, 2 do
    if call('GET', tagKey(marks[index])) ~= marks[index + 1] then
      return false
    end
  end
  return true
end
-- The tags, each followed by its mark, which lives at least so long.
local function marksOf(tags, mark, life)
  local marks = {}
  for _, tag in ipairs(tags) do
    local known = call('GET', tagKey(tag))
    if not known then
      known = mark
      call('SET', tagKey(tag), mark, 'PX', life)
    elseif call('PTTL', tagKey(tag)) < life then
      call('PEXPIRE', tagKey(tag), life)
    end
    table.insert(marks, tag)
    table.insert(marks, known)
  end
  return marks
end
-- 1 for a fresh value, 0 for a stale one, and the payload; nothing when there is none.
local function read()
  local value = call('GET', key)
  if not value then
    return nil
  end
  local stop = string.find(value, '\\n', 1, true)
  local head = cjson.decode(string.sub(value, 1, stop - 1))
  if not holds(head[2]) then
    call('DEL', key)
    return nil
  end
  return { now < head[1] and 1 or 0, string.sub(value, stop + 1) }
end
local function write(marks, ttl, stale, payload)
  local head = cjson.encode({ now + ttl, marks })
  call('SET', key, head .. '\\n' .. payload, 'PX', ttl + stale)
end
local function land()
  call('DEL', flight)
  call('PUBLISH', base .. ':landed', ARGV[1])
end
`;

/** Given: key. Answers 1 (fresh) or 0 and the payload, or nothing. */
export const READ_CACHE = script(`${CACHE}
return read()
`);

/** Given: key, payload, milliseconds fresh, milliseconds stale, tags as JSON, a mark for tags that have none. */
export const WRITE_CACHE = script(`${CACHE}
local ttl, stale = tonumber(ARGV[3]), tonumber(ARGV[4])
write(marksOf(cjson.decode(ARGV[5]), ARGV[6], ttl + stale), ttl, stale, ARGV[2])
land()
return 1
`);

/** Given: key. Answers 1, or 0 when there was nothing. */
export const REMOVE_CACHE = script(`${CACHE}
local found = read()
call('DEL', key)
land()
return found and 1 or 0
`);

/** Given: tag. */
export const REMOVE_TAG = script(`
return call('DEL', base .. ':tag:' .. ARGV[1])
`);

/**
 * Given: key, owner, milliseconds of the lease, tags as JSON. Answers 1 and the payload of a fresh value; 2 to whoever may
 * make one; 3 and the milliseconds after which to ask again.
 */
export const BEGIN_FLIGHT = script(`${CACHE}
local found = read()
if found and found[1] == 1 then
  return { 1, found[2] }
end
local known = call('GET', flight)
local lease = tonumber(ARGV[3])
if known and cjson.decode(known)[1] ~= ARGV[2] then
  return { 3, math.max(1, call('PTTL', flight)) }
end
if not known then
  -- Longer than the lease: a tag must not lose its mark by itself before the landing.
  local marks = marksOf(cjson.decode(ARGV[4]), ARGV[2], lease * 2)
  call('SET', flight, cjson.encode({ ARGV[2], marks }), 'PX', lease)
end
return { 2 }
`);

/** Given: key, owner, payload, milliseconds fresh, milliseconds stale. Answers 0 when the value must not be kept. */
export const LAND_FLIGHT = script(`${CACHE}
local known = call('GET', flight)
if not known then
  return 0
end
local begun = cjson.decode(known)
if begun[1] ~= ARGV[2] then
  return 0
end
local kept = 0
if holds(begun[2]) then
  local ttl, stale = tonumber(ARGV[4]), tonumber(ARGV[5])
  local tags = {}
  for index = 1, #begun[2], 2 do
    table.insert(tags, begun[2][index])
  end
  write(marksOf(tags, ARGV[2], ttl + stale), ttl, stale, ARGV[3])
  kept = 1
end
land()
return kept
`);

/** Given: key, owner. */
export const ABANDON_FLIGHT = script(`${CACHE}
local known = call('GET', flight)
if known and cjson.decode(known)[1] == ARGV[2] then
  land()
end
return 1
`);
