package proxy

import (
	"io"
	"sync"
	"sync/atomic"
)

// reader takes whole commands from a stream. While it waits for one to begin
// it holds only a small buffer.
type reader struct {
	source io.Reader
	guard  framing
	pool   *sync.Pool // of *[]byte, largeRead long

	small  [smallRead]byte
	large  *[]byte // from the pool, nil when not needed
	grown  []byte  // for a command larger than that
	buf    []byte  // one of the three
	start  int     // the first byte not consumed
	end    int     // behind the last byte read
	filled bool    // the last read filled the buffer: there is more to come
	reads  uint64  // how many times something came, what overran the buffer counted as one

	// waiting: a read is under way, which would see a hang-up.
	waiting atomic.Bool
}

func newReader(source io.Reader, pool *sync.Pool) *reader {
	r := &reader{source: source, pool: pool}
	r.buf = r.small[:]
	return r
}

// next gives the next whole command, valid until the call after. The error is
// a protocolError, or what the source said.
func (r *reader) next(limits framingLimits) ([]byte, error) {
	r.guard.limits = limits
	for {
		if r.start < r.end {
			packet, n, err := r.guard.next(r.buf[r.start:r.end])
			if err != nil {
				return nil, err
			}
			r.start += n
			if packet != nil {
				return packet, nil
			}
			if n > 0 {
				continue
			}
		}
		if err := r.fill(); err != nil {
			return nil, err
		}
	}
}

// fill reads once, into a buffer that suits.
func (r *reader) fill() error {
	r.makeRoom()
	r.waiting.Store(true)
	n, err := r.source.Read(r.buf[r.end:])
	r.waiting.Store(false)
	if !r.filled {
		r.reads++
	}
	r.end += n
	r.filled = r.end == len(r.buf)
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// makeRoom goes back to the small buffer when nothing is left and nothing more
// is expected, and to larger ones as needed. What is needed is bounded, as the
// guard refuses a command over its limits before it has arrived.
func (r *reader) makeRoom() {
	rest := r.buf[r.start:r.end]
	switch {
	case len(rest) == 0 && !r.filled:
		r.release()
	case r.large == nil && r.grown == nil && r.filled:
		r.large, _ = r.pool.Get().(*[]byte)
		if r.large == nil {
			b := make([]byte, largeRead)
			r.large = &b
		}
		r.move(*r.large, rest)
	case r.start > 0:
		r.move(r.buf, rest)
	}
	if r.end == len(r.buf) {
		r.grown = make([]byte, 2*len(r.buf))
		r.move(r.grown, r.buf[:r.end])
		if r.large != nil {
			r.pool.Put(r.large)
			r.large = nil
		}
	}
}

func (r *reader) move(to, rest []byte) {
	r.end = copy(to, rest)
	r.start = 0
	r.buf = to
}

// release gives the large buffers back.
func (r *reader) release() {
	if r.large != nil {
		r.pool.Put(r.large)
	}
	r.large, r.grown = nil, nil
	r.guard.forget()
	r.buf = r.small[:]
	r.start, r.end = 0, 0
}
