package examples_test

import (
	"errors"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"testing"
)

// What the exit codes of the programs mean.
const (
	done     = 0
	noQuorum = 69
	lost     = 70
	held     = 75
)

// program is an example. It locks a resource and counts the number in a file up
// by one.
type program struct {
	name     string
	extends  bool // its task may outlast the ttl
	releases bool // also when it is told to end
	again    bool // its client asks again when an answer does not come
	start    func(t *testing.T, proxy, resource, file string) run
}

// run is a program at work.
type run interface {
	running() bool
	terminate()
	// wait gives the exit code, and everything that was printed.
	wait(t *testing.T) (code int, printed string)
}

// countInShell is the task of the other programs, for the one that runs commands.
const countInShell = `read -r n <"$1"; sleep 0.05; n=$((n + 1)); echo "$n" >"$1"`

var programs = []program{
	{"go", true, true, true, command(goBuild, "{}", "RESOURCE", "FILE")},
	{"node", true, true, false, request},
	{"python", true, true, false, command(needs("/usr/bin/python3", "-c", "import redis"), "/usr/bin/python3", "python/count.py", "RESOURCE", "FILE")},
	{"ruby", false, true, true, command(needs("ruby", "-e", `require "redis"`), "ruby", "ruby/count.rb", "RESOURCE", "FILE")},
	{"php", false, false, false, command(needs("php", "-r", `exit(extension_loaded("redis") ? 0 : 1);`), "php", "php/count.php", "RESOURCE", "FILE")},
	{"perl", false, true, false, command(needs("perl", "-MRedis", "-e1"), "perl", "perl/count.pl", "RESOURCE", "FILE")},
	{"c", false, false, true, command(cBuild, "{}", "RESOURCE", "FILE")},
	{"shell", false, true, false, command(needs("redis-cli", "--version"), "sh", "shell/with-lock.sh", "RESOURCE", "sh", "-ec", countInShell, "count", "FILE")},
}

var (
	goBuild = sync.OnceValues(func() (string, error) {
		return build("count-go", "go", "build", "-o", "{}", "./go")
	})
	cBuild = sync.OnceValues(func() (string, error) {
		return build("count-c", "gcc", "-Wall", "-Wextra", "-Werror", "-O2", "-o", "{}", "c/count.c", "-lhiredis")
	})
)

// needs is a preparation that only looks whether something is installed.
func needs(check ...string) func() (string, error) {
	return sync.OnceValues(func() (string, error) {
		out, err := exec.Command(check[0], check[1:]...).CombinedOutput()
		if err != nil {
			err = errors.Join(err, errors.New(string(out)))
		}
		return "", err
	})
}

// command starts a command line, whose {} is what prepare has built.
func command(prepare func() (string, error), line ...string) func(t *testing.T, proxy, resource, file string) run {
	return func(t *testing.T, proxy, resource, file string) run {
		t.Helper()
		binary, err := prepare()
		if err != nil {
			t.Fatalf("%q: %v; run sh test.sh", line[0], err)
		}
		fill := map[string]string{"{}": binary, "RESOURCE": resource, "FILE": file}
		args := make([]string, len(line))
		for i, word := range line {
			args[i] = word
			if value, ok := fill[word]; ok {
				args[i] = value
			}
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Env = append(os.Environ(), "REDLOCK_PROXY="+proxy)
		return commandRun{startProcess(t, cmd)}
	}
}

type commandRun struct{ *process }

func (r commandRun) wait(t *testing.T) (int, string) {
	t.Helper()
	code := r.process.wait(t)
	return code, r.stdout.String() + r.stderr.String()
}

// terminate tells the children too, as Ctrl-C and most supervisors do.
func (p *process) terminate() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGTERM) }
