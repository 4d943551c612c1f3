//go:build !unix

package main

import (
	"errors"

	"redlock-proxy/internal/holding"
)

// runLocked is not there: what ends a command in time rests on signals.
func (*runCommand) runLocked(*environment, holding.Options) error {
	return errors.New("run is not available on this system")
}
