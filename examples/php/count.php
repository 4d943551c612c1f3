<?php
// Counts the number in FILE up by one, under a lock on RESOURCE:
//
//   php count.php jobs:42 /tmp/counter

const TTL = 5000; // ms; longer than the task ever takes, for nothing extends the lock

class Held extends Exception {}
class Lost extends Exception {}

/**
 * Runs the task while it holds the resource. A fatal error or a signal skips
 * finally: then the lock ends with its ttl.
 */
function with_lock(Redis $proxy, string $resource, int $ttl, callable $task): mixed
{
    $token = bin2hex(random_bytes(16)); // a secret: who knows it can release the lock
    $sent = hrtime(true);
    $grant = ask($proxy, 'LOCK', $resource, $ttl, 'TOKEN', $token);
    if (!$grant) { // phpredis makes an empty array of null
        throw new Held('held by another, try again later');
    }
    $until = $sent + $grant[1] * 1_000_000;

    try {
        $result = $task();
    } finally {
        $lost = hrtime(true) >= $until;
        try {
            $lost = ask($proxy, 'UNLOCK', $resource, $token) === 0 || $lost;
        } catch (RedisException $e) {
            fwrite(STDERR, "$resource is not released and ends with its ttl: {$e->getMessage()}\n");
        }
    }
    if ($lost) {
        throw new Lost('the lock was lost before the task had ended');
    }
    return $result;
}

/** phpredis throws some error replies and returns false for others. */
function ask(Redis $proxy, string|int ...$command): mixed
{
    $reply = $proxy->rawCommand(...$command);
    return $reply === false ? throw new RedisException($proxy->getLastError() ?? 'no answer') : $reply;
}

function count_up(string $file): void
{
    $n = file_get_contents($file);
    if (!is_numeric($n)) {
        throw new RuntimeException("$file is not a number");
    }
    usleep(50_000); // the work
    file_put_contents($file, $n + 1 . "\n");
}

if ($argc != 3) {
    fwrite(STDERR, "usage: count.php RESOURCE FILE\n");
    exit(64);
}
[, $resource, $file] = $argv;
[$host, $port] = explode(':', getenv('REDLOCK_PROXY') ?: '127.0.0.1:7379');
$proxy = new Redis();
try {
    // By default phpredis waits 60 s for an answer, and never sends a command
    // twice. To wait with LOCK ... BLOCK ms (not in this version), set
    // Redis::OPT_READ_TIMEOUT above ms.
    $proxy->connect($host, (int) $port, 1, null, 0, 1);
    with_lock($proxy, $resource, TTL, fn () => count_up($file));
} catch (Throwable $e) { // a stack trace can show half of the token
    fwrite(STDERR, "$resource: {$e->getMessage()}\n");
    exit(match (true) {
        $e instanceof Held => 75,
        $e instanceof Lost => 70,
        (bool) preg_match('/^(NOQUORUM|TOOLATE|LEAVING|LIMIT) /', $e->getMessage()) => 69,
        default => 1,
    });
}
