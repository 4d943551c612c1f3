package redlock

import (
	"cmp"
	"context"
	"hash/maphash"
	"slices"
	"strconv"
	"time"
)

// What the nodes say of a resource, see Survey.State.
const (
	SurveyFree      = "free"      // no node that answered has a value
	SurveyHeld      = "held"      // a majority has the same token
	SurveyContested = "contested" // there are values, and no token was seen on a majority
	SurveyUnknown   = "unknown"   // fewer than a majority answered
)

// Survey is what the nodes say of a resource at one moment. It has no token.
type Survey struct {
	State string // SurveyFree, SurveyHeld, SurveyContested or SurveyUnknown
	// Votes is how many nodes have the token that most have; Needed make a
	// majority.
	Votes, Needed int
	// Left, while it is held, is when a majority will not have it any more, in
	// milliseconds; LeftForEver if the key of a majority has no ttl.
	Left int64
	// Fence is the last that any node has accepted, 0 if there is none. That of
	// an attempt which was not granted counts too.
	Fence int64
	// Waiters are the Locks that wait for it in this process.
	Waiters int
	// Hold is what extends the lock in this process, or nil.
	Hold *Hold
	// Mark is Quorum.Mark of the holder's token, while it is held.
	Mark  uint64
	Nodes []NodeSurvey // in the order of Options.Nodes
}

// LeftForEver is Left of a key that has no ttl.
const LeftForEver = lastsForEver

// NodeSurvey is what one node says of a resource.
type NodeSurvey struct {
	Name string
	// Value is 0 when nothing is there. Nodes with one token have one number; that
	// of most nodes is 1.
	Value int
	Left  int64 // of the key, in milliseconds, or LeftForEver
	Fence int64 // the last that it has accepted, or 0
	// Err is why the node is not counted: it did not answer, or it has nothing and
	// may have forgotten it.
	Err error
}

// Mark is a number for a token, by which this process can tell that it has seen
// the token before without keeping it. It says nothing to anybody else.
func (q *Quorum) Mark(token string) uint64 { return maphash.String(q.queue.seed, token) }

// Survey asks all nodes what they have for a resource, and changes nothing.
//
// Errors: an *ArgumentError, ErrClosed or ctx.Err(). That too few nodes answer is
// none: State says so.
func (q *Quorum) Survey(ctx context.Context, resource string) (Survey, error) {
	return await(ctx, func(done func(Survey, error)) { q.StartSurvey(Request{Resource: resource}, done) })
}

// StartSurvey is Survey without waiting, of r.Resource. It takes its turn behind
// the calls of r.Session. done is called once, now or later, from another
// goroutine; it must not block.
func (q *Quorum) StartSurvey(r Request, done func(Survey, error)) {
	err := q.startSurvey(r, func(s *survey) { done(s.result, nil) })
	if err != nil {
		done(Survey{}, err)
	}
}

// survey is one under way.
type survey struct {
	quorum   *Quorum
	resource string
	done     func(*survey)
	answers  []answer
	tokens   []string // the different ones found, that of most nodes first
	result   Survey
}

// otherType stands for the token of a key that is no lock's: no string, or too long
// a one, as it would be if somebody kept other data on the nodes.
const otherType = "\x00type"

func (q *Quorum) startSurvey(r Request, done func(*survey)) error {
	if err := q.checkResource(r); err != nil {
		return err
	}
	if !q.begin() {
		return ErrClosed
	}
	s := &survey{quorum: q, resource: r.Resource, done: done}
	q.queue.start(&task{quorum: q, request: r, op: inspect, survey: s})
	return nil
}

// ask sends it to every node. The caller holds the shard's lock.
func (s *survey) ask(f *fanOut) {
	q := s.quorum
	key, now := q.key(s.resource), time.Now()
	r := &request{op: inspect, key: key, made: now, expires: now.Add(q.options.NodeTimeout)}
	r.command = q.scripts.surveyCommand([]string{key}, fenceKey(key))
	r.ballot = newBallot(s, len(q.nodes), q.needed)
	f.send(q, r)
}

// surveyCommand asks what is there for keys, and for the last fence of one of
// them if its key is not empty.
func (s *scripts) surveyCommand(keys []string, fence string) []byte {
	words := []string{"evalsha", s.survey.sha, strconv.Itoa(len(keys))}
	words = append(words, keys...)
	if fence != "" {
		words = append(words, fence)
	}
	return appendWords(appendArray(nil, len(words)), words...)
}

// found is what a node has for the lock with that number in surveyCommand.
func (a *answer) found(i int) (token string, left int64, there bool) {
	if a.verdict != yes || a.array == nil || len(a.array.items) < 2*i+2 {
		return "", 0, false
	}
	left, _ = a.array.items[2*i+1].(int64)
	switch v := a.array.items[2*i].(type) {
	case string:
		return tokenOf(v), left, true
	case int64:
		return otherType, left, true
	}
	return "", 0, false
}

// decide implements voter: when all have answered.
func (s *survey) decide(b *ballot) bool {
	if b.tally.pending() > 0 {
		return false
	}
	s.answers = b.copyAnswers()
	return true
}

func (s *survey) settle() {
	for i := range s.answers {
		if a := &s.answers[i]; a.verdict == yes && a.err != nil {
			if _, _, there := a.found(0); !there {
				a.verdict = forgot
			}
		}
	}
	s.count()
	s.judge()
	s.lookHere()
	s.done(s)
}

func (s *survey) complete() { s.quorum.end() }

// count finds the tokens and numbers them.
func (s *survey) count() {
	votes := map[string]int{}
	for i := range s.answers {
		if token, _, there := s.answers[i].found(0); there {
			if votes[token] == 0 {
				s.tokens = append(s.tokens, token)
			}
			votes[token]++
		}
	}
	slices.SortStableFunc(s.tokens, func(a, b string) int { return cmp.Compare(votes[b], votes[a]) })
	if len(s.tokens) > 0 {
		s.result.Votes = votes[s.tokens[0]]
	}
	for i, n := range s.quorum.nodes {
		s.result.Nodes = append(s.result.Nodes, s.node(n.name, &s.answers[i]))
	}
}

func (s *survey) node(name string, a *answer) NodeSurvey {
	if a.verdict != yes {
		return NodeSurvey{Name: name, Err: a.err}
	}
	n := NodeSurvey{Name: name}
	if token, left, there := a.found(0); there {
		n.Value, n.Left = slices.Index(s.tokens, token)+1, left
	}
	if a.array != nil && len(a.array.items) > 2 {
		text, _ := a.array.items[2].(string)
		n.Fence, _ = strconv.ParseInt(text, 10, 64)
	}
	return n
}

// judge says what the counts mean.
func (s *survey) judge() {
	r := &s.result
	r.Needed = s.quorum.needed
	answered := 0
	var left []int64
	for _, n := range r.Nodes {
		if n.Err == nil {
			answered++
		}
		if n.Value == 1 {
			left = append(left, n.Left)
		}
		r.Fence = max(r.Fence, n.Fence)
	}
	switch {
	case r.Votes >= r.Needed:
		r.State, r.Left = SurveyHeld, leftAtMajority(left, r.Needed)
	case answered < r.Needed:
		r.State = SurveyUnknown
	case len(s.tokens) == 0:
		r.State = SurveyFree
	default:
		r.State = SurveyContested
	}
}

// leftAtMajority is for how long a majority will have a key, of what PTTL said
// at the nodes that have it, which are needed or more.
func leftAtMajority(left []int64, needed int) int64 {
	longest := func(a, b int64) int {
		if a == lastsForEver || b == lastsForEver {
			return cmp.Compare(a, b) // it is the least number and the longest time
		}
		return cmp.Compare(b, a)
	}
	slices.SortFunc(left, longest)
	return left[needed-1]
}

// lookHere adds what this process knows.
func (s *survey) lookHere() {
	q := s.quorum
	if s.result.State == SurveyHeld {
		s.result.Hold = q.keeper.held(s.resource, s.tokens[0])
		s.result.Mark = q.Mark(s.tokens[0])
	}
	q.queue.visit(s.resource, func(l *line, _ *fanOut) { s.result.Waiters = l.places.length })
}

// await turns a call that was started into one that is waited for. When ctx ends
// first, its outcome is dropped.
func await[T any](ctx context.Context, start func(done func(T, error))) (T, error) {
	type result struct {
		value T
		err   error
	}
	results := make(chan result, 1)
	start(func(value T, err error) { results <- result{value, err} })
	select {
	case r := <-results:
		return r.value, r.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}
