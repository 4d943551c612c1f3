package redistest

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

const (
	startTimeout = 10 * time.Second     // for a server to answer; it takes some 10 ms on an idle machine
	startPoll    = 2 * time.Millisecond // between two questions
)

// errPortTaken says that another process listens where a server should.
var errPortTaken = errors.New("redistest: port is taken")

// await returns nil when c answers at addr, errPortTaken when c ended because
// the port was not free, or an error with what c has written.
func (c *child) await(addr string) error {
	deadline := time.Now().Add(startTimeout)
	tick := time.NewTicker(startPoll)
	defer tick.Stop()
	for {
		err := c.ask(addr)
		if err == nil {
			return nil
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("redistest: redis-server gives no answer after %v: %w\n%s", startTimeout, err, c.log())
		}
		select {
		case <-c.dead:
			return c.obituary()
		case <-tick.C:
		}
	}
}

// obituary says why a server ended before it answered.
func (c *child) obituary() error {
	log := c.log()
	if strings.Contains(log, "Address already in use") {
		return errPortTaken
	}
	return fmt.Errorf("redistest: redis-server ended at once: %v\n%s", c.cmd.ProcessState, log)
}

// ask returns nil when c, and nobody else, answers at addr. A PING would not
// do: when two servers want one port, the loser's PING is answered by the
// winner. It does not use go-redis, whose pool remembers failed dials for a
// second and logs each.
func (c *child) ask(addr string) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Second)); err != nil {
		return err
	}
	if _, err := io.WriteString(conn, "INFO server\r\n"); err != nil {
		return err
	}
	want := fmt.Sprintf("process_id:%d", c.cmd.Process.Pid)
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		line := lines.Text()
		if line == want {
			return nil
		}
		if strings.HasPrefix(line, "-") || strings.HasPrefix(line, "process_id:") {
			return fmt.Errorf("redistest: want %s, got %q", want, line)
		}
	}
	return errors.Join(io.ErrUnexpectedEOF, lines.Err())
}
