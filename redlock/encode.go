package redlock

import (
	"fmt"
	"strconv"
)

// A command goes to a node as an array of bulk strings
// (https://redis.io/docs/latest/develop/reference/protocol-spec/#sending-commands-to-a-redis-server).
// Those of a lock are encoded once for all nodes.

// appendArray begins a command of so many words.
func appendArray(b []byte, words int) []byte { return appendHeader(b, '*', words) }

// appendWords goes on with words, of any bytes.
func appendWords(b []byte, words ...string) []byte {
	for _, w := range words {
		b = append(appendHeader(b, '$', len(w)), w...)
		b = append(b, '\r', '\n')
	}
	return b
}

// appendNumber goes on with a number.
func appendNumber(b []byte, n int64) []byte {
	var digits [20]byte // as many as the least int64 has, with its sign
	text := strconv.AppendInt(digits[:0], n, 10)
	b = append(appendHeader(b, '$', len(text)), text...)
	return append(b, '\r', '\n')
}

func appendHeader(b []byte, kind byte, n int) []byte {
	return append(strconv.AppendInt(append(b, kind), int64(n), 10), '\r', '\n')
}

// appendCommand encodes one of the commands that are seldom sent. Other types
// than these are a mistake, which the node shall refuse.
func appendCommand(b []byte, args []any) []byte {
	b = appendArray(b, len(args))
	for _, a := range args {
		switch a := a.(type) {
		case string:
			b = appendWords(b, a)
		case int:
			b = appendNumber(b, int64(a))
		case int64:
			b = appendNumber(b, a)
		default:
			b = appendWords(b, fmt.Sprintf("redlock: argument of type %T", a))
		}
	}
	return b
}
