package acl

import "strings"

// apply does one rule for a user.
func (u *User) apply(rule string) error {
	switch word := strings.ToLower(rule); word {
	case "on", "off":
		u.on = word == "on"
	case "nopass", "resetpass":
		u.nopass, u.passwords = word == "nopass", nil
	case "sanitize-payload", "skip-sanitize-payload":
		u.sanitize = word
	case "clearselectors":
		u.selectors = u.selectors[:1]
	case "reset":
		*u = User{name: u.name, selectors: []selector{newSelector(u.commands())}}
		u.sanitize = "sanitize-payload" // Redis has it said after a reset
	default:
		switch rule[0] {
		case '>', '#', '<', '!':
			return u.password(rule[0], rule[1:])
		}
		return u.selectors[0].apply(rule)
	}
	return nil
}

// apply does one rule of those that may also stand within ( ).
func (s *selector) apply(rule string) error {
	switch strings.ToLower(rule) {
	case "allkeys", "~*":
		s.allKeys, s.keys = true, nil
	case "resetkeys":
		s.allKeys, s.keys = false, nil
	case "allchannels", "&*":
		s.allChannels, s.channels = true, nil
	case "resetchannels":
		s.allChannels, s.channels = false, nil
	case "allcommands", "+@all":
		s.setAll(true)
	case "nocommands", "-@all":
		s.setAll(false)
	default:
		return s.applySigned(rule[0], rule[1:])
	}
	return nil
}

func (s *selector) applySigned(sign byte, rest string) error {
	switch sign {
	case '~':
		return s.addKeys(rest, read|write)
	case '%':
		letters, glob, found := strings.Cut(rest, "~")
		to, err := parseAccess(letters)
		if err != nil || !found {
			return errSyntax
		}
		return s.addKeys(glob, to)
	case '&':
		return s.addChannels(rest)
	case '+', '-':
		return s.setCommands(sign, rest)
	}
	return errSyntax
}

// parseAccess reads R, W or both, each once.
func parseAccess(letters string) (access, error) {
	switch strings.ToUpper(letters) {
	case "R":
		return read, nil
	case "W":
		return write, nil
	case "RW", "WR":
		return read | write, nil
	}
	return 0, errSyntax
}

// addSelector does ( rule ... ), given what stands between.
func (u *User) addSelector(rules []string) error {
	s := newSelector(u.commands())
	for i, rule := range rules {
		if strings.ContainsAny(rule, `"'`) || strings.HasSuffix(rule, ")") {
			return ruleError(i+1, rule, errInSelector)
		}
		if err := s.apply(rule); err != nil {
			return ruleError(i+1, rule, err)
		}
	}
	u.selectors = append(u.selectors, s)
	return nil
}
