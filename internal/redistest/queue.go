package redistest

import (
	"sync"
	"time"
)

// maxQueued is how many bytes a connection may have inside the wire.
const maxQueued = 1 << 20

// chunk is what one read got from the client, and when it may leave.
type chunk struct {
	data []byte
	due  time.Time
}

// queue is the delay line of one connection, from client to server.
type queue struct {
	changed sync.Cond // something below has changed

	mu     sync.Mutex // guards what follows
	chunks []chunk
	bytes  int
	held   bool // nothing leaves
	ended  bool // nothing more will be pushed
	gone   bool // everything, and all that is pushed, is discarded
}

func newQueue() *queue {
	q := &queue{}
	q.changed.L = &q.mu
	return q
}

// push takes data, which the caller leaves alone from then on, to be due after
// delay. When the queue is full it waits for room, as a slow network would make
// the sender wait; while the queue is held there will be none, and it returns
// false.
func (q *queue) push(data []byte, delay time.Duration) bool {
	due := time.Now().Add(delay)
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.gone && q.bytes+len(data) > maxQueued {
		if q.held {
			return false
		}
		q.changed.Wait()
	}
	if q.gone {
		return true
	}
	q.chunks = append(q.chunks, chunk{data, due})
	q.bytes += len(data)
	q.changed.Broadcast()
	return true
}

// pop waits for the first chunk to be due and not held, and takes it. It returns
// nil when there will be no more.
func (q *queue) pop() []byte {
	q.mu.Lock()
	defer q.mu.Unlock()
	for !q.gone {
		switch {
		case len(q.chunks) == 0 && q.ended:
			return nil
		case len(q.chunks) == 0 || q.held:
			q.changed.Wait()
		default:
			if wait := time.Until(q.chunks[0].due); wait > 0 {
				q.waitFor(wait)
				continue
			}
			return q.take()
		}
	}
	return nil
}

// waitFor waits for a change, but no longer than d; the caller holds mu. The
// timer takes the lock before it wakes anyone, so that it cannot fire between
// being set and the wait.
func (q *queue) waitFor(d time.Duration) {
	timer := time.AfterFunc(d, func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.changed.Broadcast()
	})
	defer timer.Stop()
	q.changed.Wait()
}

// take removes the first chunk; the caller holds mu.
func (q *queue) take() []byte {
	data := q.chunks[0].data
	q.chunks[0] = chunk{} // or the slice keeps the data
	q.chunks = q.chunks[1:]
	q.bytes -= len(data)
	q.changed.Broadcast()
	return data
}

// hold keeps everything in the queue, or lets it leave again.
func (q *queue) hold(on bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = on
	q.changed.Broadcast()
}

// end says that nothing more will be pushed; what is there still leaves.
func (q *queue) end() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.ended = true
	q.changed.Broadcast()
}

// discard empties the queue for good and says whether end was called before.
func (q *queue) discard() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.gone = true
	q.chunks, q.bytes = nil, 0
	q.changed.Broadcast()
	return q.ended
}
