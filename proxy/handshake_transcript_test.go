package proxy_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// transcript is what one client sends over a connection and what it must get,
// read from a file. A line of it is one of
//
//	# a note for people
//	password horse       the proxy of this transcript asks for this password
//	> ECHO "a\r\n" b     a command; words in double quotes are Go strings
//	< +OK                the reply that must come: see pattern
//
// Commands that no empty line parts go out in one write. A {word} in a command
// stands for what a pattern before has given that name.
type transcript struct {
	password string
	writes   [][]exchange
}

// exchange is a command and the replies to it.
type exchange struct {
	place   string
	command []string
	replies []pattern
}

func readTranscript(path string) (transcript, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return transcript{}, err
	}
	return parseTranscript(filepath.Base(path), string(text))
}

func parseTranscript(name, text string) (t transcript, err error) {
	var write []exchange
	for i, line := range strings.Split(text+"\n", "\n") {
		place := fmt.Sprintf("%s:%d", name, i+1)
		kind, rest, _ := strings.Cut(line, " ")
		switch kind {
		case "":
			if len(write) > 0 {
				t.writes = append(t.writes, write)
			}
			write = nil
		case "#":
		case "password":
			t.password = rest
		case ">":
			words, err := commandWords(rest)
			if err != nil {
				return t, fmt.Errorf("%s: %w", place, err)
			}
			write = append(write, exchange{place: place, command: words})
		case "<":
			if len(write) == 0 {
				return t, fmt.Errorf("%s: a reply to nothing", place)
			}
			p, err := parsePattern(rest)
			if err != nil {
				return t, fmt.Errorf("%s: %w", place, err)
			}
			last := &write[len(write)-1]
			last.replies = append(last.replies, p)
		default:
			return t, fmt.Errorf("%s: what is %q?", place, line)
		}
	}
	return t, t.check(name)
}

// check finds what would make a transcript test nothing.
func (t transcript) check(name string) error {
	if len(t.writes) == 0 {
		return fmt.Errorf("%s: nothing is sent", name)
	}
	for _, write := range t.writes {
		for _, e := range write {
			if len(e.replies) == 0 {
				return fmt.Errorf("%s: no reply is asked for", e.place)
			}
		}
	}
	return nil
}

func commandWords(text string) ([]string, error) {
	words, err := splitWords(text)
	if err == nil && len(words) == 0 {
		err = fmt.Errorf("no command")
	}
	for i, w := range words {
		if err == nil && w[0] == '"' {
			words[i], err = strconv.Unquote(w)
		}
	}
	return words, err
}

// splitWords splits at spaces, other than those in double quotes.
func splitWords(text string) (words []string, err error) {
	for text = strings.TrimLeft(text, " "); text != ""; text = strings.TrimLeft(text, " ") {
		end := 0
		for end < len(text) && text[end] != ' ' {
			if text[end] != '"' {
				end++
				continue
			}
			quoted, err := strconv.QuotedPrefix(text[end:])
			if err != nil {
				return nil, fmt.Errorf("quotes in %q: %w", text, err)
			}
			end += len(quoted)
		}
		words = append(words, text[:end])
		text = text[end:]
	}
	return words, nil
}

func TestTranscriptsWithMistakesAreRefused(t *testing.T) {
	t.Parallel()
	const good = "# a note\npassword x y\n\n> GET \"a b\" c\n< any\n< :1\n> PING\n< +PONG\n\n\n> PING\n< ?\n"
	script, err := parseTranscript("good", good)
	if err != nil {
		t.Fatal(err)
	}
	first := script.writes[0]
	if script.password != "x y" || len(script.writes) != 2 || len(first) != 2 || len(first[0].replies) != 2 ||
		strings.Join(first[0].command, ",") != "GET,a b,c" || first[1].place != "good:7" {
		t.Errorf("read as %+v", script)
	}
	for _, bad := range []string{
		"", "# nothing\n", "> PING\n", "> PING\n\n< +PONG\n", "< +PONG\n", ">\n< ?\n", "> PING\n<\n", "> PING\n< PONG\n", "PING\n",
		"> PING \"\n< ?\n", "> PING\n< :x\n", "> PING\n< +OK\n< \"a\n", "> PING\n< map a\n", "> PING\n< any thing\n", "> PING\n< array x\n", "> PING\n< map a=\n",
	} {
		if _, err := parseTranscript("bad", bad); err == nil {
			t.Errorf("%q is taken for a transcript", bad)
		}
	}
}
