package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
)

// moduleVersion gives the version of a module that was built in.
func moduleVersion(path string) func() (string, error) {
	return func() (string, error) {
		info, ok := debug.ReadBuildInfo()
		if !ok {
			return "", errors.New("built without the versions of modules")
		}
		for _, m := range info.Deps {
			if m.Path == path {
				return strings.TrimPrefix(m.Version, "v"), nil
			}
		}
		return "", fmt.Errorf("%s is not built in", path)
	}
}
