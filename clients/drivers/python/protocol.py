"""The lines between a driver and the test, see doc.go."""

import sys


def serve(client, name, version):
    """Answers requests until there are no more.

    client has call, pipeline and callers, which return what the library
    returns, and error_replies: the exceptions it makes of error replies.
    """
    say("\t".join(("ready", "Python", name, version, "None")))
    for line in sys.stdin:
        say(written(answer(client, *line.split()), client.error_replies))


def say(line):
    print(line, flush=True)


def answer(client, kind, *words):
    try:
        if kind == "call":
            return client.call(command(words))
        if kind == "pipeline":
            lines = " ".join(words).split(";")
            return client.pipeline([command(line.split()) for line in lines])
        return client.callers(int(words[0]), command(words[1:]))
    except Exception as failure:
        return failure


def command(words):
    return [b"" if word == "-" else bytes.fromhex(word) for word in words]


def written(reply, error_replies):
    def items(values):
        return "(" + " ".join(written(v, error_replies) for v in values) + ")"

    if reply is None:
        return "n"
    if isinstance(reply, int):
        return "i%d" % reply
    if isinstance(reply, bytes):
        return "s" + reply.hex()
    if isinstance(reply, str):
        return "s" + reply.encode().hex()
    if isinstance(reply, Exception):
        letter = "e" if isinstance(reply, error_replies) else "x"
        return letter + str(reply).encode().hex()
    if isinstance(reply, dict):
        return "m" + items(value for pair in reply.items() for value in pair)
    return "a" + items(reply)
