"""redis-py, whose pool gives each thread a connection of its own."""

import sys
import threading

import redis

import protocol


class Client:
    # The second is no ResponseError, as a connection without it is of no use.
    error_replies = (redis.ResponseError, redis.AuthenticationError)

    def __init__(self, host, port):
        self.redis = redis.Redis(host=host, port=port)
        self.redis.ping()

    def call(self, command):
        return self.redis.execute_command(*command)

    def pipeline(self, commands):
        # The default wraps the commands in MULTI.
        pipe = self.redis.pipeline(transaction=False)
        for command in commands:
            pipe.execute_command(*command)
        return pipe.execute(raise_on_error=False)

    def callers(self, n, command):
        replies = [None] * n
        together = threading.Barrier(n)

        def caller(i):
            together.wait()
            try:
                replies[i] = self.call(command)
            except Exception as failure:
                replies[i] = failure

        threads = [threading.Thread(target=caller, args=(i,)) for i in range(n)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return replies


if __name__ == "__main__":
    client = Client(sys.argv[1], int(sys.argv[2]))
    protocol.serve(client, "redis-py", redis.__version__)
