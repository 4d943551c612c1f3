package main

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"strings"
)

// redisCLI is the tool that people type commands into. It is a process for each
// request, so that its callers are processes and it is always connected anew.
func redisCLI(options ...string) library {
	return library{"shell", "redis-cli", "(nil)", redisCLIVersion, func(address string) (client, error) {
		host, port, err := net.SplitHostPort(address)
		// What it prints on a terminal: types are told apart, bytes are escaped.
		c := redisCLIClient{append(options, "-h", host, "-p", port, "--no-raw")}
		return c, err
	}}
}

func redisCLIVersion() (string, error) {
	out, err := exec.Command("redis-cli", "--version").Output()
	if err != nil {
		return "", fmt.Errorf("redis-cli --version: %w", err)
	}
	words := strings.Fields(string(out)) // redis-cli 7.0.15 (git:...)
	if len(words) < 2 {
		return "", fmt.Errorf("redis-cli --version: %q", out)
	}
	return words[1], nil
}

type redisCLIClient struct{ options []string }

// call gives the words as arguments, or where a shell could not, on stdin.
func (c redisCLIClient) call(words []string) string {
	for _, w := range words {
		if strings.ContainsFunc(w, func(r rune) bool { return r < ' ' }) {
			return c.pipeline([][]string{words})[0]
		}
	}
	return c.run(1, "", words)[0]
}

// pipeline gives redis-cli all commands as lines of its input. It does not send
// them together: only redis-cli --pipe does, which shows no replies.
func (c redisCLIClient) pipeline(commands [][]string) []string {
	var lines strings.Builder
	for _, words := range commands {
		for _, w := range words {
			lines.WriteString(quote(w) + " ")
		}
		lines.WriteByte('\n')
	}
	return c.run(len(commands), lines.String(), nil)
}

// run gives as many replies as there were commands.
func (c redisCLIClient) run(commands int, input string, words []string) []string {
	cmd := exec.Command("redis-cli", append(c.options[:len(c.options):len(c.options)], words...)...)
	cmd.Stdin = strings.NewReader(input)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	replies := parsePrinted(string(out))
	if err != nil || len(replies) != commands {
		replies = replies[:0]
		for range commands {
			replies = append(replies, failed(fmt.Errorf("%v: %s%s", err, stderr.String(), out)))
		}
	}
	return replies
}

// quote writes a word so that redis-cli reads it from its input as it was.
func quote(word string) string {
	var b strings.Builder
	for _, c := range []byte(word) {
		if c <= ' ' || c > '~' || c == '"' || c == '\\' {
			fmt.Fprintf(&b, `\x%02x`, c)
		} else {
			b.WriteByte(c)
		}
	}
	return `"` + b.String() + `"`
}
