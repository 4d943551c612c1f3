<?php
// phpredis, the extension.
require __DIR__ . '/protocol.php';

class Client
{
    private Redis $redis;

    public function __construct(private string $host, private int $port)
    {
        $this->redis = new Redis();
        $this->redis->connect($host, $port);
    }

    public function call(array $command)
    {
        return $this->again(function () use ($command) {
            $this->redis->clearLastError();
            $reply = $this->redis->rawCommand(...$command);
            if ($reply === false && $this->redis->getLastError() !== null) {
                throw new ErrorReply($this->redis->getLastError());
            }
            return $this->orNull($reply);
        });
    }

    // In a pipeline an error reply is false, and nothing more is said of it.
    public function pipeline(array $commands)
    {
        return $this->again(function () use ($commands) {
            $pipeline = $this->redis->multi(Redis::PIPELINE);
            foreach ($commands as $command) {
                $pipeline->rawCommand(...$command);
            }
            return array_map([$this, 'orNull'], $pipeline->exec());
        });
    }

    // It reconnects by itself, but not any more after it has once failed to.
    private function again(callable $run)
    {
        try {
            if (!$this->redis->isConnected()) {
                $this->redis->connect($this->host, $this->port);
            }
            return $run();
        } catch (RedisException $lost) {
            $this->redis->close();
            throw $lost;
        }
    }

    // Redis' null for an array is an empty array here, that for a string false.
    private function orNull($reply)
    {
        return $reply === [] || $reply === false ? null : $reply;
    }
}

[$host, $port] = array_slice($argv, -2);
serve(fn () => new Client($host, (int) $port), 'phpredis', phpversion('redis'), '[]');
