package clients

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// command is the words of one command.
type command []string

func (c command) hex() string {
	var words []string
	for _, w := range c {
		if w == "" {
			words = append(words, "-")
		} else {
			words = append(words, hex.EncodeToString([]byte(w)))
		}
	}
	return strings.Join(words, " ")
}

// request is a line for the driver, and how we call it.
type request struct{ line, label string }

func call(words ...string) request {
	return request{"call " + command(words).hex(), fmt.Sprintf("call %q", words)}
}

func pipeline(commands []command) request {
	var all []string
	for _, c := range commands {
		all = append(all, c.hex())
	}
	return request{"pipeline " + strings.Join(all, " ; "), fmt.Sprintf("a pipeline of %d", len(commands))}
}

func callers(n int, words ...string) request {
	return request{fmt.Sprintf("callers %d %s", n, command(words).hex()), fmt.Sprintf("%d callers %q", n, words)}
}
