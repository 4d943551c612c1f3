package clients

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// tap stands between one client and the proxy, and notes what passes.
type tap struct {
	name     string
	proxy    string
	address  string // for the client
	listener net.Listener
	running  sync.WaitGroup

	mu    sync.Mutex // guards what follows, and in tapped
	began time.Time
	lines []*tapped
	locks []*tapped     // one for each LOCK that the client has sent
	late  chan struct{} // until it is closed no end of the client's is passed on; nil: at once
	mute  bool          // nothing is passed on to the client
}

// tapped is one connection of the client.
type tapped struct {
	tap            *tap
	number         int
	client, server *net.TCPConn
	address        string // by which the proxy knows it

	sent    []sent
	replies bytes.Buffer // from the proxy
	replied time.Time    // when the last of it came
	gaveUp  time.Time    // when the client ended it, or the test; zero: it is open
}

type sent struct {
	words []string
	at    time.Time
}

func startTap(t *testing.T, name, proxy string) *tap {
	t.Helper()
	p := &tap{name: name, proxy: proxy, began: time.Now()}
	if !eventually(soon, func() bool {
		p.address = freeAddress(t) // Somebody may be faster at the port.
		return p.listen() == nil
	}) {
		t.Fatal("no port was free for a tap")
	}
	t.Cleanup(func() {
		p.close()
		if t.Failed() || testing.Verbose() {
			t.Logf("what %s sent:\n%s", p.name, p)
		}
	})
	return p
}

func (p *tap) listen() error {
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		return err
	}
	p.listener = l
	p.running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			p.running.Go(func() { p.forward(client.(*net.TCPConn)) })
		}
	})
	return nil
}

// away refuses connections until back; those that are open stay.
func (p *tap) away() { _ = p.listener.Close() } // It fails only the second time.

func (p *tap) back(t *testing.T) {
	t.Helper()
	if err := p.listen(); err != nil {
		t.Fatal(err)
	}
}

func (p *tap) close() {
	p.away()
	p.pass()
	for _, l := range p.all() {
		_ = l.client.Close()
		_ = l.server.Close()
	}
	p.running.Wait()
}

func (p *tap) all() []*tapped {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.lines)
}

func (p *tap) forward(client *net.TCPConn) {
	server, err := net.Dial("tcp", p.proxy)
	if err != nil {
		_ = client.SetLinger(0)
		_ = client.Close()
		return
	}
	l := &tapped{tap: p, client: client, server: server.(*net.TCPConn), address: server.LocalAddr().String()}
	p.mu.Lock()
	p.lines = append(p.lines, l)
	l.number = len(p.lines)
	p.mu.Unlock()
	p.running.Go(l.backward)
	l.forward()
}

// forward passes on what the client sends, and then that it has gone.
func (l *tapped) forward() {
	p := l.tap
	in := bufio.NewReader(io.TeeReader(l.client, l.server))
	for {
		words, err := readCommand(in)
		if err != nil {
			break
		}
		l.note(words)
	}
	l.end()
	p.mu.Lock()
	late := p.late
	p.mu.Unlock()
	if late != nil {
		<-late
	}
	_ = l.server.Close()
}

func (l *tapped) note(words []string) {
	p := l.tap
	p.mu.Lock()
	defer p.mu.Unlock()
	l.sent = append(l.sent, sent{words, time.Now()})
	if strings.EqualFold(words[0], "LOCK") {
		p.locks = append(p.locks, l)
	}
}

func (l *tapped) end() {
	l.tap.mu.Lock()
	defer l.tap.mu.Unlock()
	if l.gaveUp.IsZero() {
		l.gaveUp = time.Now()
	}
}

// backward passes on what the proxy answers, and then that it has gone.
func (l *tapped) backward() {
	buffer := make([]byte, 4096)
	for {
		n, err := l.server.Read(buffer)
		l.tap.mu.Lock()
		l.replies.Write(buffer[:n])
		if n > 0 {
			l.replied = time.Now()
		}
		mute := l.tap.mute
		l.tap.mu.Unlock()
		if !mute {
			_, _ = l.client.Write(buffer[:n]) // That it has gone forward sees.
		}
		if err != nil {
			_ = l.client.Close()
			return
		}
	}
}

// cut ends the connection for both sides, with a reset.
func (l *tapped) cut() {
	l.end()
	for _, c := range []*net.TCPConn{l.client, l.server} {
		_ = c.SetLinger(0)
		_ = c.Close()
	}
}

// vanish is a cut of which the proxy hears nothing until pass.
func (l *tapped) vanish() {
	l.tap.hold()
	l.end()
	_ = l.client.SetLinger(0)
	_ = l.client.Close()
}

// hold keeps the ends of the client's connections from the proxy until pass.
func (p *tap) hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.late = make(chan struct{})
}

func (p *tap) pass() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.late != nil {
		close(p.late)
		p.late = nil
	}
}

// lose keeps all answers from the client, as long as it is on.
func (p *tap) lose(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mute = on
}
