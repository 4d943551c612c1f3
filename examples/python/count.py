"""Counts the number in FILE up by one, under a lock on RESOURCE:

    python3 count.py jobs:42 /tmp/counter
"""

import os
import re
import secrets
import signal
import sys
import threading
import time

import redis

TTL = 3  # seconds that a crash of the holder keeps the others out


class Held(Exception):
    code = os.EX_TEMPFAIL

    def __str__(self):
        return "held by another, try again later"


class Lost(Exception):
    code = os.EX_SOFTWARE

    def __str__(self):
        return "the lock was lost before the task had ended"


class Lock:
    """Holds a resource during a with block, extending the lock all the while."""

    def __init__(self, proxy, resource):
        self.proxy, self.resource = proxy, resource

    def __enter__(self):
        self.token = secrets.token_hex(16)  # who knows it can release the lock
        sent = time.monotonic()
        grant = self.proxy.execute_command("LOCK", self.resource, TTL * 1000, "TOKEN", self.token)
        if grant is None:
            raise Held
        self.until = sent + grant[1] / 1000
        self.done = threading.Event()
        self.keeper = threading.Thread(target=self._keep, daemon=True)
        self.keeper.start()
        return self

    def check(self):
        """Call it before each act that needs the lock."""
        if time.monotonic() >= self.until:
            raise Lost

    def __exit__(self, kind, error, trace):
        lost = time.monotonic() >= self.until
        self.done.set()
        self.keeper.join()
        try:
            lost |= self.proxy.execute_command("UNLOCK", self.resource, self.token) == 0
        except redis.RedisError as e:
            print(f"{self.resource} is not released and ends with its ttl: {e}", file=sys.stderr)
        if lost and kind is None:
            raise Lost

    def _keep(self):
        while not self.done.wait(TTL / 3):
            sent = time.monotonic()
            try:
                validity = self.proxy.execute_command("EXTEND", self.resource, self.token, TTL * 1000)
            except redis.RedisError:
                continue  # nobody could tell: what was granted before still stands
            self.until = sent + validity / 1000  # 0: lost


def count(file, lock):
    with open(file) as f:
        n = int(f.read())
    time.sleep(0.05)  # the work
    lock.check()
    with open(file, "w") as f:
        print(n + 1, file=f)


def main(resource, file):
    host, _, port = os.environ.get("REDLOCK_PROXY", "127.0.0.1:7379").rpartition(":")
    # By default redis-py waits for ever (since 8.0: 5 s, and then asks again,
    # which is safe with a TOKEN). To wait with LOCK ... BLOCK ms (not in this
    # version), use another client with a socket_timeout above ms.
    proxy = redis.Redis(host, int(port), socket_timeout=1, socket_connect_timeout=1)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that __exit__ runs
    try:
        with Lock(proxy, resource) as lock:
            count(file, lock)
    except (Held, Lost) as e:
        print(f"{resource}: {e}", file=sys.stderr)
        sys.exit(e.code)
    except redis.ResponseError as e:
        if not re.match("(NOQUORUM|TOOLATE|LEAVING|LIMIT) ", str(e)):
            raise
        print(f"{resource}: {e}", file=sys.stderr)
        sys.exit(os.EX_UNAVAILABLE)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit("usage: count.py RESOURCE FILE")
    main(*sys.argv[1:])
