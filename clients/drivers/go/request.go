package main

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

// answer does what a line asks for.
func answer(c client, line string) (string, error) {
	verb, rest, _ := strings.Cut(line, " ")
	many := 0
	if verb == "callers" {
		var count string
		var err error
		count, rest, _ = strings.Cut(rest, " ")
		if many, err = strconv.Atoi(count); err != nil {
			return "", fmt.Errorf("%q: %w", line, err)
		}
	}
	commands, err := parse(rest)
	if err != nil {
		return "", fmt.Errorf("%q: %w", line, err)
	}
	switch verb {
	case "call":
		return c.call(commands[0]), nil
	case "pipeline":
		return array(c.pipeline(commands)), nil
	case "callers":
		return array(callers(c, many, commands[0])), nil
	}
	return "", fmt.Errorf("unknown request %q", line)
}

// callers share the client, as goroutines do.
func callers(c client, many int, words []string) []string {
	replies := make([]string, many)
	var all sync.WaitGroup
	for i := range replies {
		all.Go(func() { replies[i] = c.call(words) })
	}
	all.Wait()
	return replies
}

// parse reads commands with ; between.
func parse(text string) ([][]string, error) {
	var commands [][]string
	for one := range strings.SplitSeq(text, " ; ") {
		var words []string
		for word := range strings.SplitSeq(one, " ") {
			raw, err := hex.DecodeString(strings.TrimPrefix(word, "-"))
			if err != nil {
				return nil, err
			}
			words = append(words, string(raw))
		}
		commands = append(commands, words)
	}
	return commands, nil
}
