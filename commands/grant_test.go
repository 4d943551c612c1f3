package commands_test

import (
	"reflect"
	"testing"
	"time"

	"redlock-proxy/commands"
)

func TestTheValidityIsWhatIsLeftWhenTheReplyIsWritten(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	before := time.Now()
	grant := c.grant("LOCK a 10000 TOKEN tok-a")
	after := time.Now()
	for _, later := range []time.Duration{0, time.Second, 9 * time.Second} {
		// 10000 - 100 - 2 ms, and what has passed since it began
		least := (9898*time.Millisecond - later - after.Sub(before)).Milliseconds()
		most := (9898*time.Millisecond - later).Milliseconds()
		g, is := grant.At(after.Add(later)).(*commands.Granted)
		if !is || g.Token != "tok-a" || g.Fence != 0 {
			t.Fatalf("%v later: got %#v, want token and validity", later, g)
		}
		if v := g.Validity; v < least || v > most {
			t.Errorf("%v later: validity %d, want %d to %d", later, v, least, most)
		}
	}
	if len(c.keys()) < 2 {
		t.Errorf("the lock is on the nodes %q, want a majority", c.keys())
	}
}

func TestAGrantThatIsWrittenTooLateIsUndone(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	grant := c.grant("LOCK a 10000 TOKEN tok-a")
	got := grant.At(time.Now().Add(9898 * time.Millisecond))
	if want := commands.Error("TOOLATE a majority of the nodes said yes when no validity was left, and it was undone; use a longer ttl, or find out why the nodes are slow"); got != want {
		t.Errorf("got %#v, want %#v", got, want)
	}
	c.wantNoKeys()
}

func TestAGrantThatIsNotDeliveredIsUndone(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.grant("LOCK a 60000 TOKEN tok-a").Undelivered()
	c.grant("TRYLOCK b 60000").Undelivered()
	c.wantNoKeys()
}

func TestUndoingLeavesAnEarlierGrantOfTheTokenAlone(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	first := c.grant("LOCK a 60000 TOKEN tok-a")
	again := c.grant("LOCK a 60000 TOKEN tok-a")
	again.Undelivered()
	first.Undelivered() // the token is in the hands of the second
	c.settle()
	if keys := c.keys(); len(keys) < 2 {
		t.Errorf("the lock is on the nodes %q, want a majority", keys)
	}
}

func TestAnExtensionIsNeverUndone(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	c.grant("LOCK a 60000 TOKEN tok-a")
	extension := c.grant("EXTEND a tok-a 10000")
	v, is := extension.At(time.Now()).(commands.Integer)
	if !is || v < 1 || v > 9898 {
		t.Errorf("got %#v, want a validity up to 9898", extension.At(time.Now()))
	}
	got := extension.At(time.Now().Add(9898 * time.Millisecond))
	if want := commands.Error("TOOLATE a majority of the nodes said yes when no validity was left; the lock may have lapsed, EXTEND again to find out"); !reflect.DeepEqual(got, want) {
		t.Errorf("got %#v, want %#v", got, want)
	}
	extension.Undelivered()
	c.want("UNLOCK a tok-a", commands.Integer(1))
}

func TestOptionsComeInAnyCase(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	for _, line := range []string{"lock a 60000 token tok-a", "LoCk a 60000 ToKeN tok-a", "TRYLOCK a 60000 TOKEN tok-a"} {
		c.grant(line)
	}
	// A value may look like an option.
	c.grant("LOCK b 60000 TOKEN TOKEN")
	c.want("UNLOCK b TOKEN", commands.Integer(1))
	c.want("UNLOCK a TOK-A", commands.Integer(0))
	c.want("UNLOCK a tok-a", commands.Integer(1))
}

func TestAFenceComesThird(t *testing.T) {
	t.Parallel()
	c := newCaller(t, "")
	var last int64
	for _, line := range []string{"LOCK a 10000 TOKEN tok-a FENCE", "LOCK a 10000 TOKEN tok-a fence", "TRYLOCK a 10000 FENCE TOKEN tok-a"} {
		g, is := c.grant(line).At(time.Now()).(*commands.Granted)
		if !is || g.Token != "tok-a" {
			t.Fatalf("%s: got %#v, want token, validity and fence", line, g)
		}
		if g.Fence <= last {
			t.Errorf("%s: fence %d after %d", line, g.Fence, last)
		}
		last = g.Fence
	}
}
