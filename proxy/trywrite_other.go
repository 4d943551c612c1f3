//go:build !unix

package proxy

// try leaves it to who can wait.
func (p *peer) try(uintptr) bool { return true }
