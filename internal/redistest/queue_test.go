package redistest

import (
	"testing"
	"time"
)

func TestChunksThatArriveApartEachWaitTheirDelay(t *testing.T) {
	const delay = 200 * time.Millisecond
	q := newQueue()
	arrived := make(map[string]time.Time)
	for _, data := range []string{"a", "b", "c"} {
		arrived[data] = time.Now()
		if !q.push([]byte(data), delay) {
			t.Fatal("refused")
		}
	}
	start := time.Now()
	for _, want := range []string{"a", "b", "c"} {
		got := string(q.pop())
		if waited := time.Since(arrived[want]); got != want || waited < delay {
			t.Errorf("got %q after %v, want %q after %v", got, waited, want, delay)
		}
	}
	if took := time.Since(start); took >= 3*delay { // what it takes one after the other
		t.Errorf("three chunks took %v, want about one delay of %v", took, delay)
	}
}

func TestShorterDelayDoesNotOvertake(t *testing.T) {
	q := newQueue()
	q.push([]byte("slow"), brief)
	q.push([]byte("fast"), 0)
	if got := string(q.pop()); got != "slow" {
		t.Errorf("got %q first, want slow", got)
	}
	if got := string(q.pop()); got != "fast" {
		t.Errorf("got %q second, want fast", got)
	}
}

func TestFullQueueMakesTheSenderWait(t *testing.T) {
	q := newQueue()
	q.push(make([]byte, maxQueued), 0)
	pushed := make(chan bool)
	go func() { pushed <- q.push([]byte("more"), 0) }()
	select {
	case <-pushed:
		t.Fatal("the queue took more than it may")
	case <-time.After(brief):
	}
	q.pop()
	if !<-pushed {
		t.Error("refused though there is room again")
	}
}

func TestFullQueueRefusesOnceItIsHeld(t *testing.T) {
	q := newQueue()
	q.push(make([]byte, maxQueued), 0)
	pushed := make(chan bool)
	go func() { pushed <- q.push([]byte("more"), 0) }()
	q.hold(true)
	if <-pushed {
		t.Error("a full, held queue took more")
	}
}

func TestDiscardEndsWhoeverWaits(t *testing.T) {
	for name, prepare := range map[string]func(*queue){
		"empty":   func(*queue) {},
		"held":    func(q *queue) { q.hold(true); q.push([]byte("x"), 0) },
		"delayed": func(q *queue) { q.push([]byte("x"), time.Hour) },
	} {
		q := newQueue()
		prepare(q)
		popped := make(chan []byte)
		go func() { popped <- q.pop() }()
		q.discard()
		if got := <-popped; got != nil {
			t.Errorf("%s: got %q", name, got)
		}
		if !q.push([]byte("late"), 0) || q.bytes != 0 {
			t.Errorf("%s: a discarded queue must swallow", name)
		}
	}
}
