# Counts the number in FILE up by one, under a lock on RESOURCE:
#
#   ruby count.rb jobs:42 /tmp/counter

require "redis"
require "securerandom"

TTL = 5000 # ms; longer than the task ever takes, for nothing extends the lock

class Held < StandardError; end
class Lost < StandardError; end

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :float_millisecond)

# with_lock runs the block while it holds resource.
def with_lock(proxy, resource, ttl)
  token = SecureRandom.hex(16) # a secret: who knows it can release the lock
  sent = now
  _, validity = proxy.call("LOCK", resource, ttl, "TOKEN", token)
  raise Held, "held by another, try again later" unless validity

  begin
    yield
  ensure
    late = now >= sent + validity
    begin
      gone = proxy.call("UNLOCK", resource, token).zero?
    rescue Redis::BaseError => e
      warn "#{resource} is not released and ends with its ttl: #{e.message}"
    end
  end
  raise Lost, "the lock was lost before the task had ended" if late || gone
end

def count(file)
  n = Integer(File.read(file).strip)
  sleep 0.05 # the work
  File.write(file, "#{n + 1}\n")
end

abort "usage: count.rb RESOURCE FILE" unless ARGV.size == 2
resource, file = ARGV
host, _, port = ENV.fetch("REDLOCK_PROXY", "127.0.0.1:7379").rpartition(":")
# By default this client waits 5 s (since 5.0: 1 s) and then asks once more, which
# is safe with a TOKEN. To wait with LOCK ... BLOCK ms (not in this version), use
# another client with a timeout above ms.
proxy = Redis.new(host: host, port: port.to_i, timeout: 1)
begin
  with_lock(proxy, resource, TTL) { count(file) }
rescue Held => e
  warn "#{resource}: #{e.message}"
  exit 75
rescue Lost => e
  warn "#{resource}: #{e.message}"
  exit 70
rescue Redis::CommandError => e
  raise unless e.message.start_with?("NOQUORUM ", "TOOLATE ", "LEAVING ", "LIMIT ")

  warn "#{resource}: #{e.message}"
  exit 69
end
