# redis-rb, one client that all threads share. A third argument names another of
# its drivers, which is how hiredis-rb is used.
require "redis"
require_relative "protocol"

class Client
  def initialize(options)
    @redis = Redis.new(**options)
    @redis.ping
  end

  def error_replies
    [Redis::CommandError]
  end

  def call(command)
    @redis.call(*command)
  end

  def pipeline(commands)
    @redis.pipelined { |pipe| commands.each { |c| pipe.call(*c) } }
  end

  def callers(count, command)
    ready = Queue.new
    gate = Queue.new
    threads = Array.new(count) do
      Thread.new do
        ready << true
        gate.pop # gives nil when the gate is closed
        call(command)
      rescue StandardError => e
        e
      end
    end
    count.times { ready.pop }
    gate.close
    threads.map(&:value)
  end
end

name = "redis-rb"
version = Redis::VERSION
options = { host: ARGV[-2], port: Integer(ARGV[-1]) }
if ARGV.size == 3
  require "hiredis"
  name = "hiredis-rb"
  version = Hiredis::VERSION
  options[:driver] = ARGV[0].to_sym
end
Protocol.serve(Client.new(options), name, version)
