package main

import (
	"fmt"
	"runtime/debug"
)

// release is the version that is being worked on.
const release = "0.1.0-dev"

type version struct{}

// Run prints the version, with the commit when the build knows it.
func (version) Run(env *environment) error {
	_, err := fmt.Fprintln(env.stdout, "redlock-proxy", fullVersion())
	return err
}

func fullVersion() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return release
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return release + "+" + s.Value[:12]
		}
	}
	return release
}
