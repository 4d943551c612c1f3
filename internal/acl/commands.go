package acl

import "strings"

// Command is a command that exists. Subcommands are commands of their own, with
// the name of the command before theirs: "client|list".
type Command struct {
	Name       string
	Categories []string // without @
}

// commands is what exists, numbered for the sets in which a user's permissions
// are kept. All users of a file share one.
type commands struct {
	size       int
	numbers    map[string]int
	below      map[int][]int // the subcommands of a command
	categories map[string][]int
}

func newCommands(list []Command) *commands {
	c := &commands{
		size:       len(list),
		numbers:    map[string]int{},
		below:      map[int][]int{},
		categories: map[string][]int{},
	}
	for i, command := range list {
		c.numbers[strings.ToLower(command.Name)] = i
	}
	for name, i := range c.numbers {
		if over, _, isSub := strings.Cut(name, "|"); isSub {
			if parent, exists := c.numbers[over]; exists {
				c.below[parent] = append(c.below[parent], i)
			}
		}
	}
	for _, name := range Categories() {
		c.categories[name] = nil
	}
	for _, command := range list {
		i := c.numbers[strings.ToLower(command.Name)]
		for _, name := range command.Categories {
			name = strings.ToLower(name)
			c.categories[name] = append(c.categories[name], i)
		}
	}
	return c
}

// find gives the numbers that a rule for a command is about: those of the
// command and of its subcommands. The errors are those of Redis.
func (c *commands) find(name string) ([]int, error) {
	if i, exists := c.numbers[name]; exists {
		return append([]int{i}, c.below[i]...), nil
	}
	cut := strings.LastIndexByte(name, '|')
	if cut < 0 {
		return nil, errUnknown
	}
	over, sub := name[:cut], name[cut+1:]
	i, exists := c.numbers[over]
	switch {
	case !exists:
		return nil, errUnknown
	case strings.Contains(over, "|"):
		return nil, errFirstOfSub
	case sub == "":
		return nil, errSyntax
	case c.below[i] == nil:
		return nil, errFirstArgument
	}
	return nil, errUnknown
}

// set is a set of commands by their numbers.
type set []uint64

func (s set) has(i int) bool { return s[i/64]&(1<<(i%64)) != 0 }

func (s set) put(i int, in bool) {
	if in {
		s[i/64] |= 1 << (i % 64)
	} else {
		s[i/64] &^= 1 << (i % 64)
	}
}

func (c *commands) newSet() set { return make(set, c.size/64+1) }
