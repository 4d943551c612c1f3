package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// look is what the proxy keeps at one moment, as it says itself.
type look struct {
	after      time.Duration
	pairs      float64
	resident   float64 // bytes
	heap       float64 // bytes in use
	goroutines float64
}

func (l look) cells(peer string) []string {
	const mib = 1 << 20
	return []string{peer, l.after.Round(time.Second).String(), fmt.Sprintf("%.0f", l.pairs),
		fmt.Sprintf("%.1f MiB", l.resident/mib), fmt.Sprintf("%.1f MiB", l.heap/mib), fmt.Sprintf("%.0f", l.goroutines)}
}

// history is the looks of one half.
type history struct{ looks []look }

// follow looks every so often until ctx ends.
func (h *history) follow(ctx context.Context, admin string, every time.Duration) error {
	began := time.Now()
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		l, err := ask(ctx, admin)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("ask the proxy what it keeps: %w", err)
		}
		l.after = time.Since(began)
		h.looks = append(h.looks, l)
	}
}

// ask reads the proxy's metrics.
func ask(ctx context.Context, admin string) (look, error) {
	var l look
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		return l, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return l, err
	}
	defer func() { _ = response.Body.Close() }()
	wanted := map[string]*float64{
		"go_goroutines": &l.goroutines, "go_memstats_heap_inuse_bytes": &l.heap, "process_resident_memory_bytes": &l.resident,
		`redlock_proxy_operations_total{operation="unlock",outcome="released"}`: &l.pairs,
	}
	found := 0
	lines := bufio.NewScanner(response.Body)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if to := wanted[name]; to != nil {
			found++
			if *to, err = strconv.ParseFloat(value, 64); err != nil {
				return l, err
			}
		}
	}
	if found != len(wanted) {
		return l, fmt.Errorf("%d of %d metrics are there", found, len(wanted))
	}
	return l, lines.Err()
}

const (
	// settling is the share of a half in which the proxy may still grow: pools and
	// buffers get the size that the load needs.
	settling = 5
	// slack is what the collector's moment makes of the same load.
	slack = 1.3
)

// grown is an error when the proxy keeps more at the end than after its settling:
// the least of the last looks against the most of the first.
func (h *history) grown(peer string) error {
	n := len(h.looks)
	if n < settling {
		return fmt.Errorf("%s: %d looks are too few", peer, n)
	}
	early, late := h.looks[n/settling:2*n/settling+1], h.looks[n-n/settling:]
	var errs error
	for name, of := range map[string]func(look) float64{
		"resident memory": func(l look) float64 { return l.resident },
		"goroutines":      func(l look) float64 { return l.goroutines },
	} {
		most, least := of(early[0]), of(late[0])
		for _, l := range early {
			most = max(most, of(l))
		}
		for _, l := range late {
			least = min(least, of(l))
		}
		if least > slack*most {
			errs = errors.Join(errs, fmt.Errorf("%s: %s grew from %.0f to %.0f", peer, name, most, least))
		}
	}
	return errs
}
