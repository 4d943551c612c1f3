package main

import (
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func guarantees(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../GUARANTEES.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestGuaranteesHaveEachCondition: 21 rows in order, none with an empty cell.
func TestGuaranteesHaveEachCondition(t *testing.T) {
	t.Parallel()
	_, rest, found := strings.Cut(guarantees(t), "\n## 5. ")
	if !found {
		t.Fatal("there is no section 5")
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	if err := conditions(text); err != "" {
		t.Error(err)
	}
	broken := strings.Replace(text, "\n| 12 |", "\n| 13 |", 1)
	if conditions(broken) == "" || conditions(text[:len(text)/2]) == "" {
		t.Error("a missing row would not be noticed")
	}
}

// conditions says what is wrong with the table, or nothing.
func conditions(text string) string {
	next := 1
	for _, l := range lines(text) {
		cells := strings.Split(l, " | ")
		if !strings.HasPrefix(l, "| ") || cells[0] == "| #" {
			continue
		}
		if cells[0] != "| "+strconv.Itoa(next) || len(cells) != 5 || strings.Contains(l, "|  |") {
			return "row " + strconv.Itoa(next) + " is " + l
		}
		next++
	}
	if next != 22 {
		return "there are " + strconv.Itoa(next-1) + " rows, not 21"
	}
	return ""
}

// TestGuaranteesNameFlagsThatExist, as README's table has them.
func TestGuaranteesNameFlagsThatExist(t *testing.T) {
	t.Parallel()
	table := strings.Join(rows(section(t, "Options")), "\n")
	flags := regexp.MustCompile("--[a-z][a-z-]+").FindAllString(guarantees(t), -1)
	if len(flags) < 5 {
		t.Fatalf("only %q were found", flags)
	}
	for _, f := range flags {
		if !strings.Contains(table, "| `"+f+"` |") {
			t.Errorf("there is no flag %s", f)
		}
	}
}
