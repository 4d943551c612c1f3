package clients

import (
	"bufio"
	"io"
	"net"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// driver is the process that has the client, see doc.go.
type driver struct {
	*process
	name     string
	requests io.WriteCloser
	answers  chan string // closed when the process has said its last
	ready    readyLine
}

// readyLine is what a driver says of its client when it is connected.
type readyLine struct{ language, client, version, null string }

// startDriver starts a client that connects to the proxy at the address.
func startDriver(t *testing.T, c client, address string) *driver {
	t.Helper()
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	command := append(c.driver(t), host, port)
	cmd := exec.Command(command[0], command[1:]...)
	requests, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	// Not StdoutPipe: that would have to be read to its end before Wait.
	output, answers := io.Pipe()
	cmd.Stdout = answers
	d := &driver{name: c.name, requests: requests, answers: make(chan string, 1)}
	d.process = startProcess(t, cmd)
	go func() {
		<-d.ended
		_ = answers.Close() // It never fails.
	}()
	go d.read(output)
	t.Cleanup(func() { d.end(t) })
	d.ready = d.greet(t)
	if d.ready.language != c.language || !strings.HasPrefix(c.name, d.ready.client) {
		t.Errorf("%s of %s: the driver says %+v", c.name, c.language, d.ready)
	}
	return d
}

func (d *driver) read(from io.Reader) {
	defer close(d.answers)
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<20) // A pipeline's answer is longer than the default.
	for lines.Scan() {
		d.answers <- lines.Text()
	}
}

// end ends the driver as doc.go says that drivers end, or by force.
func (d *driver) end(t *testing.T) {
	_ = d.requests.Close() // It fails when the driver is dead.
	force := time.AfterFunc(patience, d.kill)
	defer force.Stop()
	for answer := range d.answers {
		t.Errorf("%s: an answer that nobody asked for: %q", d.name, answer)
	}
	<-d.ended
	if d.err != nil {
		t.Errorf("%s: the driver ended: %v", d.name, d.err)
	}
	if text := d.log.String(); t.Failed() && text != "" {
		t.Logf("%s: stderr of the driver:\n%s", d.name, text)
	}
}

func (d *driver) greet(t *testing.T) readyLine {
	t.Helper()
	line := d.await(t, "its start")
	words := strings.Split(line, "\t")
	if len(words) != 5 || words[0] != "ready" {
		t.Fatalf("%s: got %q, want ready and four words", d.name, line)
	}
	return readyLine{words[1], words[2], words[3], words[4]}
}

// await gives the driver's next line. A driver that is too late is killed, as
// its answer would be taken for that of the next request.
func (d *driver) await(t *testing.T, to string) string {
	t.Helper()
	select {
	case line, open := <-d.answers:
		if !open {
			t.Fatalf("%s: the driver ended before it answered to %s", d.name, to)
		}
		return line
	case <-time.After(patience):
		d.kill()
		t.Fatalf("%s: no answer within %v to %s", d.name, patience, to)
	}
	return ""
}

// send asks without waiting for the answer, which receive gives.
func (d *driver) send(t *testing.T, r request) {
	t.Helper()
	if _, err := io.WriteString(d.requests, r.line+"\n"); err != nil {
		t.Fatalf("%s: the driver takes no requests: %s: %v", d.name, r.label, err)
	}
}

func (d *driver) receive(t *testing.T, r request) reply {
	t.Helper()
	got, err := parseReply(d.await(t, r.label))
	if err != nil {
		d.kill() // What it says next answers something else.
		t.Fatalf("%s: %s: %v", d.name, r.label, err)
	}
	return got
}

func (d *driver) ask(t *testing.T, r request) reply {
	t.Helper()
	d.send(t, r)
	return d.receive(t, r)
}

// call runs one command.
func (d *driver) call(t *testing.T, words ...string) reply {
	t.Helper()
	return d.ask(t, call(words...))
}
