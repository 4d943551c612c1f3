package proxy_test

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// TestHandshakes plays the part of clients that are not at hand: it sends what
// they do, in the same writes, and wants the replies that they insist on.
func TestHandshakes(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/handshakes/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d transcripts: %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			script, err := readTranscript(file)
			if err != nil {
				t.Fatal(err)
			}
			f := start(t, setup{password: script.password})
			play := &player{client: f.dial(), proto: 2, names: map[string]string{}}
			for _, write := range script.writes {
				play.exchange(write)
			}
			play.send(command("QUIT")) // allowed in every state, also to subscribers
			play.want("+OK\r\n")
			play.wantEnd() // so nothing else has come
			f.wantNoKeys()
		})
	}
}

// player is a client that follows a transcript.
type player struct {
	*client
	proto int               // by the last HELLO
	names map[string]string // what the patterns have named
}

// exchange sends all in one write and reads the replies.
func (p *player) exchange(write []exchange) {
	p.t.Helper()
	var all strings.Builder
	for _, e := range write {
		all.WriteString(command(p.named(e.command)...))
	}
	p.send(all.String())
	for _, e := range write {
		p.switchBy(e.command)
		for _, want := range e.replies {
			got, err := readReply(p.in, p.proto)
			if err != nil {
				p.t.Fatalf("%s: %q: %v", e.place, e.command, err)
			}
			if !want.match(got, p.proto, p.names) {
				p.t.Fatalf("%s: %q: got %v, want %s", e.place, e.command, got, want.line)
			}
		}
	}
}

// named puts in what {word} stands for.
func (p *player) named(words []string) (all []string) {
	for _, w := range words {
		if value, known := p.names[w]; known {
			w = value
		}
		all = append(all, w)
	}
	return all
}

// switchBy follows HELLO into its protocol, unless it is answered by an error.
func (p *player) switchBy(command []string) {
	p.t.Helper()
	if !strings.EqualFold(command[0], "HELLO") || len(command) < 2 {
		return
	}
	next, err := p.in.Peek(1)
	if err != nil {
		p.t.Fatal(err)
	}
	if next[0] != '-' {
		p.proto, _ = strconv.Atoi(command[1])
	}
}
