package redlock

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// memberKey is where each node keeps its membership, in a hash without a ttl.
const memberKey = reservedPrefix + "member"

// memberFormat is the version of that hash. A proxy that meets a newer one
// does not use the node: it can not know what it would break.
//
//	1  names no memory, so that who admits a node does not know of which loss
//	   another had quarantined it
//	2  names the memory
//
// One of format 1 is left as it is while the node remembers, so that proxies of
// that version go on beside newer ones. What has to be quarantined or founded
// gets format 2, and is refused by them from then on: with what they know they
// could let it vote too soon.
const memberFormat = 2

// noFormat stands for one that is missing or no number, as in what others wrote.
const noFormat = -1

// The states of a member.
const (
	proposed    = "proposed"    // a first start is under way
	admitted    = "admitted"    // it may vote, as long as the run id is the one noted
	retired     = "retired"     // another node is in its place
	quarantined = "quarantined" // it may have forgotten locks, and waits until all have lapsed
)

// unreadable is in the place of the state where the format is unknown. Nothing
// else is then read of a record.
const unreadable = "unreadable"

// record is the membership of a node as the node itself keeps it. The zero one
// stands for a node that has none: it is new, or has lost its memory.
type record struct {
	format int
	state  string
	run    string // of the server process that the state is about
	set    string // the identity of the quorum: 16 hex digits, whatever its addresses
	nodes  int    // how many make the quorum
	// ttl is the longest that any proxy has allowed: how long a lock may live
	// that this node has forgotten.
	ttl time.Duration
	// generation counts the replacements of members. A node that was left
	// behind at a lower one is no member any more.
	generation int
	names      []string // what proxies call the members
	// memory names what the node remembers now, at random: a loss takes the name
	// with it, and what is written then has another. See guard.forgot. "" in
	// format 1; without a state it stands alone, for a node that waits for a first
	// start.
	memory string
}

func (r *record) exists() bool { return r.state != "" }

// votes tells whether the server process with that run id was admitted.
func (r *record) votes(run string) bool { return r.state == admitted && r.run == run }

// maxNames bounds the names of members: proxies may spell them differently.
const maxNames = 128

// addNames adds what is missing, as far as there is room, and tells whether
// anything was.
func (r *record) addNames(names []string) bool {
	before := len(r.names)
	r.names = slices.Clone(r.names)
	for _, n := range names {
		if len(r.names) < maxNames && !slices.Contains(r.names, n) {
			r.names = append(r.names, n)
		}
	}
	return len(r.names) > before
}

// identity is what a compare-and-set compares.
func (r *record) identity() []any {
	generation, format := "", ""
	if r.exists() {
		generation, format = strconv.Itoa(r.generation), strconv.Itoa(r.format)
	}
	return []any{r.state, r.run, r.set, generation, format, r.memory}
}

func (r *record) fields() []any {
	var all []any
	if r.exists() {
		all = append(all,
			"format", r.format, "state", r.state, "run", r.run, "set", r.set, "nodes", r.nodes,
			"ttl", r.ttl.Milliseconds(), "generation", r.generation, "names", strings.Join(r.names, "\n"))
	}
	if r.memory != "" {
		all = append(all, "memory", r.memory)
	}
	return all
}

// lookArgs asks for the record and the node's clock. A ttl that is larger than
// the one noted takes its place, in a record of a known format.
func lookArgs(s *scripts, ttl time.Duration, format int) []any {
	return []any{"evalsha", s.member.sha, 1, memberKey, ttl.Milliseconds(), format}
}

// swapArgs is lookArgs that first puts one record in the place of another, if
// that is still there.
func swapArgs(s *scripts, ttl time.Duration, format int, old, new *record) []any {
	args := append(lookArgs(s, ttl, format), old.identity()...)
	return append(args, new.fields()...)
}

// readLook reads the answer to either: the node's clock in microseconds, and
// the fields.
func readLook(reply any) (clock int64, r record, err error) {
	parts, _ := reply.([]any)
	if len(parts) != 3 {
		return 0, record{}, fmt.Errorf("the node answered %T to the member script", reply)
	}
	list, _ := parts[2].([]any)
	return readClock(parts), readRecord(readFields(list)), nil
}

// readClock reads what TIME answers: microseconds.
func readClock(parts []any) int64 {
	seconds, _ := parts[0].(string)
	micros, _ := parts[1].(string)
	s, _ := strconv.ParseInt(seconds, 10, 64)
	m, _ := strconv.ParseInt(micros, 10, 64)
	return s*1e6 + m
}

// readFields reads what HGETALL answers.
func readFields(list []any) map[string]string {
	fields := map[string]string{}
	for i := 0; i+1 < len(list); i += 2 {
		name, _ := list[i].(string)
		fields[name], _ = list[i+1].(string)
	}
	return fields
}

// readRecord reads no format that it does not know, and no record without the
// time that a loss of memory has to be waited out for. Other numbers that can not
// be read are zero, with which nothing fits.
func readRecord(fields map[string]string) record {
	number := func(name string) int {
		n, _ := strconv.Atoi(fields[name])
		return n
	}
	format, err := strconv.Atoi(cmp.Or(fields["format"], "0"))
	switch exists := fields["state"] != ""; {
	case err != nil, format < 0, exists && (format == 0 || number("ttl") <= 0):
		return record{format: noFormat, state: unreadable}
	case format > memberFormat:
		return record{format: format, state: unreadable}
	}
	r := record{
		format: format, state: fields["state"], run: fields["run"], set: fields["set"],
		nodes: number("nodes"), ttl: time.Duration(number("ttl")) * time.Millisecond, generation: number("generation"),
		memory: fields["memory"],
	}
	if fields["names"] != "" {
		r.names = strings.Split(fields["names"], "\n")
	}
	return r
}
