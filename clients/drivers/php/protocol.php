<?php
// The lines between a driver and the test, see doc.go.

// ErrorReply is what the server refused. Whatever else is thrown is a failure
// of the client.
class ErrorReply extends Exception
{
}

// serve answers requests until there are no more. $connect gives a client with
// call and pipeline, which return what the library returns.
function serve(callable $connect, string $name, string $version, string $null): void
{
    $client = $connect();
    say(implode("\t", ['ready', 'PHP', $name, $version, $null]));
    while (($line = fgets(STDIN)) !== false) {
        [$kind, $words] = explode(' ', trim($line), 2);
        if ($kind === 'callers') {
            [$count, $words] = explode(' ', $words, 2);
            say(callers((int) $count, $connect, command($words)));
        } elseif ($kind === 'pipeline') {
            $commands = array_map('command', explode(';', $words));
            say(attempt(fn () => $client->pipeline($commands)));
        } else {
            say(attempt(fn () => $client->call(command($words))));
        }
    }
}

function say(string $line): void
{
    fwrite(STDOUT, "$line\n");
}

function command(string $words): array
{
    $bytes = fn ($word) => $word === '-' ? '' : hex2bin($word);
    return array_map($bytes, explode(' ', trim($words)));
}

function attempt(callable $run): string
{
    try {
        return written($run());
    } catch (Throwable $failure) {
        return written($failure);
    }
}

function written($reply): string
{
    if ($reply === null) {
        return 'n';
    }
    if (is_int($reply) || $reply === true) {
        return 'i' . (int) $reply;
    }
    if (is_array($reply)) {
        return 'a(' . implode(' ', array_map('written', $reply)) . ')';
    }
    if ($reply instanceof Throwable) {
        $letter = $reply instanceof ErrorReply ? 'e' : 'x';
        return $letter . bin2hex($reply->getMessage());
    }
    return 's' . bin2hex((string) $reply);
}

// callers runs the command in that many processes, as PHP serves callers. They
// start when the gate is closed, and each writes its answer to a pipe.
function callers(int $count, callable $connect, array $command): string
{
    $pipe = fn () => stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
    [$gate, $shut] = $pipe();
    $answers = [];
    for ($i = 0; $i < $count; $i++) {
        [$mine, $its] = $pipe();
        if (pcntl_fork() === 0) {
            fclose($shut);
            fwrite($its, attempt(function () use ($connect, $gate, $command) {
                $caller = $connect();
                fread($gate, 1);
                return $caller->call($command);
            }));
            posix_kill(getmypid(), SIGKILL); // The parent's client is not ours to end.
        }
        fclose($its);
        $answers[] = $mine;
    }
    fclose($gate);
    fclose($shut);
    $all = implode(' ', array_map('stream_get_contents', $answers));
    while (pcntl_wait($status) > 0) {
    }
    return "a($all)";
}
