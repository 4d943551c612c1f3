"""Counts up, again and again, under a lock; see doc.go two folders above.

    counter.py PROXY,PROXY RESOURCE NAME SEED file PATH
    counter.py PROXY,PROXY RESOURCE NAME SEED store HOST:PORT
"""

import fcntl
import os
import random
import secrets
import socket
import sys
import time

import redis

TTL = 400  # milliseconds


class File:
    """Every value that was ever written, one a line, and by whom."""

    def __init__(self, path, name):
        self.path, self.name = path, name

    def add(self, grant, work):
        with open(self.path, "r+b", buffering=0) as f:
            fcntl.flock(f, fcntl.LOCK_SH)
            lines = f.read().split(b"\n")
        n = int(lines[-2].split()[0]) if len(lines) > 1 else 0
        work()
        with open(self.path, "r+b", buffering=0) as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            end = f.seek(0, os.SEEK_END)
            if time.monotonic() >= grant.until:
                return
            f.write(b"%d %s\n" % (n + 1, self.name.encode()))
            if time.monotonic() >= grant.until:
                f.truncate(end)


class Store:
    """A server that asks for the fence and looks at no clock."""

    def __init__(self, address, name):
        host, _, port = address.rpartition(":")
        self.lines = socket.create_connection((host, int(port))).makefile("rw")
        self.name = name

    def ask(self, *words):
        print(*words, file=self.lines, flush=True)
        return self.lines.readline().strip()

    def add(self, grant, work):
        n = self.ask("read", grant.fence, self.name)
        if n != "stale":
            work()
            self.ask("write", grant.fence, self.name, int(n) + 1)


class Grant:
    def __init__(self, proxy, resource, words):
        self.proxy, self.resource, self.token = proxy, resource, secrets.token_hex(16)
        sent = time.monotonic()
        told = proxy.execute_command("LOCK", resource, TTL, "TOKEN", self.token, *words)
        self.held = told is not None
        if self.held:
            self.until = sent + told[1] / 1000
            self.fence = told[2] if len(told) > 2 else None

    def extend(self):
        sent = time.monotonic()
        validity = self.proxy.execute_command("EXTEND", self.resource, self.token, TTL)
        self.until = sent + validity / 1000 if validity > 0 else 0

    def release(self):
        self.proxy.execute_command("UNLOCK", self.resource, self.token)


def main(proxies, resource, name, seed, kind, target):
    dice = random.Random(int(seed))
    place = {"file": File, "store": Store}[kind](target, name)
    lines = []
    for address in proxies.split(","):
        host, _, port = address.rpartition(":")
        lines.append(redis.Redis(host, int(port), socket_timeout=2, socket_connect_timeout=1))
    while True:
        time.sleep(dice.uniform(0, 0.03))
        words = ["FENCE"] if kind == "store" else []
        if dice.random() < 0.5:
            words += ["BLOCK", dice.randint(10, 500)]
        try:
            grant = Grant(dice.choice(lines), resource, words)
            if not grant.held:
                continue

            def work():
                time.sleep(dice.uniform(0, 0.02))
                if dice.random() < 0.2:
                    grant.extend()
                if dice.random() < 0.05:
                    time.sleep(dice.uniform(0.3, 0.6))  # it may well be too late now

            place.add(grant, work)
            grant.release()
        except redis.RedisError:
            pass  # nothing was granted, or its end will come


main(*sys.argv[1:])
