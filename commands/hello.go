package commands

import "fmt"

// redisVersion is the Redis whose protocol this speaks. Clients choose what
// they send by it.
const redisVersion = "7.4.0"

// HELLO [2|3 [AUTH username password] [SETNAME name]]
func hello(t *Table, c *Call) {
	proto := int64(c.Session.Proto)
	if len(c.Args) > 1 {
		var isInteger bool
		if proto, isInteger = integer(c.Args[1]); !isInteger {
			c.Reply(errProtoNumber)
			return
		}
		if proto != 2 && proto != 3 {
			c.Reply(errNoProto)
			return
		}
	}
	name, named := "", false
	for i := 2; i < len(c.Args); i++ {
		switch more := len(c.Args) - i - 1; {
		case is(c.Args[i], "AUTH") && more >= 2:
			if reply := t.logIn(c, c.Args[i+1], c.Args[i+2]); reply != ok {
				c.Reply(reply)
				return
			}
			i += 2
		case is(c.Args[i], "SETNAME") && more >= 1:
			if !validName(c.Args[i+1]) {
				c.Reply(errClientName)
				return
			}
			name, named = c.arg(i+1), true
			i++
		default:
			c.Reply(Error(fmt.Sprintf("ERR Syntax error in HELLO option '%s'", text(c.Args[i], 128))))
			return
		}
	}
	if !c.Session.LoggedIn() {
		c.Reply(errHelloNoAuth)
		return
	}
	if named {
		c.Session.setName(name)
	}
	c.Session.setProto(int(proto))
	c.Proto = int(proto)
	c.Reply(t.greeting(c.Session))
}

func (t *Table) greeting(s *Session) Reply {
	return Map{
		Bulk("server"), Bulk("redis"),
		Bulk("version"), Bulk(redisVersion),
		Bulk("proto"), Integer(s.Proto),
		Bulk("id"), Integer(s.ID),
		Bulk("mode"), Bulk("standalone"),
		Bulk("role"), Bulk("master"),
		Bulk("redlock_proxy"), Bulk(t.Version),
		Bulk("modules"), Array{}, // last: Lettuce reads what follows a list wrongly
	}
}
