package commands

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// TestEveryErrorCodeIsListed: labels are bounded as they come from a list.
func TestEveryErrorCodeIsListed(t *testing.T) {
	t.Parallel()
	files, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	code := regexp.MustCompile(`(?:Error\((?:fmt\.Sprintf\()?|return )"([A-Z]{3,}) `)
	found := map[string]bool{}
	for _, f := range files {
		if !regexp.MustCompile(`^[^_]*(_[a-z]+)?\.go$`).MatchString(f.Name()) || regexp.MustCompile(`_test\.go$`).MatchString(f.Name()) {
			continue
		}
		text, err := os.ReadFile(f.Name())
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range code.FindAllStringSubmatch(string(text), -1) {
			found[m[1]] = true
		}
	}
	for c := range found {
		if !slices.Contains(ErrorCodes(), c) {
			t.Errorf("ErrorCodes lacks %s", c)
		}
	}
	if len(found) < 10 {
		t.Errorf("only %d codes were found in the sources, the pattern is wrong", len(found))
	}
}

// TestEveryLimitHasItsName: an error with the code LIMIT that is not told apart
// would hide which limit it was.
func TestEveryLimitHasItsName(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range []Error{errOverloaded, errWaiters, errResourceWaiters, errSessionWaits, errHolds, errSubscriptions, errGuessing} {
		name := limitOf(e)
		if name == limitUnspecified || seen[name] || !slices.Contains(LimitNames(), name) {
			t.Errorf("%q is called %s", e, name)
		}
		seen[name] = true
	}
	text, err := os.ReadFile("errors.go")
	if err != nil {
		t.Fatal(err)
	}
	// One of them is ErrUnread, which package proxy counts.
	if n := len(regexp.MustCompile(`"LIMIT `).FindAll(text, -1)) - 1; n != len(seen) {
		t.Errorf("errors.go has %d limits, and %d have names", n, len(seen))
	}
}
