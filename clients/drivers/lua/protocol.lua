-- The lines between a driver and the test, see doc.go.
local protocol = {}

local function bytes(word)
  local byte = function(hex) return string.char(tonumber(hex, 16)) end
  return word == '-' and '' or (word:gsub('%x%x', byte))
end

local function hex(text)
  return (text:gsub('.', function(c) return ('%02x'):format(c:byte()) end))
end

local function command(words)
  local all = {}
  for word in words:gmatch('%S+') do
    all[#all + 1] = bytes(word)
  end
  return all
end

-- array writes the replies of a list that may have nil in it.
local function array(replies, count)
  local items = {}
  for i = 1, count do
    items[i] = protocol.written(replies[i])
  end
  return 'a(' .. table.concat(items, ' ') .. ')'
end

function protocol.written(reply)
  local kind = type(reply)
  if kind == 'nil' then return 'n' end
  if kind == 'boolean' then return 'i1' end -- redis-lua has true for OK.
  if kind == 'number' then return ('i%d'):format(reply) end
  if kind == 'string' then return 's' .. hex(reply) end
  if reply.failure then
    local refused = reply.failure:match('redis error: (.*)')
    return refused and 'e' .. hex(refused) or 'x' .. hex(reply.failure)
  end
  return array(reply, reply.count or #reply)
end

-- protocol.attempt gives what the function returns, or the error that it ends
-- with as a reply.
function protocol.attempt(run, ...)
  local ok, reply = pcall(run, ...)
  if ok then return reply end
  return protocol.failure(reply)
end

function protocol.failure(message)
  return { failure = tostring(message) }
end

local function answer(client, line)
  local kind, words = line:match('^(%a+) (.*)$')
  if kind == 'call' then
    return client:call(command(words))
  elseif kind == 'callers' then
    local count, rest = words:match('^(%d+) (.*)$')
    return client:callers(tonumber(count), command(rest))
  end
  local commands = {}
  for part in words:gmatch('[^;]+') do
    commands[#commands + 1] = command(part)
  end
  return client:pipeline(commands)
end

-- protocol.serve answers requests until there are no more. The client has call,
-- pipeline and callers, which return what the library returns; a list says in
-- count how long it is.
function protocol.serve(client, name, version)
  io.stdout:setvbuf('no')
  print(table.concat({ 'ready', 'Lua', name, version, 'nil' }, '\t'))
  for line in io.lines() do
    print(protocol.written(protocol.attempt(answer, client, line)))
  end
end

return protocol
