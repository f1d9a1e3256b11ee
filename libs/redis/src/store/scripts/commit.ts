import { HEAD } from './head.js';
import { CONDITIONS, QUERIES } from './queries.js';
import { RECORD_WRITES, RECORDS } from './records.js';
import { script } from './script.js';
import { APPEND, STREAM_CHANGES, STREAMS } from './streams.js';

/**
 * The number of the group, counted by its client: a group that comes again is answered as the first time, and one that
 * comes late, after a later one, is refused. So a client may send again whenever it lost an answer. It also tells the
 * last group that it has an answer to: a server that does not know it has lost it.
 */
const SESSION = `
local client, group, acknowledged = arg(), arg(), tonumber(arg())
local session = base .. 'w:' .. client
local last = call('HMGET', session, 'group', 'answer')
if tonumber(last[1] or 0) < acknowledged then
  return redis.error_reply('CATGA_LOST commits')
end
if last[1] then
  if last[1] == group then return last[2] end
  if tonumber(last[1]) > tonumber(group) then return redis.error_reply('CATGA_LATE') end
end
`;

/** Arguments into commits. Lists begin with their count; empty text stands for what was left out. */
const PARSE = `
local function list(read)
  local found = {}
  for index = 1, tonumber(arg()) do found[index] = read() end
  return found
end
local function optional()
  return tonumber(arg()) or false
end
local function readcondition() return { query = arg(), after = arg() } end
local function readchange() return { stream = arg(), expected = arg(), before = tonumber(arg()), state = tonumber(arg()) } end
local function readevent() return { type = arg(), at = arg(), data = arg(), metadata = arg(), tags = arg() } end
local function readappend() return { stream = arg(), expected = arg(), events = list(readevent) } end
local function readrecord()
  return {
    collection = arg(), key = arg(), version = optional(), value = arg(), due = optional(), expires = optional(), tags = arg()
  }
end
local function readcommit()
  return {
    id = arg(), conditions = list(readcondition), deletes = list(arg), changes = list(readchange),
    appends = list(readappend), records = list(readrecord)
  }
end
`;

/** What speaks against a commit, before anything is written: a script that stops in the middle has written half. */
const CHECK = `
local function holds(expected, version)
  if expected == 'any' then return true end
  if expected == 'exists' then return version > 0 end
  return tonumber(expected) == version
end
local function checkconditions(conditions)
  for index, condition in ipairs(conditions) do
    local found = firstmatch(condition.query, condition.after)
    if found == true then return 'look' end
    if found then return 'condition:' .. index .. ':' .. text(found) end
  end
end
local function checkstreams(commit)
  local ahead = {}
  local function expected(name)
    if not ahead[name] then
      local found = stream(name)
      ahead[name] = { version = found.version, state = found.state }
    end
    return ahead[name]
  end
  for _, name in ipairs(commit.deletes) do ahead[name] = { version = 0, state = 0 } end
  for index, change in ipairs(commit.changes) do
    local found = expected(change.stream)
    if not holds(change.expected, found.version) then return 'change:' .. index .. ':' .. text(found.version) end
    if found.version > 0 and change.state >= 0 then found.state = change.state end
  end
  for index, each in ipairs(commit.appends) do
    local found = expected(each.stream)
    if #each.events > 0 and found.state > 0 then return 'closed:' .. index .. ':' .. found.state end
    if not holds(each.expected, found.version) then return 'version:' .. index .. ':' .. text(found.version) end
    found.version = found.version + #each.events
  end
end
local function checkrecords(writes)
  local versions = {}
  for index, write in ipairs(writes) do
    local found = record(write.collection, write.key)
    local version = versions[found] or found.version
    if write.version and write.version ~= version then return 'record:' .. index .. ':' .. text(version) end
    versions[found] = write.value == '' and 0 or version + 1
  end
end
`;

/** Applies one commit and tells in one line what became of it. */
const APPLY = `
local touchedstreams, touchedcollections, touched = {}, {}, false
local function touch(names, name)
  names[name] = true
  touched = true
end
local function apply(commit)
  for _, name in ipairs(commit.deletes) do
    deletestream(name)
    touch(touchedstreams, name)
  end
  for _, change in ipairs(commit.changes) do
    changestream(change)
    touch(touchedstreams, change.stream)
  end
  local versions, recordversions = {}, {}
  for index, each in ipairs(commit.appends) do
    versions[index] = text(append(each.stream, each.events))
    if #each.events > 0 then touch(touchedstreams, each.stream) end
  end
  for index, write in ipairs(commit.records) do
    recordversions[index] = text(writerecord(write))
    touch(touchedcollections, write.collection)
  end
  return text(position) .. ':' .. table.concat(versions, ',') .. ':' .. table.concat(recordversions, ',')
end
local function run(commit)
  local idkey = commit.id ~= '' and base .. 'id:' .. commit.id
  local first = idkey and call('GET', idkey)
  if first then return 'repeated:' .. first end
  local refusal = checkconditions(commit.conditions) or checkstreams(commit) or checkrecords(commit.records)
  if refusal then return refusal end
  local answer = apply(commit)
  if idkey then call('SET', idkey, answer, 'EX', 90000) end
  return 'done:' .. answer
end
`;

/** Tells the other clients which names were touched; none when there are too many to tell. */
const PUBLISH = `
local function names(set)
  local found = {}
  for name in pairs(set) do found[#found + 1] = name end
  return #found > 0 and cjson.encode(found) or '[]'
end
local function publish()
  local notice = names(touchedstreams) .. '\\n' .. names(touchedcollections)
  if #notice > 16384 then notice = '' end
  call('PUBLISH', base .. 'commits', client .. '\\n' .. notice)
end
`;

const MAIN = `
local answers = {}
for index = 1, tonumber(arg()) do answers[index] = run(readcommit()) end
sweep()
if touched then publish() end
local answer = table.concat(answers, '\\n')
call('HSET', KEYS[1], 'position', text(position), 'sequence', text(sequence), 'clock', text(now), 'tagged', tagged and 1 or 0)
if call('HSET', session, 'group', group, 'answer', answer) > 0 or tonumber(group) % 100 == 0 then
  call('EXPIRE', session, 86400)
end
return answer
`;

/** Applies a group of commits, each on its own: what one of them is refused for does not touch the others. */
export const COMMIT = script(
  HEAD,
  SESSION,
  STREAMS,
  STREAM_CHANGES,
  APPEND,
  QUERIES,
  CONDITIONS,
  RECORDS,
  RECORD_WRITES,
  PARSE,
  CHECK,
  APPLY,
  PUBLISH,
  MAIN,
);
