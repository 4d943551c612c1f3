package usage

import (
	"os"
	"testing"
	"time"
)

func TestWhatWeUse(t *testing.T) {
	before, err := Of(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	if before.Memory < 1<<20 {
		t.Errorf("got %d bytes of memory, want at least a MiB", before.Memory)
	}
	const busy = 100 * time.Millisecond
	deadline := time.Now().Add(20 * time.Second)
	for {
		now, err := Of(os.Getpid())
		if err != nil {
			t.Fatal(err)
		}
		if now.CPU-before.CPU >= busy {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("got %v of the processor while we were busy, want %v", now.CPU-before.CPU, busy)
		}
	}
	twice, err := Of(os.Getpid(), os.Getpid())
	if err != nil || twice.CPU < 2*busy || twice.Memory < 2<<20 {
		t.Errorf("two processes: got %+v, %v; want their sum", twice, err)
	}
}

func TestAProcessThatHasEnded(t *testing.T) {
	const none = 1 << 30
	if u, err := Of(none); err != nil || u != (Usage{}) {
		t.Errorf("got %+v, %v; want nothing", u, err)
	}
}
