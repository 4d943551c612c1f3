package acl

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// real is a redis-server to ask for its opinion, and all of its commands.
type real struct {
	t        *testing.T
	client   *redis.Client
	commands []Command
	arity    map[string]int
	unasked  map[string]bool // ACL DRYRUN has nothing to say of it
	asGiven  bool            // it lists rules for commands as given: 7.2
}

func startReal(t *testing.T, args ...string) *real {
	t.Helper()
	r := &real{t: t, client: launch(t, args...), arity: map[string]int{}, unasked: map[string]bool{}}
	rows, _ := r.must("COMMAND").([]any)
	for _, row := range rows {
		r.learn(row.([]any))
	}
	if len(r.commands) < 300 {
		t.Fatalf("this Redis has %d commands with subcommands, that can not be all", len(r.commands))
	}
	info := r.must("INFO", "server").(string)
	r.asGiven = !strings.Contains(info, "redis_version:7.0.")
	slices.SortFunc(r.commands, func(a, b Command) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// learn takes a command over as COMMAND tells it.
func (r *real) learn(row []any) {
	name := row[0].(string)
	command := Command{Name: name}
	for _, c := range row[6].([]any) {
		command.Categories = append(command.Categories, strings.TrimPrefix(c.(string), "@"))
	}
	r.commands = append(r.commands, command)
	r.arity[name] = int(row[1].(int64))
	// Everybody may run what logs in, and nobody what needs a subcommand.
	subs := row[9].([]any)
	r.unasked[name] = slices.Contains(row[2].([]any), any("no_auth")) || len(subs) > 0
	for _, sub := range subs {
		r.learn(sub.([]any))
	}
}

func (r *real) do(args ...string) (any, error) {
	all := make([]any, len(args))
	for i := range args {
		all[i] = args[i]
	}
	return r.client.Do(r.t.Context(), all...).Result()
}

func (r *real) must(args ...string) any {
	r.t.Helper()
	got, err := r.do(args...)
	if err != nil {
		r.t.Fatalf("%q: %v", args, err)
	}
	return got
}

// set makes a user anew. The error is the reason alone, as this package has it.
func (r *real) set(name string, rules []string) error {
	r.must("ACL", "DELUSER", name)
	_, err := r.do(append([]string{"ACL", "SETUSER", name}, rules...)...)
	if err == nil {
		return nil
	}
	if strings.Contains(err.Error(), "Unmatched parenthesis") {
		return errUnmatched // in another sentence than for a file
	}
	_, why, found := strings.Cut(err.Error(), "': ")
	if !found {
		r.t.Fatalf("ACL SETUSER %q: %v", rules, err)
	}
	return reason(why)
}

// list gives the user's line of ACL LIST.
func (r *real) list(name string) string {
	r.t.Helper()
	for _, line := range r.must("ACL", "LIST").([]any) {
		if strings.HasPrefix(line.(string), "user "+name+" ") {
			return line.(string)
		}
	}
	r.t.Fatalf("no user %s in ACL LIST", name)
	return ""
}

// user gives what ACL GETUSER tells.
func (r *real) user(name string) Description {
	all := r.must("ACL", "GETUSER", name).(map[any]any)
	d := Description{Flags: texts(all["flags"]), Passwords: texts(all["passwords"]), Rights: rightsOf(all), Selectors: []Rights{}}
	for _, s := range all["selectors"].([]any) {
		d.Selectors = append(d.Selectors, rightsOf(s.(map[any]any)))
	}
	return d
}

func rightsOf(m map[any]any) Rights {
	return Rights{m["commands"].(string), m["keys"].(string), m["channels"].(string)}
}

func texts(list any) []string {
	all := []string{}
	for _, v := range list.([]any) {
		all = append(all, v.(string))
	}
	return all
}

// mayAll asks for many calls at once whether the user may make them.
func (r *real) mayAll(name string, calls [][]string) []string {
	r.t.Helper()
	pipe := r.client.Pipeline()
	answers := make([]*redis.Cmd, len(calls))
	for i, call := range calls {
		args := []any{"ACL", "DRYRUN", name}
		for _, arg := range call {
			args = append(args, arg)
		}
		answers[i] = pipe.Do(r.t.Context(), args...)
	}
	if _, err := pipe.Exec(r.t.Context()); err != nil {
		r.t.Fatalf("ACL DRYRUN: %v", err)
	}
	all := make([]string, len(calls))
	for i, a := range answers {
		all[i] = fmt.Sprint(a.Val())
	}
	return all
}

// call makes arguments that a command takes, of which none is a key when the
// command finds its keys by itself.
func (r *real) call(name string) []string {
	words := strings.Split(name, "|")
	for n := max(r.arity[name], -r.arity[name]); len(words) < n; {
		words = append(words, "0")
	}
	return words
}
