package acl

import (
	"fmt"
	"io"
	"strings"
)

// The limits keep a file that is none, or is made to harm, from taking memory
// and time. 10 000 users of 100 bytes fill a file.
const (
	maxFile  = 1 << 20
	maxLine  = 16 << 10
	maxUsers = 10_000
)

// Parse reads an ACL file: a line "user NAME rule rule …" for each user. A rule
// is what ACL SETUSER takes, and they are applied in their order to a user who
// may not come in and may do nothing. Spaces and tabs around a line count for
// nothing; neither does a line that is empty or begins with #. Without a line
// for the user default, it may do everything and needs no password.
//
// The file may have 1 MiB and 10 000 users, a line 16 KiB, also in the form
// that ACL LIST shows, where every password is a digest. An error tells the
// first line that is wrong, the rule and why, and never shows a password.
func Parse(text io.Reader, commands []Command) (*Users, error) {
	file, err := io.ReadAll(io.LimitReader(text, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("reading the ACL file: %w", err)
	}
	if len(file) > maxFile {
		return nil, errSize
	}
	c := newCommands(commands)
	var users []*User
	known := map[string]bool{}
	number := 0
	for line := range strings.SplitSeq(string(file), "\n") {
		number++
		user, err := parseLine(line, c)
		switch {
		case err == nil && user == nil:
			continue
		case err == nil && known[user.name]:
			err = userError(user.name, errTwice)
		case err == nil && len(users) == maxUsers:
			err = errUsers
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		known[user.name] = true
		users = append(users, user)
	}
	return newUsers(users, c), nil
}

// parseLine gives the user of a line, or nil for one without.
func parseLine(line string, c *commands) (*User, error) {
	line = strings.Trim(line, " \t\r")
	if line == "" || line[0] == '#' {
		return nil, nil
	}
	if len(line) > maxLine {
		return nil, errLongLine
	}
	if strings.ContainsRune(line, 0) {
		return nil, errNUL
	}
	words := split(line)
	if words[0] != "user" || len(words) < 2 {
		return nil, errKeyword
	}
	if hasSpace(words[1]) {
		return nil, errName
	}
	user := newUser(words[1], c)
	if err := user.applyAll(words[2:]); err != nil {
		return nil, userError(user.name, err)
	}
	return user, nil
}

// split cuts a line at its spaces. As in Redis a tab only counts beside one: it
// may be part of a password.
func split(line string) []string {
	var words []string
	for word := range strings.SplitSeq(line, " ") {
		if word = strings.Trim(word, "\t\r"); word != "" {
			words = append(words, word)
		}
	}
	return words
}

// applyAll does the rules of a line. A selector is one rule in several words.
func (u *User) applyAll(words []string) error {
	for n := 1; len(words) > 0; n++ {
		if words[0][0] != '(' {
			if err := u.apply(words[0]); err != nil {
				return ruleError(n, words[0], err)
			}
			words = words[1:]
			continue
		}
		inside, rest, err := cutSelector(words)
		if err == nil {
			err = u.addSelector(inside)
		}
		if err != nil {
			return fmt.Errorf("rule %d, a selector: %w", n, err)
		}
		words = rest
	}
	if len(u.line()) > maxLine {
		return errLongLine
	}
	return nil
}

// cutSelector gives what stands between the parentheses, and behind them.
func cutSelector(words []string) (inside, rest []string, err error) {
	for i, word := range words {
		if !strings.HasSuffix(word, ")") {
			continue
		}
		text := strings.Join(words[:i+1], " ")
		return split(text[1 : len(text)-1]), words[i+1:], nil
	}
	return nil, nil, errUnmatched
}
