package main

import (
	"net/url"

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
