package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"
)

// TestRun does a short run in earnest. It fails when a lock was lost, or when a
// node has a key left.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p, err := parse([]string{"-rates", "2", "-time", "300ms", "-warm-up", "100ms", "-connections", "8"})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := run(ctx, p, &out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"peak", "2 times the peak", "| load |"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the report lacks %q:\n%s", want, &out)
		}
	}
}

func TestWhatComesBackIsCounted(t *testing.T) {
	var c counts
	lock, unlock := sent{resource: "a"}, sent{}
	for reply, s := range map[string]sent{"granted": lock, ":1": unlock, ":0": unlock, "-LIMIT x": lock, "-NOQUORUM x": unlock, "-TOOLATE x": lock, "*-1": lock} {
		c.note(s, []byte(reply), time.Second)
	}
	if c.granted != 1 || c.pairs != 1 || c.lost != 1 || c.limit != 1 || c.unreleased != 1 || c.otherErrors != 1 || c.nulls != 1 {
		t.Errorf("counted %+v", c)
	}
}

func TestWrongFlags(t *testing.T) {
	for _, args := range [][]string{{"-rates", "0"}, {"-rates", "x"}, {"-connections", "0"}, {"-time", "0s"}} {
		if _, err := parse(args); err == nil {
			t.Errorf("%q was taken", args)
		}
	}
}
