package clients

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// readCommand reads a command in the form in which all clients send them.
func readCommand(in *bufio.Reader) ([]string, error) {
	count, err := readLength(in, '*')
	if err != nil {
		return nil, err
	}
	words := make([]string, 0, count)
	for range count {
		length, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		word := make([]byte, length+len("\r\n"))
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		words = append(words, string(word[:length]))
	}
	return words, nil
}

func readLength(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q where %q should begin", line, kind)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// lock is the connection on which the client's nth LOCK went; it waits for it.
func (p *tap) lock(t *testing.T, n int) *tapped {
	t.Helper()
	var at *tapped
	if !eventually(patience, func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(p.locks) >= n {
			at = p.locks[n-1]
		}
		return at != nil
	}) {
		t.Fatalf("the client did not send LOCK %d", n)
	}
	return at
}

// wantLocks checks that the client has sent so many LOCKs, all alike and each
// on a connection of its own, and that it has ended all but the last of these.
func (p *tap) wantLocks(t *testing.T, n int) {
	t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.locks) != n {
		t.Errorf("the client sent %d LOCKs, want %d", len(p.locks), n)
	}
	for i, at := range p.locks[1:] {
		before := p.locks[i]
		if !slices.Equal(at.lastLock().words, before.lastLock().words) {
			t.Errorf("the client sent %q and then %q", before.lastLock().words, at.lastLock().words)
		}
		if before == at || before.gaveUp.IsZero() {
			t.Errorf("LOCK %d was sent while connection %d was open", i+2, before.number)
		}
	}
}

// lastLock is called under the tap's lock.
func (l *tapped) lastLock() sent {
	for _, s := range slices.Backward(l.sent) {
		if strings.EqualFold(s.words[0], "LOCK") {
			return s
		}
	}
	return sent{}
}

// lockAt is when the last LOCK was sent here.
func (l *tapped) lockAt() time.Time {
	l.tap.mu.Lock()
	defer l.tap.mu.Unlock()
	return l.lastLock().at
}

// gap is the time between the end of one connection and the LOCK on another.
func gap(before, after *tapped) time.Duration {
	before.tap.mu.Lock()
	defer before.tap.mu.Unlock()
	return after.lastLock().at.Sub(before.gaveUp)
}

// awaitReply waits until the proxy has said the text on the connection.
func (l *tapped) awaitReply(t *testing.T, text string) {
	t.Helper()
	if !eventually(patience, func() bool {
		l.tap.mu.Lock()
		defer l.tap.mu.Unlock()
		return bytes.Contains(l.replies.Bytes(), []byte(text))
	}) {
		t.Fatalf("the proxy never said %q", text)
	}
}

// lastReply is when the proxy answered last.
func (l *tapped) lastReply() time.Time {
	l.tap.mu.Lock()
	defer l.tap.mu.Unlock()
	return l.replied
}

// String lists what was sent when on which connection.
func (p *tap) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	type event struct {
		at   time.Time
		text string
	}
	var all []event
	for _, l := range p.lines {
		for _, s := range l.sent {
			all = append(all, event{s.at, fmt.Sprintf("%d> %s", l.number, strings.Join(s.words, " "))})
		}
		if !l.gaveUp.IsZero() {
			all = append(all, event{l.gaveUp, fmt.Sprintf("%d> (end)", l.number)})
		}
	}
	slices.SortStableFunc(all, func(a, b event) int { return a.at.Compare(b.at) })
	var b strings.Builder
	for _, e := range all {
		fmt.Fprintf(&b, "%7.3f %s\n", e.at.Sub(p.began).Seconds(), e.text)
	}
	return b.String()
}
