package clients

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// client is a row of the matrix. What else the table shows, its driver says in
// its first line: client, version, null.
type client struct {
	name     string // of the row and of its subtest
	language string // as the driver says it
	protocol int    // the RESP version that its default options speak
	// driver gives the command line that starts the driver, to which host and
	// port are added; it may build something first. Paths are relative to this
	// package's folder, or absolute. See script.
	driver func(t *testing.T) []string
	// needs are programs in the PATH or, with a slash, files, without which the
	// driver can not start; the test then fails and says how to install them.
	needs []string
	// errors gives what the client makes of the text of an error; when nil, the
	// user sees it as it was sent.
	errors func(text string) string
	// textNumbers is true where the client makes strings of integer replies.
	textNumbers bool
	// fromDebian is true where apt installs the client: its version is then that
	// of the Debian release, and README need not agree on it.
	fromDebian bool
}

// script is a driver that needs no building.
func script(command ...string) func(*testing.T) []string {
	return func(*testing.T) []string { return command }
}

// needInstalled fails the test when something that the driver needs is missing.
func (c client) needInstalled(t *testing.T) {
	t.Helper()
	for _, name := range c.needs {
		var err error
		if strings.Contains(name, "/") {
			_, err = os.Stat(filepath.FromSlash(name))
		} else {
			_, err = exec.LookPath(name)
		}
		if err != nil {
			t.Fatalf("%s needs %s, run sh test.sh: %v", c.name, name, err)
		}
	}
}
