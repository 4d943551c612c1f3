package redlock

import (
	"context"
	"errors"
	"fmt"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	// MaxList is the most keys that one List asks a node to look at.
	MaxList = 1000
	// maxListings bounds the Lists under way, each of which keeps a page.
	maxListings = 16
	// listBatch is how many keys go into one question: a node that answers it
	// keeps locks waiting for less than a millisecond.
	listBatch = 256
)

// ListRequest asks for a page of the locks that are held.
type ListRequest struct {
	// Cursor is 0 to begin, and then what the last Page said.
	Cursor uint64
	// Count is about how many keys to look at, from 1 to MaxList.
	Count int
	// Match, if not nil, tells whether a resource is wanted. It must not block.
	Match func(resource string) bool
}

// Page is some of the locks that are held.
type Page struct {
	Cursor uint64 // for the next page; 0: this was the last
	Locks  []HeldLock
	// Skipped are the nodes that could not be searched since the iteration began.
	// With fewer than a majority of them it is still complete.
	Skipped []*NodeError
}

// HeldLock is a resource of which a majority has the same token.
type HeldLock struct {
	Resource string
	Left     int64 // until a majority has it no more, in milliseconds, or LeftForEver
	Votes    int   // the nodes that have that token
}

// ErrCursor is the error for a cursor that no Page of these nodes had.
var ErrCursor = errors.New("redlock: not a cursor of these nodes")

// errSkipped: the reason was told by an earlier page.
var errSkipped = errors.New("skipped earlier in this iteration")

// List searches the nodes, one after the other, for locks that a majority holds.
// Each call looks at about Count keys of one node, and asks the others for them.
//
// A lock that the same nodes hold from the first page to the last is listed, and
// once. One that is taken, released or brought to another node meanwhile may be
// listed, twice too, or not. A cursor is good for Quorums with the same nodes in
// the same order.
//
// Errors: a *QuorumError when too few nodes answer, and then the same cursor may
// be used again; ErrOverloaded, as when 16 are under way; ErrClosed;
// ErrCursor, or ctx.Err().
func (q *Quorum) List(ctx context.Context, r ListRequest) (Page, error) {
	return await(ctx, func(done func(Page, error)) { q.StartList(r, done) })
}

// StartList is List without waiting: done is called once, now or later, from
// another goroutine; it must not block.
func (q *Quorum) StartList(r ListRequest, done func(Page, error)) {
	at, valid := readPosition(r.Cursor, len(q.nodes))
	if !valid {
		done(Page{}, ErrCursor)
		return
	}
	if q.listings.Add(1) > maxListings {
		q.listings.Add(-1)
		done(Page{}, ErrOverloaded)
		return
	}
	if !q.begin() {
		q.listings.Add(-1)
		done(Page{}, ErrClosed)
		return
	}
	r.Count = min(max(r.Count, 1), MaxList)
	l := &listing{quorum: q, request: r, at: at, done: done}
	l.scan()
}

// position is where an iteration stands: at which node, which of those before it
// were skipped, and that node's own cursor.
type position struct {
	node    int
	skipped uint64 // a bit for each
	scan    uint64
}

func readPosition(cursor uint64, nodes int) (position, bool) {
	n := uint64(nodes)
	p := position{node: int(cursor % n)}
	p.skipped = cursor / n & (1<<n - 1)
	p.scan = cursor / n >> n
	return p, p.skipped>>p.node == 0
}

// cursor is the position as a number. It reports false when a node's own cursor
// is too large for that, which those of Redis are not.
func (p position) cursor(nodes int) (uint64, bool) {
	n := uint64(nodes)
	if p.node >= nodes {
		return 0, true
	}
	high, shifted := bits.Mul64(p.scan, 1<<n)
	higher, all := bits.Mul64(shifted|p.skipped, n)
	return all + uint64(p.node), high == 0 && higher == 0 && all+uint64(p.node) >= all
}

func (p position) skips(node int) bool { return p.skipped>>node&1 == 1 }

// listing is a List under way: first a node is searched, then all are asked what
// they have for a part of what was found, until nothing is left to ask for.
type listing struct {
	quorum  *Quorum
	request ListRequest
	at      position
	done    func(Page, error)

	found   []string // resources that are still to be asked for
	asking  []string // those that are asked for now; nil: the node is searched
	answers []answer
	next    position
	page    Page
}

// scan asks the node at the position for its next keys.
func (l *listing) scan() {
	q := l.quorum
	words := []string{"scan", strconv.FormatUint(l.at.scan, 10), "count", strconv.Itoa(l.request.Count), "type", "string"}
	if prefix := q.options.KeyPrefix; prefix != "" {
		words = append(words, "match", literally(prefix)+"*")
	}
	l.ask(appendWords(appendArray(nil, len(words)), words...), func(node int) bool { return node == l.at.node })
}

// literally is a pattern of Redis that only this text matches.
func literally(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}

// ask sends a question to some of the nodes; the others count as silent.
func (l *listing) ask(command []byte, wanted func(node int) bool) {
	q, now := l.quorum, time.Now()
	r := &request{op: inspect, command: command, made: now, expires: now.Add(q.options.NodeTimeout)}
	r.ballot = newBallot(l, len(q.nodes), q.needed)
	for i, n := range q.nodes {
		a := answer{verdict: failed}
		queued := false
		if wanted(i) {
			a, queued = n.lanes[0].push(r)
		}
		if !queued {
			r.ballot.vote(i, a)
		}
	}
}

// decide implements voter: when all have answered.
func (l *listing) decide(b *ballot) bool {
	if b.tally.pending() > 0 {
		return false
	}
	l.answers = b.copyAnswers()
	return true
}

func (l *listing) settle() {}

// complete goes on to the next question, or ends.
func (l *listing) complete() {
	var err error
	if l.asking == nil {
		err = l.searched(&l.answers[l.at.node])
	} else {
		err = l.counted()
	}
	if err == nil && len(l.found) > 0 {
		n := min(len(l.found), listBatch)
		l.asking, l.found = l.found[:n], l.found[n:]
		q := l.quorum
		keys := make([]string, n)
		for i, resource := range l.asking {
			keys[i] = q.key(resource)
		}
		l.ask(q.scripts.surveyCommand(keys, ""), func(int) bool { return true })
		return
	}
	l.end(err)
}

func (l *listing) end(err error) {
	q := l.quorum
	page := l.page
	if err != nil {
		page = Page{}
	}
	q.listings.Add(-1)
	l.done(page, err)
	q.end()
}

// searched takes in what the node has found. Where it could not search, the
// iteration goes on at the next one.
func (l *listing) searched(a *answer) error {
	next, keys, err := a.scanned()
	l.next = position{node: l.at.node, skipped: l.at.skipped, scan: next}
	if err == nil && next != 0 {
		if _, fits := l.next.cursor(len(l.quorum.nodes)); !fits {
			err = fmt.Errorf("its SCAN cursor %d is too large", next)
		}
	}
	if errors.Is(err, errLaneFull) {
		return ErrOverloaded
	}
	if err != nil {
		l.next.skipped |= 1 << l.at.node
		keys = nil
	}
	if err != nil || next == 0 {
		l.next.node, l.next.scan = l.at.node+1, 0
	}
	if err := l.tellSkipped(err); err != nil {
		return err
	}
	l.page.Cursor, _ = l.next.cursor(len(l.quorum.nodes))
	l.found = l.wanted(keys)
	return nil
}

// scanned reads what SCAN answers.
func (a *answer) scanned() (next uint64, keys []any, err error) {
	switch {
	case a.verdict != yes && a.err != nil:
		return 0, nil, a.err
	case a.verdict == yes && a.array != nil && len(a.array.items) == 2:
		text, _ := a.array.items[0].(string)
		keys, _ = a.array.items[1].([]any)
		next, err = strconv.ParseUint(text, 10, 64)
		if err == nil {
			return next, keys, nil
		}
	}
	return 0, nil, errors.New("unexpected answer to SCAN")
}

// tellSkipped lists the nodes that were skipped, the last of them for that reason,
// and fails when a majority could have a lock that no other node has.
func (l *listing) tellSkipped(why error) error {
	q := l.quorum
	answers := make([]answer, len(q.nodes))
	for i, n := range q.nodes {
		answers[i].verdict = yes
		if l.next.skips(i) {
			reason := errSkipped
			if i == l.at.node {
				reason = why
			}
			answers[i] = answer{verdict: failed, err: reason}
			l.page.Skipped = append(l.page.Skipped, &NodeError{Node: n.name, Err: reason})
		}
	}
	if len(l.page.Skipped) >= q.needed {
		return newQuorumError(q.nodes, q.needed, answers)
	}
	return nil
}

// wanted gives the resources among the keys, each once.
func (l *listing) wanted(keys []any) []string {
	prefix := l.quorum.options.KeyPrefix
	var all []string
	for _, k := range keys {
		key, _ := k.(string)
		resource, ours := strings.CutPrefix(key, prefix)
		switch {
		case !ours || strings.HasPrefix(key, reservedPrefix):
		case l.quorum.checkResource(Request{Resource: resource}) != nil:
		case l.request.Match != nil && !l.request.Match(resource):
		default:
			all = append(all, resource)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// counted takes in what the nodes have for the resources that were asked for.
func (l *listing) counted() error {
	q := l.quorum
	answered := 0
	for i := range l.answers {
		if l.answers[i].verdict == yes {
			answered++
		}
	}
	if answered < q.needed {
		return q.noQuorum(l.answers)
	}
	for i, resource := range l.asking {
		if lock, held := l.held(i); held {
			lock.Resource = resource
			l.page.Locks = append(l.page.Locks, lock)
		}
	}
	return nil
}

// held tells whether a majority has the lock with that number, and whether it is
// this node's to list: the first does that has it and is not skipped, so that it
// is listed once.
func (l *listing) held(i int) (HeldLock, bool) {
	q := l.quorum
	tokens := make([]string, len(q.nodes))
	for n := range l.answers {
		tokens[n], _, _ = l.answers[n].found(i)
	}
	for n, token := range tokens {
		var left []int64
		first := -1
		for m := n; m < len(tokens) && token != "" && token != otherType; m++ {
			if tokens[m] != token {
				continue
			}
			if first < 0 && !l.at.skips(m) {
				first = m
			}
			_, ms, _ := l.answers[m].found(i)
			left = append(left, ms)
		}
		if votes := len(left); votes >= q.needed {
			return HeldLock{Votes: votes, Left: leftAtMajority(left, q.needed)}, first == l.at.node
		}
	}
	return HeldLock{}, false
}
