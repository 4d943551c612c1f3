package clients

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the table of clients into README.md")

// The table stands between these lines of README.md.
const (
	readmePath = "../README.md"
	tableBegin = "<!-- clients -->\n"
	tableEnd   = "<!-- /clients -->\n"
)

// checkReadme holds the table in README against what was found, or writes it
// there. When only some of the clients or steps were run, there is nothing to
// compare.
func checkReadme(t *testing.T, outcomes []outcome) {
	for _, o := range outcomes {
		if o.done < len(steps()) {
			return
		}
	}
	raw, err := os.ReadFile(readmePath)
	if err != nil {
		t.Error(err)
		return
	}
	have, whole, err := replaceTable(string(raw), table(outcomes))
	switch {
	case err != nil:
		t.Errorf("%v; the table is\n%s", err, table(outcomes))
	case *update:
		if err := os.WriteFile(readmePath, []byte(whole), 0o644); err != nil {
			t.Error(err)
		}
	default:
		have, got := withoutReleases(have, outcomes), withoutReleases(table(outcomes), outcomes)
		if have != got {
			t.Errorf("README has\n%s\nand this run gave\n%s\nrun go test . -update in clients", lacking(got, have), lacking(have, got))
		}
	}
}

// lacking gives the lines of a text that are not in another.
func lacking(other, text string) string {
	var lines []string
	for l := range strings.Lines(text) {
		if !strings.Contains(other, l) {
			lines = append(lines, l)
		}
	}
	return strings.Join(lines, "")
}

// replaceTable puts a table between the markers of a text. It gives the one that
// was there, and the whole new text.
func replaceTable(text, table string) (have, whole string, err error) {
	before, rest, found := strings.Cut(text, tableBegin)
	have, after, closed := strings.Cut(rest, tableEnd)
	if !found || !closed {
		return "", "", fmt.Errorf("README.md has no lines %q and %q", tableBegin, tableEnd)
	}
	return have, before + tableBegin + table + tableEnd + after, nil
}

func table(outcomes []outcome) string {
	text := "| client | version | language | protocol | null is | result |\n|---|---|---|---|---|---|\n"
	for _, o := range outcomes {
		result := "passes"
		if len(o.failed) > 0 {
			result = "fails: " + strings.Join(o.failed, ", ")
		}
		text += fmt.Sprintf("| %s | %s | %s | RESP%d | `%s` | %s |\n",
			o.client.name, o.ready.version, o.ready.language, o.client.protocol, o.ready.null, result)
	}
	return text
}

// withoutReleases is a table without the versions that come with the Debian release.
func withoutReleases(table string, outcomes []outcome) string {
	lines := strings.Split(table, "\n")
	for i, l := range lines {
		for _, o := range outcomes {
			if cells := strings.Split(l, " | "); o.client.fromDebian && cells[0] == "| "+o.client.name && len(cells) > 1 {
				cells[1] = "that of the release"
				lines[i] = strings.Join(cells, " | ")
			}
		}
	}
	return strings.Join(lines, "\n")
}

func TestTable(t *testing.T) {
	t.Parallel()
	one := outcome{client{name: "one", protocol: 2}, readyLine{"Go", "one", "1.0", "nil"}, len(steps()), nil}
	two := outcome{client{name: "two", protocol: 3, fromDebian: true}, readyLine{"C", "two", "2.0", "NULL"}, len(steps()), []string{"lock"}}
	later := two
	later.ready.version = "2.1"
	had := table([]outcome{one, two})
	have, whole, err := replaceTable("a\n"+tableBegin+had+tableEnd+"b\n", "new\n")
	if err != nil || have != had || whole != "a\n"+tableBegin+"new\n"+tableEnd+"b\n" {
		t.Errorf("replaceTable: got %q, %q, %v", have, whole, err)
	}
	for _, text := range []string{"", tableBegin, tableEnd + tableBegin} {
		if _, _, err := replaceTable(text, had); err == nil {
			t.Errorf("replaceTable in %q: no error", text)
		}
	}
	now := []outcome{one, later}
	if withoutReleases(had, now) != withoutReleases(table(now), now) {
		t.Errorf("a version of Debian's makes a difference:\n%s", had)
	}
	one.ready.version = "1.1"
	now = []outcome{one, later}
	if withoutReleases(had, now) == withoutReleases(table(now), now) {
		t.Errorf("a version makes no difference:\n%s", had)
	}
}
