package acl

import (
	"slices"
	"strings"
)

// selector is a set of permissions that hold together: a command, and the keys
// it may have. Each user has one of their own, and one more for each ( ) rule.
type selector struct {
	commands *commands
	allowed  set
	fromAll  bool     // +@all stands before rules, else -@all
	rules    []string // those about commands that are in force, as given

	allKeys bool
	keys    []keyPattern

	allChannels bool
	channels    []string
}

// access is what a key pattern allows.
type access uint8

const (
	read access = 1 << iota
	write
)

type keyPattern struct {
	glob   string
	access access
}

func newSelector(c *commands) selector { return selector{commands: c, allowed: c.newSet()} }

// mayRun tells whether the command of that full name is allowed.
func (s *selector) mayRun(name string) bool {
	i, exists := s.commands.numbers[name]
	return exists && s.allowed.has(i)
}

// mayWrite tells whether a pattern allows to write key.
func (s *selector) mayWrite(key []byte) bool {
	if s.allKeys {
		return true
	}
	for i := range s.keys {
		if k := &s.keys[i]; k.access&write != 0 && Glob(k.glob, key) {
			return true
		}
	}
	return false
}

// setAll does +@all and -@all.
func (s *selector) setAll(allow bool) {
	for i := range s.commands.size {
		s.allowed.put(i, allow)
	}
	s.fromAll, s.rules = allow, nil
}

// setCommands does +command, -command, +@category and -@category.
func (s *selector) setCommands(sign byte, name string) error {
	name = strings.ToLower(name)
	numbers, err := s.commands.find(name)
	if category, isCategory := strings.CutPrefix(name, "@"); isCategory {
		known := false
		if numbers, known = s.commands.categories[category]; known {
			err = nil
		}
	}
	if err != nil && sign == '-' {
		return errUnknown
	}
	if err != nil {
		return err
	}
	for _, i := range numbers {
		s.allowed.put(i, sign == '+')
	}
	// What this rule decides anew, no earlier rule has a say in.
	s.rules = slices.DeleteFunc(s.rules, func(old string) bool {
		return old[1:] == name || strings.HasPrefix(old[1:], name+"|")
	})
	s.rules = append(s.rules, string(sign)+name)
	return nil
}

// addKeys does ~pattern, and %R~, %W~ and %RW~ before a pattern. What the same
// pattern allowed already, it goes on allowing.
func (s *selector) addKeys(glob string, to access) error {
	if s.allKeys {
		return errAllKeys
	}
	if hasSpace(glob) {
		return errSyntax
	}
	same := func(k keyPattern) bool { return k.glob == glob }
	if i := slices.IndexFunc(s.keys, same); i >= 0 {
		s.keys[i].access |= to
		return nil
	}
	s.keys = append(s.keys, keyPattern{glob, to})
	return nil
}

// addChannels does &pattern.
func (s *selector) addChannels(glob string) error {
	if s.allChannels {
		return errAllChannel
	}
	if hasSpace(glob) {
		return errSyntax
	}
	if !slices.Contains(s.channels, glob) {
		s.channels = append(s.channels, glob)
	}
	return nil
}

// hasSpace tells what would end a rule or a name: C's white space, and NUL.
func hasSpace(s string) bool { return strings.ContainsAny(s, " \t\n\v\f\r\x00") }
