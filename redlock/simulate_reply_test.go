package redlock

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

// simReply puts a simulated answer where go-redis puts a real one.
func simReply(c *redis.Cmd, answer any) {
	switch a := answer.(type) {
	case nil:
		c.SetErr(redis.Nil)
	case simError:
		c.SetErr(a)
	default:
		c.SetVal(simValueOf(a))
	}
}

func simValueOf(answer any) any {
	switch a := answer.(type) {
	case simStatus:
		return string(a)
	case []any:
		all := make([]any, len(a))
		for i, one := range a {
			all[i] = simValueOf(one)
		}
		return all
	}
	return answer
}

// simPipeline is what goes over the network.
func simPipeline(commands []*redis.Cmd, calls []call) [][]string {
	all := make([][]string, 0, len(commands)+len(calls))
	for _, c := range commands {
		all = append(all, simArgs(appendCommand(nil, c.Args())))
	}
	for _, c := range calls {
		all = append(all, simArgs(c.command))
	}
	return all
}

// simArgs are the arguments of a command that goes over the network: a list of
// strings has the form of a reply.
func simArgs(command []byte) []string {
	value, rest, err := readReply(command)
	list, _ := value.([]any)
	if err != nil || len(rest) > 0 {
		panic(fmt.Sprintf("no command: %q", command))
	}
	args := make([]string, len(list))
	for i, a := range list {
		args[i] = a.(string)
	}
	return args
}

// simBrief is a pipeline for the event log: scripts by their beginnings.
type simBrief [][]string

func (b simBrief) String() string {
	var all []string
	for _, args := range b {
		var short []string
		for _, a := range args {
			short = append(short, simBriefText(a))
		}
		all = append(all, strings.Join(short, " "))
	}
	return "[" + strings.Join(all, " | ") + "]"
}

func simBriefText(a string) string {
	if strings.Contains(a, "\n") {
		return "(text)"
	}
	quoted := strconv.Quote(a)
	if quoted = quoted[1 : len(quoted)-1]; len(quoted) > 44 {
		return quoted[:16] + "…" + quoted[len(quoted)-24:]
	}
	return quoted
}

// simBriefAnswer is an answer for the event log.
type simBriefAnswer struct{ answer any }

func (b simBriefAnswer) String() string {
	if text, is := b.answer.(string); is {
		return simBriefText(text)
	}
	return fmt.Sprint(b.answer)
}
