package commands

import (
	"errors"
	"strconv"

	"redlock-proxy/internal/acl"
	"redlock-proxy/redlock"
)

// defaultList is how many keys a LOCKS without COUNT looks at.
const defaultList = 100

// LOCKS [CURSOR cursor] [MATCH pattern] [COUNT count]
func locks(t *Table, c *Call) {
	r, refusal := listOptions(c.Args[1:])
	if refusal != nil {
		c.Reply(refusal)
		return
	}
	t.Quorum.StartList(r, func(p redlock.Page, err error) {
		switch {
		case errors.Is(err, redlock.ErrCursor):
			c.Reply(errCursor)
		case err != nil:
			c.Reply(failure(err))
		default:
			c.Reply(describePage(p))
		}
	})
}

func listOptions(args [][]byte) (redlock.ListRequest, Reply) {
	r := redlock.ListRequest{Count: defaultList}
	for ; len(args) > 0; args = args[2:] {
		switch {
		case len(args) == 1:
			return r, errSyntax
		case is(args[0], "CURSOR"):
			cursor, err := strconv.ParseUint(string(args[1]), 10, 64)
			if err != nil {
				return r, errCursor
			}
			r.Cursor = cursor
		case is(args[0], "MATCH"):
			if len(args[1]) > maxPattern {
				return r, errPattern
			}
			pattern := string(args[1])
			r.Match = func(resource string) bool { return acl.Glob(pattern, []byte(resource)) }
		case is(args[0], "COUNT"):
			n, isInteger := integer(args[1])
			switch {
			case !isInteger:
				return r, errNotInteger
			case n < 1:
				return r, errSyntax // as by SCAN
			}
			r.Count = int(min(n, redlock.MaxList))
		default:
			return r, errSyntax
		}
	}
	return r, nil
}

// describePage: the cursor, the locks, and the nodes that could not be searched.
func describePage(p redlock.Page) Reply {
	held, skipped := make(Array, 0, len(p.Locks)), make(Array, 0, len(p.Skipped))
	for _, l := range p.Locks {
		held = append(held, Array{Bulk(l.Resource), Integer(l.Left), Integer(l.Votes)})
	}
	for _, s := range p.Skipped {
		skipped = append(skipped, Bulk(s.Error()))
	}
	return Array{Bulk(strconv.FormatUint(p.Cursor, 10)), held, skipped}
}
