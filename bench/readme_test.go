package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"redlock-proxy/bench/figures"
)

func TestAPageReplacesTheOneBefore(t *testing.T) {
	p := plan{pictures: "pictures", readme: filepath.Join(t.TempDir(), "README.md")}
	if err := os.WriteFile(p.readme, []byte("# A\n<!-- load -->\nold\n<!-- /load -->\nend\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	g := page{"load", []figures.Table{{Headings: []string{"x"}, Rows: [][]string{{"1"}}}}, []string{"cpu"}, "signed\n"}
	for range 2 { // the second changes nothing
		if err := p.update(g); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(p.readme)
		want := "# A\n<!-- load -->\nsigned\n\n| x |\n|--:|\n| 1 |\n\n![cpu](pictures/cpu.svg)\n<!-- /load -->\nend\n"
		if err != nil || string(got) != want {
			t.Fatalf("got\n%s, %v\nwant\n%s", got, err, want)
		}
	}
	g.name = "nodes"
	if err := p.update(g); err == nil || !strings.Contains(err.Error(), "<!-- nodes -->") {
		t.Errorf("without a place: got %v", err)
	}
}

// TestReadmeHasAPlaceForEachSection, or the half hour was for nothing.
func TestReadmeHasAPlaceForEachSection(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names(), "goals") {
		if !strings.Contains(string(text), "<!-- "+name+" -->\n") || !strings.Contains(string(text), "<!-- /"+name+" -->\n") {
			t.Errorf("README.md has no lines <!-- %s --> and <!-- /%s -->", name, name)
		}
	}
}
