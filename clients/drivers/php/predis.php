<?php
// Predis, which is all PHP.
require __DIR__ . '/protocol.php';
require 'Predis/Autoloader.php';
Predis\Autoloader::register();

class Client
{
    private Predis\Client $redis;

    public function __construct(string $host, int $port)
    {
        $this->redis = new Predis\Client(['host' => $host, 'port' => $port]);
        $this->redis->connect();
    }

    public function call(array $command)
    {
        $reply = $this->redis->executeRaw($command, $isError);
        if ($isError) {
            throw new ErrorReply($reply);
        }
        return $reply;
    }

    public function pipeline(array $commands)
    {
        try {
            return $this->redis->pipeline(function ($pipe) use ($commands) {
                foreach ($commands as $command) {
                    $pipe->executeCommand(new Predis\Command\RawCommand($command));
                }
            });
        } catch (Predis\Response\ServerException $refused) {
            throw new ErrorReply($refused->getMessage());
        }
    }
}

[$host, $port] = array_slice($argv, -2);
serve(fn () => new Client($host, (int) $port), 'Predis', Predis\Client::VERSION, 'null');
