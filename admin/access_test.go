package admin

import "testing"

// TestOnlyNamesOfThisMachineAreLocal: a web page can give its own name any
// address, and then make a browser ask there.
func TestOnlyNamesOfThisMachineAreLocal(t *testing.T) {
	t.Parallel()
	for host, want := range map[string]bool{
		"localhost:9": true, "LOCALHOST": true, "127.0.0.1:9": true, "[::1]:9": true, "::1": true, "10.1.2.3": true, "": true,
		"evil.example:9": false, "evil.example": false, "localhost.evil.example:9": false, "127.0.0.1.evil.example": false, "[evil]": false,
	} {
		if got := local(host); got != want {
			t.Errorf("local(%q) is %v, want %v", host, got, want)
		}
	}
}
