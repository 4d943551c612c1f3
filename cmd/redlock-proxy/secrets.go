package main

import (
	"net/url"
	"strings"

	"github.com/alecthomas/kong"
)

// isSecret tells a flag whose value is a password, as its tag `secret` says, or
// a list of urls of which one has a password in it.
func isSecret(flag *kong.Flag, values []string) bool {
	if flag.Tag.Has("secret") {
		return true
	}
	for _, v := range values {
		u, err := url.Parse(v)
		if err != nil || u.User == nil {
			continue
		}
		if _, has := u.User.Password(); has {
			return true
		}
	}
	return false
}

// flagsByEnv finds the flags by their names in the environment. Those of several
// subcommands with one name are the same.
func flagsByEnv(app *kong.Application) map[string]*kong.Flag {
	all := map[string]*kong.Flag{}
	_ = kong.Visit(app, func(node kong.Visitable, next kong.Next) error {
		if flag, isFlag := node.(*kong.Flag); isFlag {
			for _, name := range flag.Envs {
				all[name] = flag
			}
		}
		return next(nil)
	})
	return all
}

// mayBeSecret tells what a command of others must not find in its environment:
// isSecret, and urls with an @ that can not be read. No flag: no secret of ours.
func mayBeSecret(flag *kong.Flag, value string) bool {
	return flag != nil && (flag.Tag.Has("secret") || strings.Contains(value, "://") && strings.Contains(value, "@"))
}
