package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// What the tests of deploy/ know of PromQL: enough for the queries there, and not
// more.

var (
	selector = regexp.MustCompile(`(redlock_proxy_\w+|\bup\b)(?:\{([^}]*)\})?`)
	matcher  = regexp.MustCompile(`(\w+)(=~|=|!=|!~)"([^"]*)"`)
	grouping = regexp.MustCompile(`\b(by|on) \(([^)]*)\) ?`)
	// where labels are put into words
	alertLabel  = regexp.MustCompile(`\$labels\.(\w+)`)
	legendLabel = regexp.MustCompile(`\{\{\s*(\w+)\s*\}\}`)
)

// checkQuery tells what a query names that no proxy exports: a metric, a label in
// its braces, a value there, or a label that is grouped by.
func checkQuery(query string, names map[string]map[string][]string) error {
	found := selector.FindAllStringSubmatch(query, -1)
	if len(found) == 0 {
		return fmt.Errorf("no metric in %q", query)
	}
	for _, s := range found {
		labels, there := names[s[1]]
		if !there {
			return fmt.Errorf("%s is not exported", s[1])
		}
		for _, m := range matcher.FindAllStringSubmatch(s[2], -1) {
			values, there := labels[m[1]]
			if !there {
				return fmt.Errorf("%s has no label %s", s[1], m[1])
			}
			for _, v := range strings.Split(m[3], "|") {
				if values != nil && !slices.Contains(values, v) {
					return fmt.Errorf("%s has no %s=%q", s[1], m[1], v)
				}
			}
		}
	}
	return checkGroups(query, names)
}

// checkGroups looks at what is grouped: by, in the parentheses that follow; on, in
// all of the query.
func checkGroups(query string, names map[string]map[string][]string) error {
	for _, at := range grouping.FindAllStringSubmatchIndex(query, -1) {
		what, kind := query, query[at[2]:at[3]]
		if kind == "by" {
			what = inParentheses(query[at[1]:])
		}
		for _, s := range selector.FindAllStringSubmatch(what, -1) {
			for _, label := range strings.Split(query[at[4]:at[5]], ", ") {
				if _, there := names[s[1]][label]; !there {
					return fmt.Errorf("%s has no label %s", s[1], label)
				}
			}
		}
	}
	return nil
}

// inParentheses is what stands between the first one and the one that closes it.
func inParentheses(text string) string {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return text[:i]
			}
		}
	}
	return text
}

// resultLabels are those of what a query gives: the groups of its left side, or
// without any those of its metric. Sums without groups have none, nor has what is
// absent.
func resultLabels(query string, names map[string]map[string][]string) (all []string) {
	left, _, _ := strings.Cut(query, " and ")
	groups := grouping.FindStringSubmatch(left)
	switch {
	case groups != nil:
		all = strings.Split(groups[2], ", ")
	case regexp.MustCompile(`\b(sum|count|max|min|avg|absent)\(`).MatchString(left):
		return nil
	default:
		for label := range names[selector.FindStringSubmatch(left)[1]] {
			all = append(all, label)
		}
	}
	if strings.HasPrefix(left, "histogram_quantile(") {
		all = slices.DeleteFunc(all, func(label string) bool { return label == "le" })
	}
	return all
}

// checkWords tells what label is put into words that the result of a query does not
// have.
func checkWords(words string, label *regexp.Regexp, query string, names map[string]map[string][]string) error {
	there := resultLabels(query, names)
	for _, m := range label.FindAllStringSubmatch(words, -1) {
		if !slices.Contains(there, m[1]) {
			return fmt.Errorf("%q names %s, and the query has only %v", words, m[1], there)
		}
	}
	return nil
}

// checkVariable looks at the query of a dashboard's variable.
func checkVariable(query string, names map[string]map[string][]string) error {
	m := regexp.MustCompile(`label_values\((\w+), (\w+)\)`).FindStringSubmatch(query)
	if m == nil {
		return fmt.Errorf("%s is not understood by this test", query)
	}
	if _, there := names[m[1]][m[2]]; !there {
		return fmt.Errorf("there is no %s with a label %s", m[1], m[2])
	}
	return nil
}

func TestCheckQueryFindsWhatIsWrong(t *testing.T) {
	t.Parallel()
	names := map[string]map[string][]string{
		"redlock_proxy_a":        {"x": {"1", "2"}, "instance": nil},
		"redlock_proxy_a_bucket": {"x": {"1"}, "le": {"1"}, "instance": nil},
		"up":                     {"instance": nil},
	}
	for _, tt := range []struct{ query, want string }{
		{`rate(redlock_proxy_a{x="1",instance=~"$instance"}[5m])`, "<nil>"},
		{`redlock_proxy_a{x=~"1|2"}`, "<nil>"},
		{`redlock_proxy_b`, "redlock_proxy_b is not exported"},
		{`redlock_proxy_a{y="1"}`, "redlock_proxy_a has no label y"},
		{`redlock_proxy_a{x=~"1|3"}`, `redlock_proxy_a has no x="3"`},
		{`vector(1)`, `no metric in "vector(1)"`},
		{`absent(redlock_proxy_b)`, "redlock_proxy_b is not exported"},
		{`absent(redlock_proxy_a)`, "<nil>"},
		{`up == 0 and on (instance) redlock_proxy_a`, "<nil>"},
		{`up == 0 and on (x) redlock_proxy_a`, "up has no label x"},
		{`up{y="1"} == 0`, "up has no label y"},
		{`sum by (x) (rate(redlock_proxy_a[5m])) / sum by (instance) (rate(up[5m]))`, "<nil>"},
		{`sum by (x) (rate(redlock_proxy_a[5m])) / sum by (x) (rate(up[5m]))`, "up has no label x"},
		{`sum by (x, le) (redlock_proxy_a)`, "redlock_proxy_a has no label le"},
	} {
		if got := fmt.Sprint(checkQuery(tt.query, names)); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.query, got, tt.want)
		}
	}
	for _, tt := range []struct{ words, query, want string }{
		{"{{x}} {{ instance }}", `redlock_proxy_a == 0 and up == 1`, "<nil>"},
		{"{{le}}", `redlock_proxy_a`, "le"},
		{"{{x}}", `sum by (x) (rate(redlock_proxy_a[5m]))`, "<nil>"},
		{"{{instance}}", `sum by (x) (rate(redlock_proxy_a[5m]))`, "instance"},
		{"{{x}}", `sum(rate(redlock_proxy_a[5m]))`, "x"},
		{"{{instance}}", `absent(redlock_proxy_a)`, "instance"},
		{"{{x}}", `up and on (instance) redlock_proxy_a`, "x"},
		{"{{x}}", `histogram_quantile(0.5, sum by (x, le) (rate(redlock_proxy_a_bucket[5m])))`, "<nil>"},
		{"{{le}}", `histogram_quantile(0.5, sum by (x, le) (rate(redlock_proxy_a_bucket[5m])))`, "le"},
	} {
		got := fmt.Sprint(checkWords(tt.words, legendLabel, tt.query, names))
		if tt.want == "<nil>" && got != tt.want || !strings.Contains(got, tt.want) {
			t.Errorf("%s of %s: %s, want %s", tt.words, tt.query, got, tt.want)
		}
	}
	for query, want := range map[string]string{
		"label_values(redlock_proxy_a, x)": "<nil>", "label_values(redlock_proxy_a, le)": "no redlock_proxy_a", "label_values(redlock_proxy_b, x)": "no redlock_proxy_b", "x": "not understood",
	} {
		if got := fmt.Sprint(checkVariable(query, names)); !strings.Contains(got, want) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if err := checkWords("$labels.y", alertLabel, "redlock_proxy_a", names); err == nil {
		t.Error("$labels.y was taken for a label")
	}
}
