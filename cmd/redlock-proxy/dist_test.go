package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestDistScript runs it with a compiler that writes down how it was called:
// building for four platforms takes minutes.
func TestDistScript(t *testing.T) {
	t.Parallel()
	bin, dist := t.TempDir(), t.TempDir()
	compiler := "#!/bin/sh\n[ $1 = version ] && { printf '\\tbuild\\tvcs.revision=0123456789abcdef\\n\\tbuild\\tvcs.modified=true\\n'; exit; }\nfor a in \"$@\"; do [ \"$last\" = -o ] && out=$a; last=$a; done\n" +
		"echo \"CGO_ENABLED=$CGO_ENABLED GOOS=$GOOS GOARCH=$GOARCH $*\" | sed \"s|$out|OUT|\" >\"$out\"\n"
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte(compiler), 0o700); err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), "make", "-C", "../..", "dist")
	c.Env = append(os.Environ(), "PATH="+bin+":"+os.Getenv("PATH"), "DIST="+dist, "PLATFORMS=")
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("make dist: %v\n%s", err, out)
	}
	wantShown(t, string(out), dist)
	sums, err := os.ReadFile(filepath.Join(dist, "SHA256SUMS"))
	if err != nil {
		t.Fatal(err)
	}
	for _, platform := range []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"} {
		name := regexp.MustCompile(`redlock-proxy-` + regexp.QuoteMeta(release) + `\+0123456789ab\.dirty-` + platform + `\b`).FindString(string(sums))
		if name == "" {
			t.Errorf("no %s in\n%s", platform, sums)
			continue
		}
		called, err := os.ReadFile(filepath.Join(dist, name))
		if err != nil {
			t.Fatal(err)
		}
		system, arch, _ := strings.Cut(platform, "-")
		want := "CGO_ENABLED=0 GOOS=" + system + " GOARCH=" + arch + " build -buildvcs=auto -trimpath -ldflags=-s -w -o OUT ./cmd/redlock-proxy\n"
		if string(called) != want {
			t.Errorf("%s is built with\n%swant\n%s", platform, called, want)
		}
	}
}

// wantShown: docs/deployment.md shows what make dist does, but for the commit.
func wantShown(t *testing.T, out, dist string) {
	t.Helper()
	version := regexp.MustCompile(regexp.QuoteMeta(release) + `\+[0-9a-f]{12}(\.dirty)?`)
	blur := func(s string) string {
		return version.ReplaceAllString(strings.ReplaceAll(s, dist+"/", "dist/"), "VERSION")
	}
	_, rest, _ := strings.Cut(readFile(t, "../../docs/deployment.md"), "$ make dist\n")
	shown, _, _ := strings.Cut(rest, "$ ")
	var said strings.Builder
	for _, l := range lines(out) {
		if !strings.HasPrefix(l, "make") { // of folders
			said.WriteString(l + "\n")
		}
	}
	if blur(said.String()) != blur(shown) {
		t.Errorf("make dist says\n%s\ndocs/deployment.md shows\n%s", said.String(), shown)
	}
}
