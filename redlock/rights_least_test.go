package redlock

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// guaranteesText is the file whose claims are tested here.
func guaranteesText(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../GUARANTEES.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// leastRights is the ACL line in GUARANTEES.md, after the name.
func leastRights(t *testing.T) []string {
	t.Helper()
	_, rest, found := strings.Cut(guaranteesText(t), "\nuser redlock ")
	if !found {
		t.Fatal("GUARANTEES.md has no line that begins with user redlock")
	}
	line, _, _ := strings.Cut(rest, "\n")
	return strings.Fields(line)
}

func TestTheLeastRightsAreEnough(t *testing.T) {
	t.Parallel()
	for _, prefix := range []string{"", "locks:"} {
		t.Run("prefix "+prefix, func(t *testing.T) {
			t.Parallel()
			rights := leastRights(t)
			if prefix != "" { // as the text says
				i := slices.Index(rights, "~*")
				rights = slices.Replace(rights, i, i+1, "~"+prefix+"*", "~__redlock:*")
			}
			l := limit(t, rights, prefix, FirstStartAuto)
			if got := l.symptoms(t); len(got) > 0 {
				t.Errorf("got %q", got)
			}
			l.wantNothingDenied(t)
			restartEmpty(t, l.servers[0])
			wantStates(t, l.q, StateQuarantined, StateAdmitted, StateAdmitted)
			wantStates(t, l.q, StateAdmitted, StateAdmitted, StateAdmitted)
			mustUnlock(t, l.q, mustLock(t, l.q, lockFor("a", short)))
			l.wantNothingDenied(t)
			if strings.Contains(l.log.String(), "may not") {
				t.Errorf("warnings:\n%s", l.log.String())
			}
		})
	}
}

// missingRights is what GUARANTEES.md says of each right: what is observed
// without it, and what the log has.
var missingRights = []struct {
	right    string
	symptoms string
	warning  string
}{
	{"+set", "no LOCK, no TOKEN, no FENCE", ""},
	{"+get", "no TOKEN, no FENCE, no EXTEND, no UNLOCK", ""},
	{"+del", "no UNLOCK", ""},
	{"+pttl", "no FENCE, no EXTEND", ""},
	{"+exists", "no repair", ""},
	{"+evalsha", "no TOKEN, no FENCE, no EXTEND, no UNLOCK, no guard", "may not use INFO, or read and write __redlock:member"},
	{"+script|load", "no LOCK, no TOKEN, no FENCE", "node is down"},
	{"+hget", "no repair, no guard", "may not use INFO, or read and write __redlock:member"},
	{"+hset", "no guard", "may not use INFO, or read and write __redlock:member"},
	{"+hgetall", "no repair, no guard", "may not use INFO, or read and write __redlock:member"},
	{"+time", "no FENCE, no repair, no guard", "may not use INFO, or read and write __redlock:member"},
	{"~__redlock:*", "no FENCE, no repair, no guard", "may not use INFO, or read and write __redlock:member"},
	{"+info", "no repair, no guard, no kill", "may not use CLIENT ID, CLIENT KILL or INFO"},
	{"+client|id", "no kill", "may not use CLIENT ID, CLIENT KILL or INFO"},
	{"+client|kill", "no kill", "may not use CLIENT ID, CLIENT KILL or INFO"},
	{"+subscribe", "polls", "may not SUBSCRIBE"},
	{"&__redlock:*", "polls", "may not SUBSCRIBE"},
	{"+publish", "polls", ""},
	{"+unsubscribe", "", "may not SUBSCRIBE"},
	{"+ping", "", "may not SUBSCRIBE"},
}

// TestWithoutOneRight: what is then lost is what GUARANTEES.md says, and no
// more. That each is missed shows that the list is not longer than it need be.
func TestWithoutOneRight(t *testing.T) {
	t.Parallel()
	for _, m := range missingRights {
		t.Run(m.right, func(t *testing.T) {
			t.Parallel()
			rights, prefix := slices.Clone(leastRights(t)), ""
			if m.right == "~__redlock:*" {
				prefix = "locks:"
				rights[slices.Index(rights, "~*")] = "~locks:*"
			} else {
				rights = slices.DeleteFunc(rights, func(r string) bool { return r == m.right })
			}
			l := limit(t, rights, prefix, FirstStartForce)
			if got := strings.Join(l.symptoms(t), ", "); got != m.symptoms {
				t.Errorf("got %q, want %q\n%s", got, m.symptoms, l.log.String())
			}
			if m.warning == "" {
				if strings.Contains(l.log.String(), "may not") {
					t.Errorf("an unexpected warning:\n%s", l.log.String())
				}
				return
			}
			if m.right == "+ping" {
				l.waitInSilence(t)
			}
			eventually(t, "the log has "+m.warning, func() bool { return strings.Contains(l.log.String(), m.warning) })
		})
	}
}

// TestEachRightHasItsRow in the table of GUARANTEES.md, and is tried above.
func TestEachRightHasItsRow(t *testing.T) {
	t.Parallel()
	var listed, tried, rows []string
	for _, r := range leastRights(t) {
		if strings.HasPrefix(r, "+") || strings.HasPrefix(r, "&") {
			listed = append(listed, r)
		}
	}
	listed = append(listed, "~__redlock:*")
	for _, m := range missingRights {
		tried = append(tried, m.right)
	}
	_, table, _ := strings.Cut(guaranteesText(t), "\n| without |")
	table, _, _ = strings.Cut(table, "\n\n")
	for _, row := range strings.Split(table, "\n")[2:] {
		first, _, _ := strings.Cut(strings.ReplaceAll(row[2:], `\|`, "\x00"), " |")
		for _, r := range strings.Fields(strings.ReplaceAll(first, "`", "")) {
			rows = append(rows, strings.ReplaceAll(r, "\x00", "|"))
		}
	}
	for _, all := range [][]string{listed, tried, rows} {
		slices.Sort(all)
	}
	if !slices.Equal(listed, tried) || !slices.Equal(listed, rows) {
		t.Errorf("the line has %q,\nthe table of the text %q,\nthe tests %q", listed, rows, tried)
	}
}
