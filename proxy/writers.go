package proxy

import (
	"runtime"
	"sync"
)

// writers are goroutines that write replies, for all connections. One made for
// each reply would have to make its stack anew each time, and to be scheduled. They
// never wait for a client: who does not take his replies at once, or has TLS,
// gets a goroutine of his own.
type writers struct {
	mu          sync.Mutex
	there       sync.Cond // somebody is in the queue, or it is closed
	first, last *connection
	closed      bool
}

// start starts them. As many as write at the same time, and a second in case
// that one is in the kernel for longer.
func (w *writers) start(work *sync.WaitGroup) {
	w.there.L = &w.mu
	for range max(2, runtime.GOMAXPROCS(0)) {
		work.Go(func() {
			for c := w.next(); c != nil; c = w.next() {
				c.writeReady()
			}
		})
	}
}

// add queues a connection that has something to write, and is not in the queue.
func (w *writers) add(c *connection) {
	w.mu.Lock()
	if w.last == nil {
		w.first = c
	} else {
		w.last.behind = c
	}
	w.last = c
	w.mu.Unlock()
	w.there.Signal()
}

// next waits for a connection; nil when there will be no more.
func (w *writers) next() *connection {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.first == nil && !w.closed {
		w.there.Wait()
	}
	c := w.first
	if c == nil {
		return nil
	}
	w.first, c.behind = c.behind, nil
	if w.first == nil {
		w.last = nil
	}
	return c
}

// close ends them when the queue is empty.
func (w *writers) close() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.there.Broadcast()
}
