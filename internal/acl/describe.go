package acl

import "strings"

// Description is what ACL GETUSER tells about a user, in its order.
type Description struct {
	Flags     []string
	Passwords []string // SHA-256 in hex
	Rights
	Selectors []Rights
}

// Rights is what a user, or one selector, may do.
type Rights struct {
	Commands string // "-@all +lock"
	Keys     string // "~jobs:* %R~logs:*"; "~*" for all
	Channels string // "&news"; "&*" for all
}

// Describe tells about the user as ACL GETUSER does.
func (u *User) Describe() Description {
	d := Description{Flags: []string{"off"}, Passwords: []string{}, Rights: u.selectors[0].rights(), Selectors: []Rights{}}
	if u.on {
		d.Flags[0] = "on"
	}
	if u.nopass {
		d.Flags = append(d.Flags, "nopass")
	}
	if u.sanitize != "" {
		d.Flags = append(d.Flags, u.sanitize)
	}
	for _, p := range u.passwords {
		d.Passwords = append(d.Passwords, p.String())
	}
	for i := range u.selectors[1:] {
		d.Selectors = append(d.Selectors, u.selectors[1+i].rights())
	}
	return d
}

// Rules returns the user as a line of ACL LIST, which Parse reads:
//
//	user alice on #9f86… ~jobs:* resetchannels -@all +lock +unlock
func (u *User) Rules() string { return u.rules }

func (u *User) line() string {
	d := u.Describe()
	words := append([]string{"user", u.name}, d.Flags...)
	for _, p := range d.Passwords {
		words = append(words, "#"+p)
	}
	words = append(words, d.words()...)
	for _, s := range d.Selectors {
		words = append(words, "("+strings.Join(s.words(), " ")+")")
	}
	return strings.Join(words, " ")
}

// words are the rules that make the rights.
func (r Rights) words() []string {
	var words []string
	if r.Keys != "" {
		words = append(words, r.Keys)
	}
	if r.Channels != "&*" {
		words = append(words, "resetchannels")
	}
	if r.Channels != "" {
		words = append(words, r.Channels)
	}
	return append(words, r.Commands)
}

func (s *selector) rights() Rights {
	first, keys, channels := "-@all", []string(nil), []string(nil)
	if s.fromAll {
		first = "+@all"
	}
	if s.allKeys {
		keys = []string{"~*"}
	}
	for _, k := range s.keys {
		keys = append(keys, k.String())
	}
	if s.allChannels {
		channels = []string{"&*"}
	}
	for _, c := range s.channels {
		channels = append(channels, "&"+c)
	}
	return Rights{
		Commands: strings.Join(append([]string{first}, s.rules...), " "),
		Keys:     strings.Join(keys, " "),
		Channels: strings.Join(channels, " "),
	}
}

// String is the rule that makes the pattern. Not ~* for what %RW~* made: after
// ~*, which is allkeys, no other pattern may follow.
func (k keyPattern) String() string {
	switch {
	case k.access == read:
		return "%R~" + k.glob
	case k.access == write:
		return "%W~" + k.glob
	case k.glob == "*":
		return "%RW~*"
	}
	return "~" + k.glob
}
