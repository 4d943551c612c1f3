package callers

import (
	"encoding/json"
	"testing"
	"time"
)

func TestTimesSurviveTheirJSON(t *testing.T) {
	a := NewTimes()
	for i := range 1000 {
		a.Record(time.Duration(i+1) * time.Millisecond)
	}
	a.Record(time.Hour) // counts as the longest
	a.Record(0)
	text, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	b := NewTimes()
	if err := json.Unmarshal(text, b); err != nil {
		t.Fatal(err)
	}
	b.Merge(a) // the same again changes no percentile
	if a.Count() != 1002 || b.Count() != 2004 {
		t.Errorf("got %d and %d times, want 1002 and twice as many", a.Count(), b.Count())
	}
	for percent, want := range map[float64]time.Duration{50: 500 * time.Millisecond, 99: 991 * time.Millisecond, 100: longest} {
		for _, times := range []*Times{a, b} {
			if got := times.Percentile(percent); got < want*998/1000 || got > want*1002/1000 {
				t.Errorf("%v%%: got %v, want %v", percent, got, want)
			}
		}
	}
	if got := NewTimes().Percentile(50); got != 0 {
		t.Errorf("of no times: got %v, want 0", got)
	}
}

func TestTimesThatAreNone(t *testing.T) {
	if err := json.Unmarshal([]byte(`{"a":1}`), NewTimes()); err == nil {
		t.Error("got no error")
	}
}
