"""Asks whatever it is told to, and any proxy that answers.

    fleet.py FIRST PROXY,PROXY

Each line of stdin is a command, a list in JSON; each line of stdout its reply,
with what the proxies said that did not answer it.
"""

import json
import sys

import redis


class Fleet:
    """All proxies, each as good as the others."""

    def __init__(self, addresses, client=redis.Redis):
        self.proxies = []
        for address in addresses:
            host, _, port = address.rpartition(":")
            # socket_timeout is longer than any BLOCK.
            self.proxies.append(client(host, int(port), socket_timeout=5, socket_connect_timeout=1))
        self.current = 0

    def ask(self, *words):
        """Sends a command to one proxy after the other until one has answered.
        That is safe for LOCK with TOKEN, for EXTEND and for UNLOCK."""
        for _ in range(2 * len(self.proxies)):
            try:
                return self.proxies[self.current].execute_command(*words)
            except (redis.ConnectionError, redis.TimeoutError) as e:
                error = e
            except redis.ResponseError as e:
                if not str(e).startswith("LEAVING "):
                    raise
                error = e
            self.current = (self.current + 1) % len(self.proxies)
        raise error


class Told(redis.Redis):
    """A client that notes what goes wrong."""

    failures = []

    def execute_command(self, *words, **options):
        try:
            return super().execute_command(*words, **options)
        except redis.RedisError as e:
            self.failures.append(str(e))
            raise


def main(first, proxies):
    fleet = Fleet(proxies.split(","), Told)
    fleet.current = int(first) % len(fleet.proxies)
    for line in sys.stdin:
        answer = {}
        Told.failures = []
        try:
            answer["Reply"] = fleet.ask(*json.loads(line))
        except redis.RedisError as e:
            answer["Error"] = str(e)
        answer["Failures"] = Told.failures
        print(json.dumps(answer, default=bytes.decode), flush=True)


main(*sys.argv[1:])
