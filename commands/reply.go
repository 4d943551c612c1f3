package commands

import "time"

// Reply is what a command answers; package proxy knows how each kind looks in
// RESP2 and RESP3.
type Reply interface{ isReply() }

// The kinds of reply.
type (
	// Simple is a short status such as OK.
	Simple string
	// Bulk is a string of any bytes.
	Bulk string
	// Verbatim is text for people: a verbatim string in RESP3, else a bulk.
	Verbatim string
	// Integer is a number.
	Integer int64
	// Error is a whole error line: an upper-case code, a space, a sentence.
	Error string
	// Null is the absence of a string: $-1 in RESP2.
	Null struct{}
	// NullArray is the absence of an array: *-1 in RESP2.
	NullArray struct{}
	// Array is a list.
	Array []Reply
	// Map is a list of keys, each followed by its value: a map in RESP3, the
	// same list as an array in RESP2.
	Map []Reply
	// Set is a list without order: a set in RESP3, else an array.
	Set []Reply
	// Push is out of band: a push in RESP3, else an array.
	Push []Reply
	// Several are replies one after the other, for the commands that confirm
	// each of their arguments; none where no reply is wanted.
	Several []Reply
)

func (Simple) isReply()    {}
func (Bulk) isReply()      {}
func (Verbatim) isReply()  {}
func (Integer) isReply()   {}
func (Error) isReply()     {}
func (Null) isReply()      {}
func (NullArray) isReply() {}
func (Array) isReply()     {}
func (Map) isReply()       {}
func (Set) isReply()       {}
func (Push) isReply()      {}
func (Several) isReply()   {}

// Perishable is a reply that is only true for a while. It is worked out when
// it is written, as replies can be held back behind others.
type Perishable interface {
	Reply
	// At gives the reply as it is at now. When it has gone off it undoes what it
	// stood for and gives an error.
	At(now time.Time) Reply
	// Undelivered is called instead of At, or after it, when the client
	// certainly did not get the reply.
	Undelivered()
	// Size is about how many bytes it keeps in memory.
	Size() int
}

const ok = Simple("OK")

// bulks makes an array of strings.
func bulks(all []string) Array {
	list := make(Array, 0, len(all))
	for _, s := range all {
		list = append(list, Bulk(s))
	}
	return list
}

// simples makes a list of words.
func simples(all []string) []Reply {
	list := make([]Reply, 0, len(all))
	for _, s := range all {
		list = append(list, Simple(s))
	}
	return list
}
