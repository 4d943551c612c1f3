package stage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Module is the directory of this module's go.mod, whichever directory within
// it the program or the test was started in.
func Module(ctx context.Context) (string, error) {
	out, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("ask the go command for the module: %w", err)
	}
	file := strings.TrimSpace(string(out))
	if file == "" || file == os.DevNull {
		return "", errors.New("run this from within the module in bench")
	}
	return filepath.Dir(file), nil
}

// Build builds the proxy of this source tree into dir and gives the binary's
// path.
func Build(ctx context.Context, dir string) (string, error) {
	module, err := Module(ctx)
	if err != nil {
		return "", err
	}
	Progress("building the proxy")
	binary := filepath.Join(dir, "redlock-proxy")
	build := exec.CommandContext(ctx, "go", "build", "-o", binary, "./cmd/redlock-proxy")
	build.Dir = filepath.Dir(module) // the proxy's own module, with its own versions
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the proxy: %w\n%s", err, out)
	}
	return binary, nil
}
