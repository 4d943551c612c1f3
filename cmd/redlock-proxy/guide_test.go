package main

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// typed is a command of a guide, and what it shows.
type typed struct {
	command string
	shown   []string
}

// transcript lists the commands of all console blocks, in order.
func transcript(page string) (all []typed) {
	inside := false
	for _, l := range lines(page) {
		command, isCommand := strings.CutPrefix(l, "$ ")
		switch {
		case l == "```console":
			inside = true
		case l == "```":
			inside = false
		case inside && isCommand:
			all = append(all, typed{command: command})
		case inside:
			last := &all[len(all)-1]
			last.shown = append(last.shown, l)
		}
	}
	return all
}

// cut takes what stands between two headings of the second and third level.
func cut(t *testing.T, page, from, to string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, "\n"+from+"\n")
	part, _, ends := strings.Cut(rest, "\n"+to+"\n")
	if !found || !ends {
		t.Fatalf("no section from %q to %q", from, to)
	}
	return part
}

var token = regexp.MustCompile(`[0-9a-f]{40}`)

// typist is a shell to type into, with the ports of a guide put in place of free
// ones, and /etc/redlock-proxy in that of its directory.
type typist struct {
	in    io.Writer
	out   *bufio.Scanner
	kill  func()            // the shell and all that it has started
	there *strings.Replacer // to the real ports
	back  *strings.Replacer
}

// newTypist starts it in an empty directory. When its input ends, with the test
// or with the test's process, it ends itself and all that it has started.
func newTypist(t *testing.T, ports ...string) *typist {
	t.Helper()
	k := &typist{}
	var free []string
	for range ports {
		free = append(free, freePort(t))
	}
	slices.Sort(free) // some of what is shown is sorted by the port
	dir := t.TempDir()
	there, back := []string{}, []string{dir, "/etc/redlock-proxy"}
	for i, p := range ports {
		there, back = append(there, p, free[i]), append(back, free[i], p)
	}
	k.there, k.back = strings.NewReplacer(there...), strings.NewReplacer(back...)
	binary := filepath.Join(t.TempDir(), "redlock-proxy")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", binary, ".").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	c := exec.Command("sh")
	c.Dir = dir
	c.Env = append(os.Environ(), "PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"),
		"REDLOCK_NODE_TIMEOUT=1s") // for a busy machine
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = c.Stdout
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	k.kill = func() { _ = syscall.Kill(-c.Process.Pid, syscall.SIGKILL) } // it may have ended
	t.Cleanup(func() {
		k.kill()
		_ = c.Wait()
	})
	k.in, k.out = in, bufio.NewScanner(out)
	if _, err := io.WriteString(in, "trap 'kill -KILL 0' EXIT\n"); err != nil {
		t.Fatal(err)
	}
	return k
}

// freePort is one that nobody listens on now, and that no outgoing connection is
// given.
func freePort(t *testing.T) string {
	t.Helper()
	const first, last, attempts = 20000, 31999, 100
	for range attempts {
		port := fmt.Sprint(first + rand.IntN(last-first+1))
		if l, err := net.Listen("tcp", "127.0.0.1:"+port); err == nil {
			_ = l.Close() // nothing was sent through it
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// run types commands one after the other and compares what they show.
func (k *typist) run(t *testing.T, all []typed) {
	t.Helper()
	if len(all) == 0 {
		t.Fatal("no commands")
	}
	for _, c := range all {
		shown := k.do(t, c.command)
		if blurred(shown) != blurred(c.shown) {
			t.Fatalf("$ %s\nshows\n%s\nthe guide has\n%s", c.command, strings.Join(shown, "\n"), strings.Join(c.shown, "\n"))
		}
	}
}

// do waits for the end of a command.
func (k *typist) do(t *testing.T, command string) (shown []string) {
	t.Helper()
	const end, patience = "that was all", 30 * time.Second
	stuck := time.AfterFunc(patience, k.kill)
	defer stuck.Stop()
	// Its input is not the typist's.
	if _, err := fmt.Fprintf(k.in, "{ %s\n} </dev/null\necho '%s'\n", k.there.Replace(command), end); err != nil {
		t.Fatal(err)
	}
	for k.out.Scan() {
		l := k.back.Replace(token.ReplaceAllString(k.out.Text(), "TOKEN")) // in which may be a port
		if l == end {
			return shown
		}
		shown = append(shown, l)
	}
	t.Fatalf("$ %s\nended the shell, or took longer than %v: %v\n%s", command, patience, k.out.Err(), strings.Join(shown, "\n"))
	return nil
}

// blurred leaves out what is never the same.
func blurred(shown []string) string {
	var b strings.Builder
	for _, l := range shown {
		l = token.ReplaceAllString(l, "TOKEN")
		l = regexp.MustCompile(`\(integer\) \d{3,}$`).ReplaceAllString(l, "(integer) MS")
		l = regexp.MustCompile(`--node-timeout=\w+`).ReplaceAllString(l, "--node-timeout=D")
		b.WriteString(l + "\n")
	}
	return b.String()
}

// TestGuidesAreTyped: what the guides tell operators to do is done, and shows what
// they say.
func TestGuidesAreTyped(t *testing.T) {
	t.Parallel()
	drills := readFile(t, "../../docs/operations.md")
	begin := cut(t, drills, "## Failure drills", "### A node hangs")
	for name, page := range map[string]string{
		"drills": cut(t, drills, "### A node hangs", "## Security"),
		"nodes":  readFile(t, "../../docs/nodes.md"),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newTypist(t, "6371", "6372", "6373", "6374", "6375", "6376", "7379", "7380", "7479", "7480", "7579")
			k.run(t, transcript(begin))
			k.run(t, transcript(page))
		})
	}
}

// TestDeploymentIsTyped: what needs neither a service manager nor another machine.
func TestDeploymentIsTyped(t *testing.T) {
	t.Parallel()
	newTypist(t).run(t, transcript(readFile(t, "../../docs/deployment.md")))
}

// TestGuideHasTheOpenFiles: the sum that the program itself does.
func TestGuideHasTheOpenFiles(t *testing.T) {
	t.Parallel()
	const clients, nodes = 10000, 5
	sizing := cut(t, readFile(t, "../../docs/operations.md"), "## Sizing", "## The nodes")
	for _, want := range []string{
		fmt.Sprintf("%d for each node and %d besides", filesPerNode, filesBeside),
		fmt.Sprintf("need 10 %03d ", clients+nodes*filesPerNode+filesBeside-10000),
	} {
		if !strings.Contains(sizing, want) {
			t.Errorf("docs/operations.md lacks %q", want)
		}
	}
}

// TestGuideHasTheLogLines: every warning and error, and none that is not there.
func TestGuideHasTheLogLines(t *testing.T) {
	t.Parallel()
	said := logged(t)
	told := rows(cut(t, readFile(t, "../../docs/operations.md"), "## The log", "## Failure drills"))
	for _, s := range said {
		found := false
		for _, row := range told {
			found = found || strings.HasPrefix(s, message(row))
		}
		if !found {
			t.Errorf("docs/operations.md does not tell what to do about %q", s)
		}
	}
	for _, row := range told {
		found := false
		for _, s := range said {
			found = found || strings.HasPrefix(s, message(row))
		}
		if !found {
			t.Errorf("nothing in the program logs %q", message(row))
		}
	}
}

// message is the first column of a row.
func message(row string) string {
	text, _, _ := strings.Cut(strings.TrimPrefix(row, "| `"), "` |")
	return text
}

// logged lists what the sources log as warnings and errors.
func logged(t *testing.T) (all []string) {
	t.Helper()
	call := regexp.MustCompile(`[lL]og(?:ger)?\.(?:Warn|Error)\("([^"]+)"`)
	for _, folder := range []string{"redlock", "proxy", "commands", "admin", "cmd/redlock-proxy"} {
		files, err := filepath.Glob("../../" + folder + "/*.go")
		if err != nil || len(files) == 0 {
			t.Fatalf("no files in %s: %v", folder, err)
		}
		for _, f := range files {
			if strings.HasSuffix(f, "_test.go") {
				continue
			}
			text, err := os.ReadFile(f)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range call.FindAllStringSubmatch(string(text), -1) {
				all = append(all, m[1])
			}
		}
	}
	return all
}
