package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLinksLead: every link from a page to another, or to a heading, is to
// something that is there, and README leads to every page of docs.
func TestLinksLead(t *testing.T) {
	t.Parallel()
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil || len(pages) == 0 {
		t.Fatalf("no pages: %v", err)
	}
	text := readme(t)
	for _, p := range pages {
		if name := "docs/" + filepath.Base(p); !strings.Contains(text, "]("+name) {
			t.Errorf("README does not lead to %s", name)
		}
	}
	link := regexp.MustCompile(`\]\(([^)#\s]*)(#[^)\s]+)?\)`)
	for _, p := range append(pages, "../../README.md", "../../GUARANTEES.md", "../../CONTRIBUTING.md", "../../examples/README.md", "../../bench/README.md") {
		for _, m := range link.FindAllStringSubmatch(readFile(t, p), -1) {
			if err := follow(t, p, m[1], m[2]); err != "" {
				t.Errorf("%s: %s%s %s", p, m[1], m[2], err)
			}
		}
	}
}

// follow says what is wrong with a link of a page.
func follow(t *testing.T, page, target, heading string) string {
	t.Helper()
	if strings.Contains(target, "://") {
		return ""
	}
	there := page
	if target != "" {
		there = filepath.Join(filepath.Dir(page), target)
	}
	if _, err := os.Stat(there); err != nil {
		return "is not there"
	}
	if heading == "" {
		return ""
	}
	for _, l := range lines(readFile(t, there)) {
		if strings.HasPrefix(l, "#") && anchor(l) == heading {
			return ""
		}
	}
	return "is no heading of it"
}

// anchor is what a forge makes of a heading.
func anchor(heading string) string {
	s := strings.ToLower(strings.TrimLeft(heading, "# "))
	s = regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(s, "")
	return "#" + strings.ReplaceAll(s, " ", "-")
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
