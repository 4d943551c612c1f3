package main

import (
	"io"
	"strings"
	"testing"
)

// TestCompletionInBash completes lines in a real bash.
func TestCompletionInBash(t *testing.T) {
	t.Parallel()
	script := completionFor(t, "bash")
	file := write(t, "completion.bash", script)
	for line, want := range map[string]string{
		"redlock-proxy ch":                         "check",
		"redlock-proxy --max-t":                    "--max-ttl",
		"redlock-proxy serve --unix":               "--unix-socket-mode",
		"redlock-proxy check --max-h":              "", // no flag of check
		"redlock-proxy replace --ol":               "--old",
		"redlock-proxy serve --log-level ":         "debug info warn error",
		"redlock-proxy serve --log-level = w":      "warn", // as bash cuts --log-level=w
		"redlock-proxy --max-ttl 5m --first-start": "--first-start",
		"redlock-proxy completion z":               "zsh",
	} {
		words := strings.Split(line, " ")
		program := `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _redlock_proxy; echo "${COMPREPLY[*]}"`
		got := pipe(t, "", "bash", append([]string{"-c", program, "bash", file}, words...)...)
		if strings.TrimSpace(got) != want {
			t.Errorf("%q completes to %q, want %q", line, strings.TrimSpace(got), want)
		}
	}
}

// TestCompletionKnowsTheTable: each subcommand and each flag is in each script.
func TestCompletionKnowsTheTable(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&program{})
	if err != nil {
		t.Fatal(err)
	}
	for shell, before := range map[string]string{"bash": "--", "zsh": "--", "fish": "-l "} {
		script := completionFor(t, shell)
		for _, node := range parser.Model.Children {
			if !strings.Contains(script, node.Name) {
				t.Errorf("%s: no %s", shell, node.Name)
			}
			for _, f := range node.Flags {
				if !strings.Contains(script, before+f.Name) {
					t.Errorf("%s: no --%s", shell, f.Name)
				}
			}
		}
	}
}

func completionFor(t *testing.T, shell string) string {
	t.Helper()
	stdout, stderr := newOutput(), newOutput()
	if code := run(t.Context(), []string{"completion", shell}, stdout, stderr); code != exitClean {
		t.Fatalf("exit code %d: %s", code, stderr)
	}
	return stdout.String()
}

// TestHelpShowsTheFlagsOfServe, in groups and with their defaults.
func TestHelpShowsTheFlagsOfServe(t *testing.T) {
	t.Parallel()
	stdout := newOutput()
	if code := run(t.Context(), []string{"--help"}, stdout, io.Discard); code != exitClean {
		t.Fatalf("exit code %d", code)
	}
	parser, err := newParser(&program{})
	if err != nil {
		t.Fatal(err)
	}
	text := stdout.String()
	flatText := strings.Join(strings.Fields(strings.ReplaceAll(text, `"`, "")), " ")
	for _, node := range parser.Model.Children {
		if !strings.Contains(text, "\n  "+node.Name) {
			t.Errorf("no subcommand %s in\n%s", node.Name, text)
		}
	}
	for _, f := range parser.Model.DefaultCmd.Flags {
		if f.Group == nil {
			t.Errorf("--%s is in no group", f.Name)
			continue
		}
		if !strings.Contains(text, "\n"+f.Group.Title+"\n") || !strings.Contains(text, "--"+f.Name) || !strings.Contains(flatText, "--"+f.Name+"="+f.Default) && !strings.Contains(flatText, "Default: "+f.Default+".") {
			t.Errorf("--%s, its group %s or its default %q is not in the help", f.Name, f.Group.Title, f.Default)
		}
	}
}
