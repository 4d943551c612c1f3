package proxy

import (
	"testing"

	"redlock-proxy/commands"
)

// BenchmarkEncode writes the reply of a grant.
func BenchmarkEncode(b *testing.B) {
	var reply commands.Reply = &commands.Granted{Token: "0123456789012345678901234567890123456789", Validity: 9898}
	buffer := make([]byte, 0, 256)
	b.ReportAllocs()
	for b.Loop() {
		buffer = encode(buffer[:0], 2, reply)
	}
}
