package acl

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestGlob(t *testing.T) {
	for _, c := range []struct {
		pattern, s string
		want       bool
	}{
		{"", "", true},
		{"", "a", false},
		{"*", "", false}, // as in Redis
		{"*", "a", true},
		{"a*", "a", true},
		{"a**", "a", true},
		{"*a*", "a", true},
		{"a", "A", false},
		{"jobs:*", "jobs:1", true},
		{"jobs:*", "job:1", false},
		{"*:1", "jobs:1:2:1", true},
		{"*a?c", "abcabc", true},
		{"a*b*c", "a-b-b-c", true},
		{"a*b*c", "a-c-b", false},
		{"?", "", false},
		{"?", "\x00", true},
		{"h[a-c]t", "hbt", true},
		{"h[a-c]t", "hdt", false},
		{"h[c-a]t", "hbt", true},
		{"h[^a-c]t", "hbt", false},
		{"h[^a-c]t", "hdt", true},
		{"[]", "]", false},
		{"[a", "a", true},
		{"[^", "x", true},
		{"[", "[", false},
		{"[0-]", "5", true}, // a class without an end, of what is from 0 to ]
		{"[\\]]", "]", true},
		{"[\\^a]", "^", true},
		{"\\*", "*", true},
		{"\\*", "a", false},
		{"\\", "\\", true},
		{"a\\", "a\\", true},
		{"[\x80-\xff]", "\x90", true},
	} {
		if got := Glob(c.pattern, []byte(c.s)); got != c.want {
			t.Errorf("Glob(%q, %q) = %v", c.pattern, c.s, got)
		}
		if c.want && !GlobFold(c.pattern, []byte(c.s)) {
			t.Errorf("GlobFold(%q, %q) = false", c.pattern, c.s)
		}
	}
	if !GlobFold("MAX-[c]LIENT\\S*", []byte("max-Clients")) {
		t.Error("GlobFold tells A from a")
	}
}

// text makes up to most bytes of an alphabet.
func text(random func(int) int, most int, alphabet string) string {
	b := make([]byte, random(most+1))
	for i := range b {
		b[i] = alphabet[random(len(alphabet))]
	}
	return string(b)
}

func TestGlobIsThatOfKEYS(t *testing.T) {
	r, random := &real{t: t, client: launch(t)}, choices(t)
	var keys []string
	for range 500 {
		key := text(random.IntN, 6, "aaabbcAB*?[]^-\\\x00\xff")
		r.must("SET", key, "")
		keys = append(keys, key)
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	matched := 0
	for range 20 * *rounds {
		// Without \xff: a range from ASCII to beyond depends on C's char.
		pattern := text(random.IntN, 8, "aabbcAB****??[[]]^-\\\x00")
		if pattern == "*" {
			continue // KEYS has a short cut: here it matches an empty key too
		}
		theirs := texts(r.must("KEYS", pattern))
		slices.Sort(theirs)
		ours := []string{}
		for _, key := range keys {
			if Glob(pattern, []byte(key)) {
				ours = append(ours, key)
			}
		}
		if !slices.Equal(ours, theirs) {
			t.Fatalf("Glob(%q) matches\n  %q, KEYS\n  %q", pattern, ours, theirs)
		}
		if len(ours) > 0 && len(ours) < len(keys) {
			matched++
		}
	}
	if matched < 2**rounds {
		t.Errorf("only %d patterns matched some keys and others not: they show little", matched)
	}
}

func TestGlobFoldIsThatOfCONFIG(t *testing.T) {
	r, random := &real{t: t, client: launch(t)}, choices(t)
	var names []string
	for name := range r.must("CONFIG", "GET", "*").(map[any]any) {
		names = append(names, name.(string))
	}
	slices.Sort(names)
	for range 2 * *rounds {
		pattern := []byte(names[random.IntN(len(names))])
		for range 3 {
			some := []string{"*", "?", "[A-m]", "[n-Z]", "[^AEIOU]", "M", "E", "-", "\\-"}[random.IntN(9)]
			at := random.IntN(len(pattern))
			pattern = slices.Replace(pattern, at, at+1, []byte(some)...)
		}
		pattern = append(bytes.ToUpper(pattern[:1]), append(pattern[1:], '*')...)
		var theirs, ours []string
		for name := range r.must("CONFIG", "GET", string(pattern)).(map[any]any) {
			theirs = append(theirs, name.(string))
		}
		slices.Sort(theirs)
		for _, name := range names {
			if GlobFold(string(pattern), []byte(name)) {
				ours = append(ours, name)
			}
		}
		if !slices.Equal(ours, theirs) {
			t.Fatalf("GlobFold(%q) matches\n  %q, CONFIG GET\n  %q", pattern, ours, theirs)
		}
	}
}

// Whoever tries each * at each place needs longer than there is.
func TestGlobDoesNotTakeForEver(t *testing.T) {
	pattern := strings.Repeat("a*", 200) + "b"
	s := bytes.Repeat([]byte("a"), 1024)
	began := time.Now()
	for range 10 {
		if Glob(pattern, s) {
			t.Fatal("it matches")
		}
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("10 times took %v", took)
	}
}

// slowGlob says in the fewest words what Glob has to do; it may take for ever.
func slowGlob(pattern string, s []byte) bool {
	switch {
	case len(s) == 0:
		return strings.Trim(pattern, "*") == ""
	case pattern == "":
		return false
	case pattern[0] == '*':
		return slowGlob(pattern[1:], s) || slowGlob(pattern, s[1:])
	}
	n, ok := matchOne(pattern, s[0], false)
	return ok && slowGlob(pattern[n:], s[1:])
}

func FuzzGlob(f *testing.F) {
	f.Add("a*b?[a-c]\\*", "a-b-b*")
	f.Add("*a*b*", "ab")
	f.Add("[^", "x")
	f.Fuzz(func(t *testing.T, pattern, s string) {
		GlobFold(pattern, []byte(s))
		got := Glob(pattern, []byte(s))
		if len(pattern) > 9 || len(s) == 0 || len(s) > 9 {
			return
		}
		if want := slowGlob(pattern, []byte(s)); got != want {
			t.Errorf("Glob(%q, %q) = %v", pattern, s, got)
		}
	})
}
