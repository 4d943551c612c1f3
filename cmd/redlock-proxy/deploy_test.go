package main

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"

	"redlock-proxy/internal/redistest"
)

// exported is what a running proxy shows: every name as PromQL writes it, with
// the values of each of its labels.
func exported(t *testing.T) map[string]map[string][]string {
	t.Helper()
	servers := redistest.Start(t, 3) // the embedded ones have no clock of their own
	r, a := startAdmin(t, append(nodeFlags(servers), "--first-start=force")...)
	cli(t, "-p", r.port(), "PING") // for a command besides those of locks
	status, text := a.get(t, "/metrics")
	if status != 200 {
		t.Fatalf("/metrics: %d", status)
	}
	names := map[string]map[string][]string{}
	label := regexp.MustCompile(`(\w+)="([^"]*)"`)
	for _, l := range lines(text) {
		if strings.HasPrefix(l, "#") {
			continue
		}
		name := regexp.MustCompile(`^\w+`).FindString(l)
		if names[name] == nil {
			names[name] = map[string][]string{"instance": nil, "job": nil} // which Prometheus adds
		}
		for _, m := range label.FindAllStringSubmatch(l, -1) {
			names[name][m[1]] = append(names[name][m[1]], m[2])
		}
	}
	names["up"] = map[string][]string{"instance": nil, "job": nil} // of Prometheus itself
	return names
}

// TestAlertsMatchTheProxy: they name what there is, and docs/alerts.md has a
// section for each and no other.
func TestAlertsMatchTheProxy(t *testing.T) {
	t.Parallel()
	var file struct {
		Groups []struct {
			Rules []struct {
				Alert       string
				Expr        string
				For         string
				Labels      map[string]string
				Annotations map[string]string
			}
		}
	}
	text, err := os.ReadFile("../../deploy/alerts.yml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	docs, err := os.ReadFile("../../docs/alerts.md")
	if err != nil {
		t.Fatal(err)
	}
	names := exported(t)
	var alerts []string
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			alerts = append(alerts, r.Alert)
			if err := checkQuery(r.Expr, names); err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			if err := checkWords(r.Annotations["summary"]+r.Annotations["description"], alertLabel, r.Expr, names); err != nil {
				t.Errorf("%s: %v", r.Alert, err)
			}
			if r.Labels["severity"] == "" || r.Annotations["summary"] == "" || r.Annotations["runbook"] != "docs/alerts.md#"+strings.ToLower(r.Alert) {
				t.Errorf("%s: labels %v, annotations %v", r.Alert, r.Labels, r.Annotations)
			}
		}
	}
	var sections []string
	for _, m := range regexp.MustCompile(`(?m)^## (\w+)\n\n\*Means:\* [^#]*\n\n\*Do:\* `).FindAllSubmatch(docs, -1) {
		sections = append(sections, string(m[1]))
	}
	if len(alerts) == 0 || !slices.Equal(alerts, sections) {
		t.Errorf("the alerts are\n%v\ndocs/alerts.md tells of\n%v", alerts, sections)
	}
	prose := string(docs) + tableNames(section(t, "Metrics"))
	for _, name := range regexp.MustCompile(`redlock_proxy_\w+\w`).FindAllString(prose, -1) {
		if names[name] == nil && names[name+"_count"] == nil {
			t.Errorf("docs/alerts.md or README names %s, which is not exported", name)
		}
	}
}

// tableNames gives the metrics of README's table whole.
func tableNames(text string) string {
	var all strings.Builder
	for _, row := range rows(text) {
		for _, m := range regexp.MustCompile("`([a-z_]+)`").FindAllStringSubmatch(strings.SplitN(row, "|", 3)[1], -1) {
			all.WriteString(" redlock_proxy_" + m[1])
		}
	}
	return all.String()
}

func TestDashboardMatchesTheProxy(t *testing.T) {
	t.Parallel()
	var board struct {
		Panels []struct {
			Title   string
			Targets []struct{ Expr, LegendFormat string }
		}
		Templating struct {
			List []struct {
				Name, Type string
				Query      any
			}
		}
	}
	text, err := os.ReadFile("../../deploy/dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	names := exported(t)
	variables := []string{"__rate_interval"}
	for _, v := range board.Templating.List {
		variables = append(variables, v.Name)
		if v.Type != "query" {
			continue
		}
		if err := checkVariable(fmt.Sprint(v.Query), names); err != nil {
			t.Errorf("variable %s: %v", v.Name, err)
		}
	}
	queries := 0
	for _, p := range board.Panels {
		for _, target := range p.Targets {
			queries++
			for _, m := range regexp.MustCompile(`\$\{?(\w+)`).FindAllStringSubmatch(target.Expr, -1) {
				if !slices.Contains(variables, m[1]) {
					t.Errorf("panel %q: no variable $%s", p.Title, m[1])
				}
			}
			if err := checkQuery(target.Expr, names); err != nil {
				t.Errorf("panel %q: %v", p.Title, err)
			}
			if err := checkWords(target.LegendFormat, legendLabel, target.Expr, names); err != nil {
				t.Errorf("panel %q: %v", p.Title, err)
			}
		}
	}
	if queries < 20 || len(variables) != 3 {
		t.Errorf("%d queries and the variables %v, as if the file were read wrongly", queries, variables)
	}
}
