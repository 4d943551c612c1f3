package commands

import (
	"math"
	"strings"
	"time"
)

// integer reads a number as Redis does: no sign but a minus, no leading zero,
// no space.
func integer(arg []byte) (int64, bool) {
	digits := arg
	negative := len(arg) > 0 && arg[0] == '-'
	if negative {
		digits = arg[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && (len(digits) > 1 || negative) {
		return 0, false
	}
	var n uint64
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + uint64(d-'0') // 19 digits fit
	}
	switch {
	case negative && n <= -math.MinInt64:
		return -int64(n), true
	case !negative && n <= math.MaxInt64:
		return int64(n), true
	}
	return 0, false
}

// ttl reads a time to live for the named command, within what the quorum
// grants.
func (t *Table) ttl(arg []byte, command string) (time.Duration, Reply) {
	n, ok := integer(arg)
	least, most := t.Quorum.TTLs()
	switch {
	case !ok:
		return 0, errNotInteger
	case n <= 0:
		return 0, invalidExpire(command)
	case n < least.Milliseconds():
		return 0, ttlTooShort(n, least)
	case n > most.Milliseconds():
		return 0, ttlTooLong(n, most)
	}
	return time.Duration(n) * time.Millisecond, nil
}

// is compares an option word, in any case.
func is(arg []byte, word string) bool { return strings.EqualFold(string(arg), word) }
