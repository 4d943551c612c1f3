package redlock

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// simKeys are the keys of a simulated node and the few commands that the
// product sends or calls from its scripts, with Redis' own sentences. A command
// that is missing ends the test: it has to be written, and compared with a real
// Redis (see TestSimulatedNodeAnswersAsRedis).
type simKeys struct {
	values map[string]*simValue
	micros int64 // the node's wall clock at the command that is being executed
	// readOnly: the node is a replica at that moment.
	readOnly bool
}

// simValue is a string or, if fields is not nil, a hash.
type simValue struct {
	text    string
	fields  []simField
	expires int64 // ms; 0: never
}

type simField struct{ name, value string }

// What Redis answers is nil, an int64, a string, one of these, or a []any.
type (
	simStatus string
	simError  string
)

func (e simError) Error() string { return string(e) }

// RedisError makes it a reply and not a broken connection, for go-redis too.
func (simError) RedisError() {}

const (
	simOK         = simStatus("OK")
	errSimType    = simError("WRONGTYPE Operation against a key holding the wrong kind of value")
	errSimReplica = simError("READONLY You can't write against a read only replica.")
	errSimSyntax  = simError("ERR syntax error")
	errSimInteger = simError("ERR value is not an integer or out of range")
)

func newSimKeys() *simKeys { return &simKeys{values: map[string]*simValue{}} }

func (k *simKeys) millis() int64 { return k.micros / 1000 }

// find looks a key up, and forgets it if its time is over: that is when the
// clock shows a later millisecond than the last one (Redis' keyIsExpired).
func (k *simKeys) find(key string) *simValue {
	v := k.values[key]
	if v != nil && v.expires != 0 && k.millis() > v.expires {
		delete(k.values, key)
		return nil
	}
	return v
}

// live lists the keys that have not expired.
func (k *simKeys) live() []string {
	var keys []string
	for key := range k.values {
		if k.find(key) != nil {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}

// run executes one command, which is not a script.
func (k *simKeys) run(args []string) any {
	name := strings.ToUpper(args[0])
	if k.readOnly && slices.Contains([]string{"SET", "PEXPIRE", "DEL", "INCR", "HSET", "HDEL"}, name) {
		return errSimReplica
	}
	switch name {
	case "SET":
		return k.set(args)
	case "PEXPIRE":
		return k.pexpire(args)
	case "DEL", "EXISTS":
		n := int64(0)
		for _, key := range args[1:] {
			if k.find(key) != nil {
				n++
				if name == "DEL" {
					delete(k.values, key)
				}
			}
		}
		return n
	case "PTTL":
		return k.pttl(args[1])
	case "TYPE":
		return k.kind(args[1])
	case "PUBLISH":
		return int64(0)
	case "TIME":
		return []any{strconv.FormatInt(k.micros/1e6, 10), strconv.FormatInt(k.micros%1e6, 10)}
	case "GET":
		return k.get(args[1])
	case "INCR":
		return k.incr(args[1])
	}
	return k.runHash(args)
}

func (k *simKeys) get(key string) any {
	switch v := k.find(key); {
	case v == nil:
		return nil
	case v.fields != nil:
		return errSimType
	default:
		return v.text
	}
}

func (k *simKeys) incr(key string) any {
	v := k.find(key)
	if v == nil {
		v = &simValue{text: "0"}
	}
	n, err := strconv.ParseInt(v.text, 10, 64)
	switch {
	case v.fields != nil:
		return errSimType
	case err != nil:
		return errSimInteger
	}
	v.text = strconv.FormatInt(n+1, 10)
	k.values[key] = v
	return n + 1
}

func (k *simKeys) kind(key string) simStatus {
	switch v := k.find(key); {
	case v == nil:
		return "none"
	case v.fields != nil:
		return "hash"
	default:
		return "string"
	}
}

func (k *simKeys) pttl(key string) int64 {
	switch v := k.find(key); {
	case v == nil:
		return -2
	case v.expires == 0:
		return -1
	default:
		return max(0, v.expires-k.millis())
	}
}

// setOptions are those of SET.
type setOptions struct {
	nx, xx, get, keep bool
	unit, time        string
	expires           int64
}

func (k *simKeys) setOptions(args []string) (setOptions, any) {
	var o setOptions
	for i := 3; i < len(args); i++ {
		switch option := strings.ToUpper(args[i]); option {
		case "NX":
			o.nx = true
		case "XX":
			o.xx = true
		case "GET":
			o.get = true
		case "KEEPTTL":
			o.keep = true
		case "PX", "PXAT":
			i++
			if i == len(args) || o.unit != "" {
				return o, errSimSyntax
			}
			o.unit, o.time = option, args[i]
		default:
			return o, errSimSyntax
		}
	}
	if o.nx && o.xx || o.keep && o.unit != "" {
		return o, errSimSyntax
	}
	if o.unit == "" {
		return o, nil
	}
	return o, k.expireAt(&o)
}

func (k *simKeys) expireAt(o *setOptions) any {
	ms, err := strconv.ParseInt(o.time, 10, 64)
	switch {
	case err != nil:
		return errSimInteger
	case ms <= 0:
		return simError("ERR invalid expire time in 'set' command")
	case o.unit == "PX":
		ms += k.millis()
	}
	o.expires = ms
	return nil
}

func (k *simKeys) set(args []string) any {
	o, wrong := k.setOptions(args)
	if wrong != nil {
		return wrong
	}
	key := args[1]
	old := k.find(key)
	var answer any = simOK
	if o.get {
		if answer = k.get(key); answer == errSimType {
			return answer
		}
	}
	if o.nx && old != nil || o.xx && old == nil {
		if o.get {
			return answer
		}
		return nil
	}
	v := &simValue{text: args[2], expires: o.expires}
	if o.keep && old != nil {
		v.expires = old.expires
	}
	k.values[key] = v
	return answer
}

func (k *simKeys) pexpire(args []string) any {
	ms, err := strconv.ParseInt(args[2], 10, 64)
	if err != nil {
		return errSimInteger
	}
	v := k.find(args[1])
	if v == nil {
		return int64(0)
	}
	at := ms + k.millis()
	now := v.expires
	if now == 0 {
		now = math.MaxInt64 // GT and LT take a key without a ttl for one that lasts for ever
	}
	for _, option := range args[3:] {
		option = strings.ToUpper(option)
		if option == "NX" && v.expires != 0 || option == "XX" && v.expires == 0 ||
			option == "GT" && at <= now || option == "LT" && at >= now {
			return int64(0)
		}
	}
	v.expires = at
	if ms <= 0 {
		delete(k.values, args[1])
	}
	return int64(1)
}

// runHash executes a command on a hash.
func (k *simKeys) runHash(args []string) any {
	name, key := strings.ToUpper(args[0]), args[1]
	v := k.find(key)
	if v != nil && v.fields == nil {
		return errSimType
	}
	if v == nil {
		v = &simValue{}
	}
	switch name {
	case "HGET":
		return v.field(args[2])
	case "HMGET":
		all := []any{}
		for _, f := range args[2:] {
			all = append(all, v.field(f))
		}
		return all
	case "HGETALL":
		all := []any{}
		for _, f := range v.fields {
			all = append(all, f.name, f.value)
		}
		return all
	case "HSET":
		return k.hset(key, v, args[2:])
	case "HDEL":
		return k.hdel(key, v, args[2:])
	}
	panic("the simulated node has no command " + name + ": add it")
}

func (v *simValue) index(field string) int {
	return slices.IndexFunc(v.fields, func(f simField) bool { return f.name == field })
}

func (v *simValue) field(name string) any {
	if i := v.index(name); i >= 0 {
		return v.fields[i].value
	}
	return nil
}

func (k *simKeys) hset(key string, v *simValue, pairs []string) any {
	if len(pairs) == 0 || len(pairs)%2 == 1 {
		return simError("ERR wrong number of arguments for 'hset' command")
	}
	added := int64(0)
	for i := 0; i < len(pairs); i += 2 {
		if at := v.index(pairs[i]); at >= 0 {
			v.fields[at].value = pairs[i+1]
			continue
		}
		v.fields = append(v.fields, simField{pairs[i], pairs[i+1]})
		added++
	}
	k.values[key] = v
	return added
}

func (k *simKeys) hdel(key string, v *simValue, names []string) any {
	removed := int64(0)
	for _, name := range names {
		if at := v.index(name); at >= 0 {
			v.fields = slices.Delete(v.fields, at, at+1)
			removed++
		}
	}
	if len(v.fields) == 0 {
		delete(k.values, key)
	}
	return removed
}
