package redlock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"redlock-proxy/internal/redistest"
)

// sameAnswers asks a simulated node and a real Redis the same and compares.
type sameAnswers struct {
	t      *testing.T
	random *rand.Rand
	real   *redis.Client
	node   *simNode
	conn   *simConn
	began  time.Time
	log    []string

	bend    func([]string) []string // what a node that differs makes of a command
	differs string                  // the first difference
}

// TestSimulatedNodeAnswersAsRedis is why the simulation can be believed: random
// commands and all of the product's scripts get the same answers from a
// simulated node as from a real Redis.
func TestSimulatedNodeAnswersAsRedis(t *testing.T) {
	t.Parallel()
	seed := uint64(time.Now().UnixNano())
	if *simulateSeed != 0 {
		seed = *simulateSeed
	}
	t.Logf("replay with -simulate.seed=%d", seed)
	c := newSameAnswers(t, seed)
	for range 3000 {
		c.step()
		if c.differs != "" {
			t.Fatalf("%s\nbefore:\n%s", c.differs, strings.Join(c.log[max(0, len(c.log)-12):], "\n"))
		}
	}
}

// TestASimulatedNodeThatDiffersWouldBeNoticed is the control: one that overlooks
// NX, as in the answer to a second acquire.
func TestASimulatedNodeThatDiffersWouldBeNoticed(t *testing.T) {
	t.Parallel()
	c := newSameAnswers(t, 1)
	c.bend = func(args []string) []string {
		return slices.DeleteFunc(slices.Clone(args), func(a string) bool { return a == "nx" })
	}
	for range 3000 {
		if c.step(); c.differs != "" {
			return
		}
	}
	t.Error("3000 steps did not show it")
}

func newSameAnswers(t *testing.T, seed uint64) *sameAnswers {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 0))
	c := &sameAnswers{t: t, random: random, real: redistest.Start(t, 1)[0].Client(), began: time.Now()}
	c.node = newSimNode(0, random, simClock{began: c.began, speed: 1})
	c.conn = c.node.accept(nil)
	s := newScripts()
	for _, one := range s.all() {
		c.ask("script", "load", one.source)
	}
	for _, source := range conversions {
		c.ask("script", "load", source)
	}
	return c
}

// conversions are what the product's scripts might come to rely on.
var conversions = []string{
	"return {1, 2.9, 'three', false, 5}", "return {ok='fine'}", "return {err='ERR bad'}", "return true", "return -7.9",
	"return redis.pcall('GET', KEYS[1])", "return redis.call('HGET', KEYS[1], 'f')", "return redis.call('TYPE', KEYS[1]).ok",
	"return redis.call('SET', KEYS[1], 3, 'PX', 1e6)", "return redis.call('SET', KEYS[1], 2.5, 'PX', ARGV[1])",
	"return redis.call('SET', KEYS[1], ARGV[1], 'PX', 2^53)", "return {redis.call('EXISTS', KEYS[1]), {redis.call('GET', KEYS[1])}}",
	"return redis.call('SET', KEYS[1], 1785012345123456 + 0, 'KEEPTTL')", "return tostring(12) .. 13", "return #ARGV", "x = 1", "return y",
	"return string.format('%.0f', 1785012345123456 + 1)", "return tonumber('1785012345123456') - 1785012345000000",
	"return redis.error_reply('ERR told')", "return redis.status_reply('told')", "return nil", "return {}",
	"redis.call('SET', KEYS[1], 'a') redis.call('PEXPIRE', KEYS[1], 'no') return 1", "return redis.call('SET', KEYS[1], {})",
}

func (c *sameAnswers) step() {
	keys := []string{"a", "b", "c"}
	key := keys[c.random.IntN(len(keys))]
	tokens := []string{"t", "token", "t\x00xxxxyz"}
	token := tokens[c.random.IntN(len(tokens))]
	value := token + "\x00" + pick(c.random, "ownr", "OWNR") + pick(c.random, "t", "k") + pick(c.random, "abc", "xyz")
	ttl := strconv.Itoa(20_000 + 10_000*c.random.IntN(5))
	s := newScripts()
	switch c.random.IntN(18) {
	case 0, 1:
		c.ask("set", key, pick(c.random, token, value), "px", ttl, "nx", "get")
	case 2, 3:
		c.ask("evalsha", s.acquire.sha, "1", key, token, value, ttl)
	case 4, 5:
		c.ask("evalsha", s.extend.sha, "1", key, token, value, ttl)
	case 6, 7:
		kind := pick(c.random, byToken, byValue, byNonce, byOwner)
		what := token
		if kind == byValue {
			what = value
		}
		c.ask("evalsha", s.release.sha, "1", key, kind, what, pick(c.random, "abc", "xyz", "ownr", "OWNR"), pick(c.random, "", "__redlock:1"), "me")
	case 8, 9:
		c.plain(key, value, ttl)
	case 10, 11:
		sha := redis.NewScript(conversions[c.random.IntN(len(conversions))]).Hash()
		c.ask("evalsha", sha, "1", key, pick(c.random, value, ttl))
	case 12:
		c.hash(key)
	case 13:
		c.lapse(key)
	case 14, 15:
		c.fence(&s, key, token, value, ttl)
	case 16:
		until := strconv.FormatInt(time.Now().Add(time.Duration(c.random.IntN(4)-1)*time.Hour).UnixMicro(), 10)
		c.ask("evalsha", s.repair.sha, "2", key, fenceKey(key), value, until, pick(c.random, "0", "1785012345123456"), ttl)
	case 17:
		c.member(&s)
	}
	c.ask("get", fenceKey(key))
	c.ask("pttl", key)
	c.ask("get", key)
}

// fence asks for one that is near the clocks or far off, or next to the last.
func (c *sameAnswers) fence(s *scripts, key, token, value, ttl string) {
	offset := []time.Duration{0, time.Hour, -time.Hour}[c.random.IntN(3)]
	fence := strconv.FormatInt(time.Now().Add(offset).UnixMicro(), 10)
	if last, err := c.real.Get(c.t.Context(), fenceKey(key)).Int64(); err == nil && c.random.IntN(2) == 0 {
		fence = strconv.FormatInt(last+int64(c.random.IntN(3))-1, 10)
	}
	c.ask("evalsha", s.fence.sha, "2", key, fenceKey(key), token, value, ttl, fence, ttl, "60000000", "60000000")
}

// member reads the record, or puts a new one in the place of one that may not
// be there.
func (c *sameAnswers) member(s *scripts) {
	args := []string{"evalsha", s.member.sha, "1", memberKey, strconv.Itoa(1000 * c.random.IntN(9)), pick(c.random, "1", "2")}
	old := &record{format: 2, state: pick(c.random, "", admitted, quarantined), run: "r", set: "s", memory: pick(c.random, "", "x", "y")}
	if c.random.IntN(2) == 0 {
		if old.state == "" {
			old = &record{memory: old.memory}
		}
		next := &record{format: 2, state: pick(c.random, admitted, quarantined), run: "r", set: "s", nodes: 3, ttl: time.Second, names: []string{"a", "b"}, memory: pick(c.random, "x", "y")}
		if c.random.IntN(4) == 0 {
			next = &record{memory: next.memory}
		}
		for _, a := range append(old.identity(), next.fields()...) {
			args = append(args, fmt.Sprint(a))
		}
	}
	c.ask(args...)
	c.ask("hgetall", memberKey)
}

func (c *sameAnswers) plain(key, value, ttl string) {
	switch c.random.IntN(11) {
	case 10:
		c.ask("incr", pick(c.random, key, "b", "n"))
	case 0:
		c.ask("del", key, "b")
	case 1:
		c.ask("exists", key, "b", "b")
	case 2:
		c.ask("pexpire", key, pick(c.random, ttl, "0", "-5", "no"))
	case 3:
		c.ask("pexpire", key, ttl, pick(c.random, "nx", "xx", "gt", "lt"))
	case 4:
		c.ask("set", key, value, pick(c.random, "keepttl", "xx", "nx", "get", "px"))
	case 5:
		c.ask("set", key, value, "px", pick(c.random, ttl, "0", "-1", "1.5", "x"), pick(c.random, "get", "nx", "keepttl", "xx"))
	case 6:
		c.ask("type", key)
	case 7:
		c.ask("publish", "__redlock:x", value)
	case 8:
		c.ask("evalsha", strings.Repeat("0", 40), "1", key)
	case 9:
		c.ask("ping")
	}
}

func (c *sameAnswers) hash(key string) {
	field := pick(c.random, "f", "g", "h")
	switch c.random.IntN(6) {
	case 0, 1:
		c.ask("hset", key, field, field+field, "g", "new")
	case 2:
		c.ask("hget", key, field)
	case 3:
		c.ask("hmget", key, "f", field, "none")
	case 4:
		c.ask("hgetall", key)
	case 5:
		c.ask("hdel", key, field, "none")
	}
}

// lapse lets a key come to its end by the clock at both.
func (c *sameAnswers) lapse(key string) {
	c.ask("pexpire", key, "2")
	gone := func() bool { return c.real.Exists(c.t.Context(), key).Val() == 0 }
	eventually(c.t, "the real key has lapsed", gone)
	// Both have the same clock, but ours was told later to begin.
	eventually(c.t, "the simulated key has lapsed", func() bool {
		return c.node.execute(c.conn, []string{"exists", key}, time.Now()) == int64(0)
	})
}

func pick(random *rand.Rand, choices ...string) string { return choices[random.IntN(len(choices))] }

func (c *sameAnswers) ask(args ...string) {
	c.t.Helper()
	command := make([]any, len(args))
	for i, a := range args {
		command[i] = a
	}
	want, err := c.real.Do(c.t.Context(), command...).Result()
	if err != nil && !isReply(err) && !errors.Is(err, redis.Nil) {
		c.t.Fatalf("%q: %v", args, err)
	}
	cmd := redis.NewCmd(context.Background())
	mine := args
	if c.bend != nil {
		mine = c.bend(args)
	}
	simReply(cmd, c.node.execute(c.conn, mine, time.Now()))
	got, gotErr := cmd.Result()
	c.log = append(c.log, fmt.Sprintf("%q: %#v %v", args, want, err))
	if !alike(args[0], got, want) || told(gotErr) != told(err) {
		c.differs = fmt.Sprintf("%q\n     the real node: %#v, error %v\nthe simulated one: %#v, error %v", args, want, err, got, gotErr)
	}
}

// alike compares answers. What is left of a ttl differs by the moment between
// the two questions, which on a busy machine is long.
func alike(command string, got, want any) bool {
	if left, is := want.(int64); is && command == "pttl" && left > 0 {
		mine, _ := got.(int64)
		return mine > 0 && max(mine-left, left-mine) < 5000
	}
	if a, b, are := readings(got, want); are {
		return a.near(b)
	}
	if command == "hgetall" {
		return reflect.DeepEqual(inOrder(got), inOrder(want))
	}
	return reflect.DeepEqual(got, want)
}

// readings are two answers of memberScript, or refusals by fenceScript, in which
// the moment shows.
func readings(got, want any) (a, b lookAnswer, are bool) {
	a, one := readReading(got)
	b, two := readReading(want)
	return a, b, one && two
}

type lookAnswer struct {
	clock int64
	rest  []string
}

func readReading(reply any) (r lookAnswer, is bool) {
	all, _ := reply.([]any)
	if clock, rec, err := readLook(reply); err == nil {
		return lookAnswer{clock, inOrder(all[2])}, rec.format == 0 || rec.format == memberFormat
	}
	var refusal *fenceError
	if a := readFenceRefusal(all); errors.As(a.err, &refusal) && refusal.bound > 0 {
		return lookAnswer{refusal.bound, []string{refusal.why}}, true
	}
	return lookAnswer{}, false
}

func (r lookAnswer) near(other lookAnswer) bool {
	return max(r.clock-other.clock, other.clock-r.clock) < 5e6 && slices.Equal(r.rest, other.rest)
}

// inOrder sorts the fields of a hash, of which Redis promises no order.
func inOrder(reply any) []string {
	var pairs []string
	if m, is := reply.(map[any]any); is {
		for name, value := range m {
			pairs = append(pairs, fmt.Sprint(name, "=", value))
		}
	}
	if all, is := reply.([]any); is {
		for i := 0; i+1 < len(all); i += 2 {
			pairs = append(pairs, fmt.Sprint(all[i], "=", all[i+1]))
		}
	}
	slices.Sort(pairs)
	return pairs
}

// told is an error without what Redis adds of the script's name and line.
func told(err error) string {
	if err == nil {
		return ""
	}
	text, _, _ := strings.Cut(err.Error(), " script: ")
	if _, after, found := strings.Cut(text, "user_script:"); found { // and in front of Lua's own
		_, text, _ = strings.Cut(after, ": ")
	}
	return text
}
