"""redis.asyncio, the other half of redis-py, with code of its own."""

import asyncio
import sys

import redis.asyncio

import protocol


class Client:
    error_replies = (redis.ResponseError, redis.AuthenticationError)

    def __init__(self, host, port, loop):
        self.redis = redis.asyncio.Redis(host=host, port=port)
        self.run = loop.run_until_complete
        self.run(self.redis.ping())

    def call(self, command):
        return self.run(self.redis.execute_command(*command))

    def pipeline(self, commands):
        # The default wraps the commands in MULTI.
        pipe = self.redis.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        return self.run(pipe.execute(raise_on_error=False))

    def callers(self, n, command):
        async def gathered():
            calls = (self.redis.execute_command(*command) for _ in range(n))
            return await asyncio.gather(*calls, return_exceptions=True)

        return self.run(gathered())


if __name__ == "__main__":
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    client = Client(sys.argv[1], int(sys.argv[2]), loop)
    protocol.serve(client, "redis.asyncio", redis.__version__)
    loop.run_until_complete(client.redis.close())
