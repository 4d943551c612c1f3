//go:build !broken

package redlock

// builtRules are the rules of this build.
func builtRules() rules { return soundRules() }
