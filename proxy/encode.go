package proxy

import (
	"strconv"

	"github.com/tidwall/redcon"

	"redlock-proxy/commands"
)

// encode appends a reply as it looks in RESP2 or RESP3. What the two have in
// common is written by redcon.
func encode(b []byte, proto int, reply commands.Reply) []byte {
	switch r := reply.(type) {
	case commands.Simple:
		return redcon.AppendString(b, string(r))
	case commands.Bulk:
		return redcon.AppendBulkString(b, string(r))
	case commands.Integer:
		return redcon.AppendInt(b, int64(r))
	case *commands.Granted:
		return encodeGranted(b, r)
	case commands.Error:
		return redcon.AppendError(b, string(r))
	case commands.Array:
		return encodeAll(redcon.AppendArray(b, len(r)), proto, r)
	case commands.Map:
		return encodeAll(appendKind(b, proto, '%', len(r)/2, len(r)), proto, r)
	case commands.Set:
		return encodeAll(appendKind(b, proto, '~', len(r), len(r)), proto, r)
	case commands.Push:
		return encodeAll(appendKind(b, proto, '>', len(r), len(r)), proto, r)
	case commands.Several:
		return encodeAll(b, proto, r)
	case commands.Verbatim:
		if proto == 3 {
			b = appendHeader(b, '=', len(r)+len("txt:"))
			return append(append(append(b, "txt:"...), r...), '\r', '\n')
		}
		return redcon.AppendBulkString(b, string(r))
	case commands.Null:
		if proto == 3 {
			return append(b, "_\r\n"...)
		}
		return redcon.AppendNull(b)
	case commands.NullArray:
		if proto == 3 {
			return append(b, "_\r\n"...)
		}
		return append(b, "*-1\r\n"...)
	}
	return redcon.AppendError(b, "ERR internal error: a reply of unknown kind")
}

func encodeGranted(b []byte, g *commands.Granted) []byte {
	if g.Fence == 0 {
		return redcon.AppendInt(redcon.AppendBulkString(redcon.AppendArray(b, 2), g.Token), g.Validity)
	}
	b = redcon.AppendInt(redcon.AppendBulkString(redcon.AppendArray(b, 3), g.Token), g.Validity)
	return redcon.AppendInt(b, g.Fence)
}

func encodeAll(b []byte, proto int, replies []commands.Reply) []byte {
	for _, r := range replies {
		b = encode(b, proto, r)
	}
	return b
}

// appendKind begins a kind of list that RESP2 has as an array.
func appendKind(b []byte, proto int, kind byte, resp3, resp2 int) []byte {
	if proto == 3 {
		return appendHeader(b, kind, resp3)
	}
	return redcon.AppendArray(b, resp2)
}

// size is about how many bytes a reply keeps in memory until it is written,
// besides its slot.
func size(reply commands.Reply) int {
	switch r := reply.(type) {
	case commands.Bulk:
		return len(r)
	case commands.Verbatim:
		return len(r)
	case commands.Error:
		return len(r)
	case commands.Array:
		return sizes(r)
	case commands.Map:
		return sizes(r)
	case commands.Set:
		return sizes(r)
	case commands.Push:
		return sizes(r)
	case commands.Several:
		return sizes(r)
	case commands.Perishable:
		return r.Size()
	}
	return 0
}

func sizes(replies []commands.Reply) int {
	sum := 0
	for _, r := range replies {
		sum += 32 + size(r) // an interface, and what it points to
	}
	return sum
}

func appendHeader(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), '\r', '\n')
}
