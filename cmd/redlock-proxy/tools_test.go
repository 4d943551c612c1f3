package main

import (
	"io"
	"net"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Tools that people point at a Redis find what they look for.

func TestHelpInRedisCLI(t *testing.T) {
	t.Parallel()
	r := start(t)
	colours := regexp.MustCompile("\x1b\\[[0-9;]*m")
	got := colours.ReplaceAllString(cli(t, "-p", r.port(), "help", "LOCK"), "")
	for _, want := range []string{"LOCK resource ttl [TOKEN token]", "summary: Lock the resource", "group: lock"} {
		if !strings.Contains(got, want) {
			t.Errorf("help LOCK lacks %q:\n%s", want, got)
		}
	}
}

func TestRedisExporterReadsTheProxy(t *testing.T) {
	t.Parallel()
	r := start(t)
	cli(t, "-p", r.port(), "LOCK", "a", "60000")
	cli(t, "-p", r.port(), "UNLOCK", "a")
	metrics := scrape(t, r.addr)
	for _, want := range []string{
		"redis_up 1", `redis_commands_total{cmd="lock"} 1`, `redis_commands_rejected_calls_total{cmd="unlock"} 1`,
		"redis_connected_clients 1", "redis_config_maxclients 10000", "redis_total_error_replies 1",
	} {
		if !strings.Contains(metrics, "\n"+want+"\n") {
			t.Errorf("redis_exporter shows no %q:\n%s", want, metrics)
		}
	}
	if bad := regexp.MustCompile(`redis_exporter_last_scrape_error\{err="[^"]+"\}.*`).FindString(metrics); bad != "" {
		t.Errorf("redis_exporter stumbled: %s", bad)
	}
}

// scrape runs Debian's redis_exporter and gives what it shows of the proxy.
func scrape(t *testing.T, proxy string) string {
	t.Helper()
	const name = "prometheus-redis-exporter"
	if _, err := exec.LookPath(name); err != nil {
		t.Fatalf("%s is missing, run: sh test.sh", name)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	_ = l.Close() // it can not be told to choose a port itself
	out := newOutput()
	c := exec.CommandContext(t.Context(), name, "-redis.addr", "redis://"+proxy, "-web.listen-address", address)
	c.Stderr = out
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = c.Process.Kill()
		_ = c.Wait()
	})
	var text string
	client := &http.Client{Timeout: 10 * time.Second}
	eventually(t, name+" answers: "+out.String(), func() bool {
		answer, err := client.Get("http://" + address + "/metrics")
		if err != nil {
			return false
		}
		defer func() { _ = answer.Body.Close() }()
		body, err := io.ReadAll(answer.Body)
		text = string(body)
		return err == nil && strings.Contains(text, "redis_up ")
	})
	return text
}
