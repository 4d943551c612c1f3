package redlock

import (
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"sync"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"
)

// simLua runs scripts as Redis does: atomically, with redis.call and
// redis.pcall, and with Redis' conversions between its types and Lua's.
// https://redis.io/docs/latest/develop/programmability/lua-api/
type simLua struct {
	state  *lua.LState
	keys   *simKeys // of the node on which the script runs
	loaded map[string]*lua.LFunction
	ok     *lua.LTable // the answer to most commands, made once
}

// simScripts are the compiled scripts and the idle states, which are dear to
// make, of all simulations in this process.
var simScripts struct {
	sync.Mutex
	compiled map[string]*lua.FunctionProto // by hash
	hashes   map[string]string             // by source
	idle     []*simLua
}

// simCompile makes a script known under its hash, which it gives.
func simCompile(source string) (sha string, err error) {
	simScripts.Lock()
	defer simScripts.Unlock()
	if sha := simScripts.hashes[source]; sha != "" {
		return sha, nil
	}
	chunk, err := parse.Parse(strings.NewReader(source), "@user_script")
	if err != nil {
		return "", fmt.Errorf("compiling: %w", err)
	}
	proto, err := lua.Compile(chunk, "@user_script")
	if err != nil {
		return "", fmt.Errorf("compiling: %w", err)
	}
	proto.IsVarArg &^= lua.VarArgNeedsArg // a list of arguments that Redis does not give
	if simScripts.compiled == nil {
		simScripts.compiled = map[string]*lua.FunctionProto{}
		simScripts.hashes = map[string]string{}
	}
	sum := sha1.Sum([]byte(source))
	sha = hex.EncodeToString(sum[:])
	simScripts.compiled[sha], simScripts.hashes[source] = proto, sha
	return sha, nil
}

// simRun runs a script that was compiled on a node's keys.
func simRun(k *simKeys, sha string, keys, args []string) any {
	simScripts.Lock()
	var l *simLua
	if n := len(simScripts.idle); n > 0 {
		l = simScripts.idle[n-1]
		simScripts.idle = simScripts.idle[:n-1]
	} else {
		l = newSimLua()
	}
	if l.loaded[sha] == nil {
		l.loaded[sha] = l.state.NewFunctionFromProto(simScripts.compiled[sha])
	}
	simScripts.Unlock()

	l.keys = k
	answer := l.run(l.loaded[sha], sha, keys, args)
	l.keys = nil

	simScripts.Lock()
	simScripts.idle = append(simScripts.idle, l)
	simScripts.Unlock()
	return answer
}

func newSimLua() *simLua {
	l := &simLua{loaded: map[string]*lua.LFunction{}}
	l.state = lua.NewState(lua.Options{SkipOpenLibs: true, CallStackSize: 64, RegistrySize: 1024})
	for name, open := range map[string]lua.LGFunction{
		"": lua.OpenBase, "string": lua.OpenString, "table": lua.OpenTable, "math": lua.OpenMath,
	} {
		l.state.Push(l.state.NewFunction(open))
		l.state.Push(lua.LString(name))
		l.state.Call(1, 0)
	}
	redis := l.state.NewTable()
	redis.RawSetString("call", l.state.NewFunction(func(s *lua.LState) int { return l.call(s, true) }))
	redis.RawSetString("pcall", l.state.NewFunction(func(s *lua.LState) int { return l.call(s, false) }))
	redis.RawSetString("error_reply", l.state.NewFunction(func(s *lua.LState) int { return single(s, "err") }))
	redis.RawSetString("status_reply", l.state.NewFunction(func(s *lua.LState) int { return single(s, "ok") }))
	l.state.SetGlobal("redis", redis)
	l.protect()
	return l
}

// protect forbids globals of a script's own, as Redis does.
func (l *simLua) protect() {
	refuse := func(format string) *lua.LFunction {
		return l.state.NewFunction(func(s *lua.LState) int {
			s.RaiseError(format, s.Get(2).String())
			return 0
		})
	}
	guard := l.state.NewTable()
	guard.RawSetString("__newindex", refuse("Attempt to modify a readonly table%.0s"))
	guard.RawSetString("__index", refuse("Script attempted to access nonexistent global variable '%s'"))
	l.state.SetMetatable(l.state.Get(lua.GlobalsIndex), guard)
}

func single(s *lua.LState, field string) int {
	t := s.NewTable()
	t.RawSetString(field, s.Get(1))
	s.Push(t)
	return 1
}

func (l *simLua) run(f *lua.LFunction, sha string, keys, args []string) any {
	s := l.state
	l.fill("KEYS", keys)
	l.fill("ARGV", args)
	s.Push(f)
	if err := s.PCall(0, 1, nil); err != nil {
		s.SetTop(0)
		return scriptError(err, sha)
	}
	answer := fromLua(s.Get(-1))
	s.SetTop(0)
	return answer
}

// fill puts texts into a global list, which is used again and again.
func (l *simLua) fill(name string, texts []string) {
	globals, _ := l.state.Get(lua.GlobalsIndex).(*lua.LTable)
	t, is := globals.RawGetString(name).(*lua.LTable)
	if !is {
		t = l.state.CreateTable(32, 0)
		globals.RawSetString(name, t)
	}
	for t.Len() > len(texts) {
		t.Remove(t.Len())
	}
	for i, text := range texts {
		t.RawSetInt(i+1, lua.LString(text))
	}
}

// scriptError is what the caller hears of an error that a script did not catch.
func scriptError(err error, sha string) simError {
	var raised *lua.ApiError
	if errors.As(err, &raised) {
		if t, reply := raised.Object.(*lua.LTable); reply {
			return simError(fmt.Sprintf("%s script: %s, on @user_script.", t.RawGetString("err"), sha))
		}
		return simError(fmt.Sprintf("ERR %s script: %s, on @user_script.", raised.Object, sha))
	}
	return simError("ERR " + err.Error())
}

// call is redis.call, and redis.pcall if errors are not to be raised.
func (l *simLua) call(s *lua.LState, raise bool) int {
	args := make([]string, s.GetTop())
	for i := range args {
		switch v := s.Get(i + 1).(type) {
		case lua.LString:
			args[i] = string(v)
		case lua.LNumber:
			args[i] = luaNumber(float64(v))
		default:
			s.RaiseError("ERR Lua redis lib command arguments must be strings or integers")
		}
	}
	answer := l.answer(s, l.keys.run(args))
	if t, is := answer.(*lua.LTable); is && raise && t.RawGetString("err") != lua.LNil {
		s.Error(t, 0)
	}
	s.Push(answer)
	return 1
}

func (l *simLua) answer(s *lua.LState, answer any) lua.LValue {
	if answer != simOK {
		return toLua(s, answer)
	}
	if l.ok == nil {
		l.ok, _ = toLua(s, simOK).(*lua.LTable)
	}
	return l.ok
}

// luaNumber is a number as Redis makes an argument of it.
func luaNumber(n float64) string {
	if n == math.Trunc(n) && math.Abs(n) < 1e17 {
		return strconv.FormatInt(int64(n), 10)
	}
	return strconv.FormatFloat(n, 'g', 17, 64)
}

func toLua(s *lua.LState, answer any) lua.LValue {
	switch a := answer.(type) {
	case nil:
		return lua.LFalse
	case int64:
		return lua.LNumber(a)
	case string:
		return lua.LString(a)
	case simStatus:
		t := s.NewTable()
		t.RawSetString("ok", lua.LString(a))
		return t
	case simError:
		t := s.NewTable()
		t.RawSetString("err", lua.LString(a))
		return t
	case []any:
		t := s.CreateTable(len(a), 0)
		for _, one := range a {
			t.Append(toLua(s, one))
		}
		return t
	}
	panic(fmt.Sprintf("%T is no reply", answer))
}

func fromLua(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LString:
		return string(v)
	case lua.LNumber:
		return int64(v) // cut, as Redis does
	case lua.LBool:
		if v {
			return int64(1)
		}
		return nil
	case *lua.LTable:
		if e := v.RawGetString("err"); e != lua.LNil {
			return simError(e.String())
		}
		if ok := v.RawGetString("ok"); ok != lua.LNil {
			return simStatus(ok.String())
		}
		all := []any{}
		for i := 1; v.RawGetInt(i) != lua.LNil; i++ {
			all = append(all, fromLua(v.RawGetInt(i)))
		}
		return all
	}
	return nil
}
