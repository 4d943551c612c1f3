package acl

// Glob tells whether s matches a pattern of Redis' kind: * for any bytes, ? for
// one, [a-c] and [^a-c] for one of a class, \ before a byte that stands for
// itself. What is odd about it is Redis': a class needs no end, and nothing but
// the empty pattern matches an empty s. The time it takes is at worst the
// product of both lengths.
func Glob(pattern string, s []byte) bool { return glob(pattern, s, false) }

// GlobFold is Glob for names in upper and lower case, as CONFIG GET has them.
func GlobFold(pattern string, s []byte) bool { return glob(pattern, s, true) }

// glob remembers the last * only: what an earlier one could still swallow, the
// last one can swallow too, so going back further finds nothing new.
func glob(pattern string, s []byte, fold bool) bool {
	if len(s) == 0 {
		return pattern == ""
	}
	p, i := 0, 0
	star, swallowed := -1, 0
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '*' {
			p++
			if p == len(pattern) {
				return true
			}
			star, swallowed = p, i
			continue
		}
		if n, ok := matchOne(pattern[p:], s[i], fold); ok {
			p, i = p+n, i+1
			continue
		}
		if star < 0 {
			return false
		}
		swallowed++
		p, i = star, swallowed
	}
	for p < len(pattern) && pattern[p] == '*' {
		p++
	}
	return p == len(pattern)
}

// matchOne compares c with the beginning of a pattern that is no *, and gives
// the length of that beginning.
func matchOne(pattern string, c byte, fold bool) (n int, ok bool) {
	switch {
	case pattern == "":
		return 0, false
	case pattern[0] == '?':
		return 1, true
	case pattern[0] == '[':
		n, ok = matchClass(pattern[1:], c, fold)
		return n + 1, ok
	case pattern[0] == '\\' && len(pattern) > 1:
		return 2, equal(pattern[1], c, fold)
	}
	return 1, equal(pattern[0], c, fold)
}

// matchClass is matchOne for what stands behind a [.
func matchClass(pattern string, c byte, fold bool) (n int, ok bool) {
	not := pattern != "" && pattern[0] == '^'
	if not {
		n++
	}
	for n < len(pattern) && pattern[n] != ']' {
		switch rest := pattern[n:]; {
		case rest[0] == '\\' && len(rest) > 1:
			ok = ok || rest[1] == c // not folded by Redis either
			n += 2
		case len(rest) > 2 && rest[1] == '-': // also when rest[2] is ]
			ok = ok || within(c, rest[0], rest[2], fold)
			n += 3
		default:
			ok = ok || equal(rest[0], c, fold)
			n++
		}
	}
	if n < len(pattern) {
		n++
	}
	return n, ok != not
}

// within compares bytes without a sign. Redis does where C's char has none, and
// differs elsewhere for a range from ASCII to beyond.
func within(c, from, to byte, fold bool) bool {
	if from > to {
		from, to = to, from
	}
	if fold {
		c, from, to = lower(c), lower(from), lower(to)
	}
	return from <= c && c <= to
}

func equal(a, b byte, fold bool) bool { return a == b || fold && lower(a) == lower(b) }

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
