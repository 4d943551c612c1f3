// The driver of the clients that Go has, and of redis-cli, which has no language
// of its own: driver CLIENT HOST PORT. The protocol is that of package clients.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
)

// client is a library at work. Its methods give replies as the protocol writes
// them, see reply.go.
type client interface {
	// call is used by many goroutines at once.
	call(words []string) string
	pipeline(commands [][]string) []string
}

// library is how a client is had.
type library struct {
	language, name, null string
	version              func() (string, error)
	connect              func(address string) (client, error)
}

func libraries() map[string]library {
	return map[string]library{
		"go-redis":     goRedis(),
		"radix":        radix(),
		"redigo":       redigo(),
		"redis-cli":    redisCLI(),
		"redis-cli -3": redisCLI("-3"),
		"rueidis":      rueidis(),
		"valkey-go":    valkeyGo(),
	}
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: driver CLIENT HOST PORT")
	}
	l, known := libraries()[args[0]]
	if !known {
		return fmt.Errorf("no client is called %q", args[0])
	}
	version, err := l.version()
	if err != nil {
		return err
	}
	c, err := l.connect(net.JoinHostPort(args[1], args[2]))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	fmt.Printf("ready\t%s\t%s\t%s\t%s\n", l.language, l.name, version, l.null)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20) // A pipeline is longer than the default.
	for lines.Scan() {
		answer, err := answer(c, lines.Text())
		if err != nil {
			return err
		}
		fmt.Println(answer)
	}
	return lines.Err()
}
