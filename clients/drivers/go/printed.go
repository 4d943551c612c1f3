package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// parsePrinted reads what redis-cli printed for one command or more: a line for
// each reply, and for an array one for each element, which may not be an array.
func parsePrinted(out string) []string {
	element := regexp.MustCompile(`^ *(\d+)\) (.*)$`)
	var replies, items []string
	flush := func() {
		if items != nil {
			replies, items = append(replies, array(items)), nil
		}
	}
	for line := range strings.Lines(out) {
		line = strings.TrimSuffix(line, "\n")
		m := element.FindStringSubmatch(line)
		if m == nil || m[1] == "1" {
			flush()
		}
		switch {
		case m != nil:
			items = append(items, printed(m[2]))
		case line != "" && !isDuration(line):
			replies = append(replies, printed(line))
		}
	}
	flush()
	return replies
}

// isDuration tells the line that redis-cli adds to a reply that took long.
func isDuration(line string) bool {
	return regexp.MustCompile(`^\(\d+\.\d\ds\)$`).MatchString(line)
}

// printed reads one line without an array's number.
func printed(line string) string {
	switch kind, rest, _ := strings.Cut(line, " "); {
	case line == "(nil)":
		return null
	case line == "(empty array)":
		return array(nil)
	case kind == "(integer)":
		return "i" + rest
	case kind == "(error)":
		return refused(rest)
	case strings.HasPrefix(line, `"`):
		s, err := unquote(line)
		if err != nil {
			return failed(err)
		}
		return text(s)
	}
	return text(line) // a status like PONG, or a text like that of CLIENT INFO
}

// unquote reads the quotes of redis-cli.
func unquote(line string) (string, error) {
	inside, ended := strings.CutSuffix(strings.TrimPrefix(line, `"`), `"`)
	if !ended {
		return "", fmt.Errorf("no end to %s", line)
	}
	named := strings.NewReplacer("n", "\n", "r", "\r", "t", "\t", "a", "\a", "b", "\b")
	var b strings.Builder
	for i := 0; i < len(inside); i++ {
		switch {
		case inside[i] != '\\':
			b.WriteByte(inside[i])
		case i+3 < len(inside) && inside[i+1] == 'x':
			n, err := strconv.ParseUint(inside[i+2:i+4], 16, 8)
			if err != nil {
				return "", fmt.Errorf("unquote %s: %w", line, err)
			}
			b.WriteByte(byte(n))
			i += 3
		case i+1 < len(inside):
			b.WriteString(named.Replace(inside[i+1 : i+2]))
			i++
		}
	}
	return b.String(), nil
}
