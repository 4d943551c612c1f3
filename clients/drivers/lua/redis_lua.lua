-- redis-lua, one connection that does not reconnect.
package.path = arg[0]:gsub('[^/]*$', '?.lua;') .. package.path
local redis = require 'redis'
local protocol = require 'protocol'

local Client = {}
Client.__index = Client

function Client.new(host, port)
  local self = setmetatable({ host = host, port = port }, Client)
  self.redis = redis.connect(host, port)
  return self
end

-- again connects first when the last failure left the connection of no use:
-- lost, or with replies of a pipeline in it that nobody has read.
function Client:again(run)
  self.redis = self.redis or redis.connect(self.host, self.port)
  local ok, reply = pcall(run)
  if ok then return reply end
  if not reply:find('redis error: ', 1, true) then self.redis = nil end
  error(reply, 0)
end

function Client:call(command)
  local name = command[1]
  return self:again(function()
    self.redis[name] = redis.command(name)
    return self.redis[name](self.redis, unpack(command, 2))
  end)
end

-- One error reply ends the pipeline, and the others are lost.
function Client:pipeline(commands)
  return self:again(function()
    for _, command in ipairs(commands) do
      self.redis[command[1]] = redis.command(command[1])
    end
    local ok, replies, count = pcall(self.redis.pipeline, self.redis, function(pipe)
      for _, command in ipairs(commands) do
        pipe[command[1]](pipe, unpack(command, 2))
      end
    end)
    if not ok then
      self.redis = nil
      error(replies, 0)
    end
    replies.count = count
    return replies
  end)
end

-- A caller is a coroutine with a connection of its own, which waits between
-- sending and receiving until all have sent.
function Client:callers(count, command)
  local name = command[1]
  local waiting = redis.command(name, {
    request = function(client, ...)
      client.requests.multibulk(client, ...)
      coroutine.yield()
    end,
  })
  local all, replies = {}, { count = count }
  for i = 1, count do
    all[i] = coroutine.create(function()
      local client = redis.connect(self.host, self.port)
      local reply = waiting(client, unpack(command, 2))
      client:quit()
      return reply
    end)
  end
  local function resume(i)
    local ok, reply = coroutine.resume(all[i])
    replies[i] = ok and reply or not ok and protocol.failure(reply) or nil
  end
  for i = 1, count do resume(i) end
  for i = 1, count do
    if coroutine.status(all[i]) == 'suspended' then resume(i) end
  end
  return replies
end

local client = Client.new(arg[#arg - 1], tonumber(arg[#arg]))
protocol.serve(client, 'redis-lua', redis._VERSION:match('%d.*'))
