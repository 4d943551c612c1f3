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

// fullVersion is the release and, when Go has built from a checkout, its commit;
// .dirty tells that files were changed in it.
func fullVersion() string {
	info, known := debug.ReadBuildInfo()
	if !known {
		return release
	}
	commit, dirty := "", ""
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && len(s.Value) >= 12:
			commit = "+" + s.Value[:12]
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ".dirty"
		}
	}
	if commit == "" {
		return release
	}
	return release + commit + dirty
}
