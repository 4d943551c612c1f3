package commands

import "strings"

// The grammar of Usage, which COMMAND DOCS hands out as a tree so that clients
// can show hints: words apart by spaces; a word in capitals is itself, others
// stand for a value; [ ] is optional; a|b is either word; [A a | B b] is either of
// what stands left and right, or none; ... is more of the one before. Capitals with values behind them belong together: [TOKEN token].

// argument is a node of the tree, as COMMAND DOCS has it.
type argument struct {
	name     string
	kind     string // string, integer, key, pure-token, oneof or block
	token    string
	optional bool
	multiple bool
	parts    []argument // of oneof and block
}

// arguments reads what stands behind the name in a usage. names is how many
// words the name has.
func arguments(usage string, names int) []argument {
	p := usageParser{words: usageWords(usage)[names:]}
	return p.sequence()
}

// eitherSide is the bar with spaces around.
const eitherSide = "||"

// usageWords takes a usage apart; brackets and bars are words of their own.
func usageWords(usage string) []string {
	spaced := strings.NewReplacer("[", " [ ", "]", " ] ", " | ", " "+eitherSide+" ", "|", " | ").Replace(usage)
	return strings.Fields(spaced)
}

type usageParser struct{ words []string }

func (p *usageParser) peek() string {
	if len(p.words) == 0 {
		return ""
	}
	return p.words[0]
}

func (p *usageParser) take() string {
	w := p.peek()
	p.words = p.words[1:]
	return w
}

// sequence reads up to a closing bracket or the end.
func (p *usageParser) sequence() []argument {
	var all []argument
	for p.peek() != "" && p.peek() != "]" && p.peek() != eitherSide {
		if p.peek() == "..." {
			p.take()
			all[len(all)-1].multiple = true
			continue
		}
		a := p.choice()
		if a.optional && len(all) > 0 && repeats(all[len(all)-1], a) {
			all[len(all)-1].multiple = true // name [name ...] is one argument
			continue
		}
		all = append(all, a)
	}
	return all
}

// repeats tells whether the optional b is only more of a.
func repeats(a, b argument) bool { return b.multiple && a.name == b.name && a.kind == b.kind }

// choice reads one thing, or several with bars between.
func (p *usageParser) choice() argument {
	either := []argument{p.one()}
	for p.peek() == "|" {
		p.take()
		either = append(either, p.one())
	}
	if len(either) == 1 {
		return either[0]
	}
	return argument{name: either[0].name, kind: "oneof", parts: either}
}

func (p *usageParser) one() argument {
	if p.peek() != "[" {
		return word(p.take())
	}
	p.take()
	a := together(p.sequence())
	for first := true; p.peek() == eitherSide; first = false {
		p.take()
		if first {
			a = argument{name: a.name, kind: "oneof", parts: []argument{a}}
		}
		a.parts = append(a.parts, together(p.sequence()))
	}
	if p.peek() == "]" {
		p.take()
	}
	a.optional = true
	return a
}

// together makes one argument of what stands in brackets.
func together(inside []argument) argument {
	first := inside[0]
	switch {
	case len(inside) == 1:
		return first
	case first.kind == "pure-token" && len(inside) == 2 && inside[1].kind != "oneof" && !inside[1].optional:
		a := inside[1]
		a.token = first.token
		return a
	case first.kind == "pure-token":
		return argument{name: first.name, kind: "block", token: first.token, parts: inside[1:]}
	}
	return argument{name: first.name, kind: "block", parts: inside}
}

func word(w string) argument {
	a := argument{name: strings.ToLower(w), kind: "string"}
	switch w {
	case "resource":
		a.kind = "key"
	case "ttl", "ms", "timeout", "count", "id", "index", "numreplicas", "seconds":
		a.kind = "integer"
	default:
		if strings.ToUpper(w) == w {
			a.kind, a.token = "pure-token", w
		}
	}
	return a
}
