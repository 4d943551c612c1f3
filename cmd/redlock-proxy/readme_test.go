package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"redlock-proxy/commands"
)

func readme(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section gives what stands under a heading, up to the next.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(readme(t), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("README has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// rows gives the rows of a section's first table, without heading and rule.
func rows(text string) []string {
	var all []string
	for _, l := range lines(text) {
		if strings.HasPrefix(l, "| `") {
			all = append(all, l)
		} else if len(all) > 0 {
			break
		}
	}
	return all
}

func TestReadmeListsTheCommands(t *testing.T) {
	t.Parallel()
	text := section(t, "Commands")
	_, rest, found := strings.Cut(text, "\n### As in Redis\n")
	if !found {
		t.Fatal("README has no section for the commands that are as in Redis")
	}
	var locks, others []string
	for _, r := range commands.Rows() {
		row := "| `" + strings.ReplaceAll(r.Usage, "|", `\|`) + "` | " + r.Summary + " |"
		if r.Key > 0 || slices.Contains(r.Categories, "lockadmin") {
			locks = append(locks, row)
			continue
		}
		if len(r.Subcommands) > 0 {
			row = "| `" + strings.ToUpper(r.Name) + "` " + subcommands(r) + " | " + r.Summary + " |"
		}
		others = append(others, row)
	}
	for _, tt := range []struct{ got, want []string }{{rows(text), locks}, {rows(rest), others}} {
		if strings.Join(tt.got, "\n") != strings.Join(tt.want, "\n") {
			t.Errorf("README has\n%s\nthe table of commands makes\n%s", strings.Join(tt.got, "\n"), strings.Join(tt.want, "\n"))
		}
	}
}

func subcommands(r *commands.Command) string {
	var names []string
	for _, s := range r.Subcommands {
		names = append(names, strings.ToUpper(s.Name))
	}
	return strings.Join(names, " ")
}

func TestReadmeListsTheFlags(t *testing.T) {
	t.Parallel()
	parser, err := newParser(&program{})
	if err != nil {
		t.Fatal(err)
	}
	var want []string
	seen := map[string]bool{}
	_ = kong.Visit(parser.Model, func(n kong.Visitable, next kong.Next) error {
		if f, isFlag := n.(*kong.Flag); isFlag && f.Name != "help" && !seen[f.Name] {
			seen[f.Name] = true // subcommands share some
			def := f.Default
			if def != "" {
				def = "`" + def + "`"
			}
			row := "| `--" + f.Name + "` | " + def + " | " + strings.TrimSuffix(f.Help, ".") + " |"
			want = append(want, strings.ReplaceAll(row, "|  |", "| |"))
		}
		return next(nil)
	})
	if got := rows(section(t, "Options")); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("README has\n%s\nthe flags are\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestReadmeTranscript types what README shows, against the embedded default,
// and compares all but the token and the milliseconds.
func TestReadmeTranscript(t *testing.T) {
	t.Parallel()
	_, rest, _ := strings.Cut(readme(t), "```console\n")
	text, _, _ := strings.Cut(rest, "```")
	token := regexp.MustCompile(`[0-9a-f]{40}`)
	milliseconds := regexp.MustCompile(`\d{4,5}$`)
	blur := func(s string) string { return milliseconds.ReplaceAllString(token.ReplaceAllString(s, "TOKEN"), "MS") }
	r := start(t)
	var given string
	var got []string
	for _, l := range lines(text) {
		command, typed := strings.CutPrefix(l, "$ redis-cli -p 7379 ")
		if !typed {
			continue
		}
		got = append(got, l)
		args := append([]string{"--no-raw", "-p", r.port()}, strings.Fields(token.ReplaceAllString(command, given))...)
		answer := cli(t, args...)
		if m := token.FindString(answer); m != "" {
			given = m
		}
		got = append(got, lines(answer)...)
	}
	want := lines(text)
	for i := range want {
		if len(got) != len(want) || !strings.HasPrefix(want[i], "$") && blur(got[i]) != blur(want[i]) {
			t.Fatalf("README shows\n%s\nbut it is\n%s", text, strings.Join(got, "\n"))
		}
	}
}

// TestReadmeRunTranscript types what README shows of run, and compares all but
// the fence.
func TestReadmeRunTranscript(t *testing.T) {
	t.Parallel()
	p := startProcess(t)
	_, rest, _ := strings.Cut(section(t, "Cron and shell"), "```console\n")
	text, _, _ := strings.Cut(rest, "```")
	var got strings.Builder
	for _, l := range lines(text) {
		if command, typed := strings.CutPrefix(l, "$ "); typed {
			c := exec.CommandContext(t.Context(), "sh", "-c", command)
			c.Env = append(os.Environ(), "PATH="+filepath.Dir(p.file)+":"+os.Getenv("PATH"), "REDLOCK_ADDR="+p.addr)
			out, err := c.CombinedOutput()
			if err != nil {
				t.Fatal(err)
			}
			got.WriteString(l + "\n" + string(out))
		}
	}
	fence := regexp.MustCompile(`\d{10,}`)
	if g := fence.ReplaceAllString(got.String(), "FENCE"); g == "" || g != fence.ReplaceAllString(text, "FENCE") {
		t.Errorf("README shows\n%s\nbut it is\n%s", text, got.String())
	}
}

// TestReadmeGoExample: what README shows of the library is part of an example
// that runs.
func TestReadmeGoExample(t *testing.T) {
	t.Parallel()
	example, err := os.ReadFile("../../redlock/example_test.go")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(readme(t), "```go\n")
	snippet, _, _ := strings.Cut(rest, "```")
	if flat(snippet) == "" || !strings.Contains(flat(string(example)), flat(snippet)) {
		t.Errorf("not in redlock/example_test.go:\n%s", snippet)
	}
}

// flat takes the indentation away.
func flat(s string) string {
	var b strings.Builder
	for _, l := range lines(s) {
		b.WriteString(strings.TrimSpace(l) + "\n")
	}
	return strings.TrimSpace(b.String())
}
