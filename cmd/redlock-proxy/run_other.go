//go:build !unix

package main

import (
	"errors"
	"io"

	"redlock-proxy/internal/holding"
)

// runLocked is not there: what ends a command in time rests on signals.
func (*runCommand) runLocked(holding.Options, io.Writer) error {
	return errors.New("run is not available on this system")
}
