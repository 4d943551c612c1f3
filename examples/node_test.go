package examples_test

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// serveNode starts the web service and gives its address.
func serveNode(t *testing.T, proxy, file string) (*process, string) {
	t.Helper()
	if _, err := os.Stat("node/node_modules/ioredis"); err != nil {
		t.Fatalf("%v; run sh test.sh", err)
	}
	cmd := exec.Command("node", "node/server.mjs", file)
	cmd.Env = append(os.Environ(), "REDLOCK_PROXY="+proxy, "PORT=0")
	p := startProcess(t, cmd)
	return p, listening(t, p)
}

// post gives the status, the Retry-After and the body.
func post(addr, path string) (status int, retry, body string, err error) {
	// A client of its own, so that no idle connection is left to the server.
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: patience}
	response, err := client.Post("http://"+addr+path, "", nil)
	if err != nil {
		return 0, "", "", err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, response.Header.Get("Retry-After"), string(text), err
}

// nodeRun is one request to a service of its own, seen as the other programs.
type nodeRun struct {
	*process
	status chan int
	body   *output
	told   *sync.Once // a second signal ends it at once
}

func request(t *testing.T, proxy, resource, file string) run {
	t.Helper()
	server, addr := serveNode(t, proxy, file)
	r := nodeRun{process: server, status: make(chan int, 1), body: new(output), told: new(sync.Once)}
	go func() {
		status, _, body, err := post(addr, "/"+strings.Replace(resource, ":", "/", 1))
		_, _ = fmt.Fprint(r.body, body, err)
		r.status <- status
	}()
	return r
}

func (r nodeRun) running() bool { return len(r.status) == 0 }

func (r nodeRun) terminate() { r.told.Do(r.process.terminate) }

// wait gives the exit code that the other programs would have.
func (r nodeRun) wait(t *testing.T) (int, string) {
	t.Helper()
	status := <-r.status // post has a deadline
	r.terminate()
	end := r.process.wait(t)
	printed := r.body.String() + r.stdout.String() + r.stderr.String()
	codes := map[int]int{200: done, 409: held, 503: noQuorum, 500: 1}
	code, known := codes[status]
	if !known || end != 0 {
		t.Errorf("got status %d, and %d from the service itself:\n%s", status, end, printed)
	}
	if status == http.StatusInternalServerError && strings.Contains(printed, "was lost") {
		code = lost
	}
	return code, printed
}

func TestNodeAnswers(t *testing.T) {
	t.Parallel()
	s := start(t)
	file := newGate(t)
	_, addr := serveNode(t, s.addr, file.path)
	want := func(path string, status int, retry string) {
		t.Helper()
		if got, after, body, err := post(addr, path); got != status || after != retry || err != nil {
			t.Errorf("%s: got %d, Retry-After %q, %s (%v), want %d and %q", path, got, after, body, err, status, retry)
		}
	}
	var first sync.WaitGroup
	first.Go(func() { want("/jobs/42", http.StatusOK, "") })
	file.await(t, func() bool { return true })
	want("/jobs/42", http.StatusConflict, "")
	want("/elsewhere", http.StatusNotFound, "")
	file.open("41")
	first.Wait()
	file.want(t, "42")
	want("/jobs/42", http.StatusOK, "")
	file.want(t, "43")
	s.wantFree(t, "jobs:42")
	s.loseQuorum()
	want("/jobs/42", http.StatusServiceUnavailable, "1")
	file.want(t, "43")
}
