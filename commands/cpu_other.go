//go:build !unix

package commands

func cpuInfo() []string { return nil }
