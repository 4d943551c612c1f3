package acl

import (
	"fmt"
	"strings"
)

// reason is why a rule or a line is refused: Redis' sentence where it has one.
type reason string

func (r reason) Error() string { return string(r) }

const (
	errUnknown    = reason("Unknown command or category name in ACL")
	errSyntax     = reason("Syntax error")
	errAllKeys    = reason("Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. Try 'resetkeys' to start with an empty list of patterns")
	errAllChannel = reason("Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. Try 'resetchannels' to start with an empty list of channels")
	errNoSuchPass = reason("The password you are trying to remove from the user does not exist")
	errHash       = reason("The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters")
	errTwice      = reason("Duplicate user found. A user can only be defined once in config files")
	errFirstOfSub = reason("Allowing first-arg of a subcommand is not supported")
	errKeyword    = reason("should start with user keyword followed by the username")
	errName       = reason("the username contains invalid characters")
	errUnmatched  = reason("Unmatched parenthesis in selector definition")

	errFirstArgument = reason("this command has no subcommands, and a first argument can not be allowed by itself")
	errNoPassword    = reason("there is no password; nopass lets anybody in")
	errInSelector    = reason("a rule in a selector may have no quotes, nor end with a parenthesis")
	errLongLine      = reason("the line is longer than 16384 bytes, or would be as ACL LIST shows it")
	errNUL           = reason("the line contains a NUL byte")
	errUsers         = reason("there are more than 10000 users")
	errSize          = reason("the ACL file is larger than 1048576 bytes")
)

// ruleError puts the rule, the n-th of its user, before the reason.
func ruleError(n int, rule string, err error) error {
	if secret(rule) || !strings.ContainsRune("+-~%&", rune(rule[0])) {
		return fmt.Errorf("rule %d, not shown as it may be a password: %w", n, err)
	}
	return fmt.Errorf("rule %q: %w", shortened(rule), err)
}

// userError puts the user before the reason.
func userError(name string, err error) error {
	if secret(name) {
		return fmt.Errorf("user not shown as it may be a password: %w", err)
	}
	return fmt.Errorf("user %q: %w", shortened(name), err)
}

// secret tells whether a password may be in s, also for want of a space before
// it: +lock>secret.
func secret(s string) bool { return strings.ContainsAny(s, "><#!") }

// shortened bounds what a line of an error can be.
func shortened(s string) string {
	const most = 128
	return s[:min(len(s), most)]
}
