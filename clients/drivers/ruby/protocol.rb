# The lines between a driver and the test, see doc.go.
module Protocol
  # Answers requests until there are no more. The client has call, pipeline and
  # callers, which return what the library returns, and error_replies: the
  # exceptions it makes of error replies.
  def self.serve(client, name, version)
    $stdout.sync = true
    puts ["ready", "Ruby", name, version, "nil"].join("\t")
    $stdin.each_line do |line|
      puts written(answer(client, *line.split), client.error_replies)
    end
  end

  def self.answer(client, kind, *words)
    case kind
    when "call" then client.call(command(words))
    when "pipeline"
      client.pipeline(words.join(" ").split(";").map { |c| command(c.split) })
    else client.callers(Integer(words[0]), command(words[1..]))
    end
  rescue StandardError => e
    e
  end

  def self.command(words)
    words.map { |word| word == "-" ? "" : [word].pack("H*") }
  end

  def self.written(reply, error_replies)
    items = ->(all) { "(#{all.map { |v| written(v, error_replies) }.join(' ')})" }
    case reply
    when nil then "n"
    when Integer then "i#{reply}"
    when String then "s#{hex(reply)}"
    when *error_replies then "e#{hex(reply.message)}"
    when Exception then "x#{hex(reply.message)}"
    when Hash then "m#{items.call(reply.flatten(1))}"
    else "a#{items.call(reply)}"
    end
  end

  def self.hex(text)
    text.unpack1("H*")
  end
end
