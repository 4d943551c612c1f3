package acl

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// compare gives rules to Redis and to this package and wants the same of both:
// the same error, or users who are described alike and may do the same.
func (r *real) compare(rules string) {
	r.t.Helper()
	users, err := Parse(strings.NewReader("user alice "+rules), r.commands)
	theirs := r.set("alice", split(rules))
	var why reason
	if errors.As(err, &why); err != nil || theirs != nil {
		if error(why) != theirs {
			r.t.Errorf("%q: refused with\n  %v, Redis with\n  %v", rules, err, theirs)
		}
		return
	}
	user := users.Lookup("alice")
	r.compareDescriptions(rules, user.Describe(), r.user("alice"))
	r.compareLines(rules, user)
	r.compareCommands(rules, user)
	r.compareKeys(rules, user)
}

// compareDescriptions wants the same of ACL GETUSER, but for what 7.0 and 7.2
// do not agree on.
func (r *real) compareDescriptions(rules string, ours, theirs Description) {
	r.t.Helper()
	if r.asGiven && !slices.Contains(ours.Flags, "skip-sanitize-payload") && !slices.Contains(ours.Flags, "sanitize-payload") {
		ours.Flags = append(ours.Flags, "sanitize-payload")
	}
	if !r.asGiven {
		withoutCommands(&ours)
		withoutCommands(&theirs)
	}
	if !reflect.DeepEqual(ours, theirs) {
		r.t.Errorf("%q:\n  %+v\n  %+v by Redis", rules, ours, theirs)
	}
}

func withoutCommands(d *Description) {
	d.Commands = ""
	d.Selectors = slices.Clone(d.Selectors)
	for i := range d.Selectors {
		d.Selectors[i].Commands = ""
	}
}

// compareLines wants our line to make the same user of Redis as the rules did,
// and the line of Redis to make one of ours who may run the same commands.
func (r *real) compareLines(rules string, user *User) {
	r.t.Helper()
	words := split(user.Rules())
	if err := r.set("copied", words[2:]); err != nil {
		r.t.Errorf("%q: Redis does not take our line %q: %v", rules, user.Rules(), err)
		return
	}
	theirs, copied := r.list("alice"), strings.Replace(r.list("copied"), "copied", "alice", 1)
	if theirs != copied {
		r.t.Errorf("%q: Redis makes of the rules\n  %s\nand of our line\n  %s", rules, theirs, copied)
	}
	back, err := Parse(strings.NewReader(theirs), r.commands)
	if err != nil {
		r.t.Errorf("%q: we do not take the line of Redis %q: %v", rules, theirs, err)
		return
	}
	r.compareSelectors(rules, user, back.Lookup("alice"))
}

// compareSelectors wants two users to have the same commands in the same place.
func (r *real) compareSelectors(rules string, ours, theirs *User) {
	r.t.Helper()
	for i, s := range ours.selectors {
		if !slices.Equal(s.allowed, theirs.selectors[i].allowed) {
			r.t.Errorf("%q: other commands by the line of Redis\n  %s", rules, theirs.Rules())
		}
	}
}

// compareCommands asks for every command there is.
func (r *real) compareCommands(rules string, user *User) {
	r.t.Helper()
	var calls [][]string
	var names []string
	for _, c := range r.commands {
		if !r.unasked[c.Name] {
			names = append(names, c.Name)
			calls = append(calls, r.call(c.Name))
		}
	}
	for i, answer := range r.mayAll("alice", calls) {
		may := !strings.Contains(answer, "no permissions to run")
		if user.MayRun(names[i]) != may {
			r.t.Errorf("%q: MayRun(%q) is %v, Redis: %s", rules, names[i], !may, answer)
		}
	}
}

// compareKeys asks for commands that write a key, some with keys that the
// patterns of these tests are made for.
func (r *real) compareKeys(rules string, user *User) {
	r.t.Helper()
	var calls [][]string
	for _, key := range []string{"", "a", "b", "ab", "abc", "a*", "jobs:1", "jobs:", "logs:1", "\xff\x00 b"} {
		calls = append(calls, []string{"set", key, "v"}, []string{"del", key}, []string{"rpush", key, "v"})
	}
	for i, answer := range r.mayAll("alice", calls) {
		name, key := calls[i][0], calls[i][1]
		if got := user.MayUse(name, []byte(key)); got != (answer == "OK") {
			r.t.Errorf("%q: MayUse(%q, %q) is %v, Redis: %s", rules, name, key, got, answer)
		}
	}
}
