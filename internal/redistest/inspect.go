package redistest

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Keys returns the keys of database 0, sorted, or the error of the SCAN that
// did not work. Left out are those that the proxies keep about the node and not
// about a lock that is held: they begin with "__redlock:".
func (s *Server) Keys(ctx context.Context) ([]string, error) {
	var keys []string
	const batch = 1000
	for it := s.client.Scan(ctx, 0, "*", batch).Iterator(); ; {
		if !it.Next(ctx) {
			if err := it.Err(); err != nil {
				return nil, fmt.Errorf("redistest: scan %s: %w", s.addr, err)
			}
			break
		}
		if !strings.HasPrefix(it.Val(), "__redlock:") {
			keys = append(keys, it.Val())
		}
	}
	// SCAN may return a key twice while its table grows.
	slices.Sort(keys)
	return slices.Compact(keys), nil
}

// Commands returns how often each command was called since the server started,
// by its lower-case name, subcommands as "config|get". It counts calls by all
// clients, also this one's (hello, info, scan) and one or more info from the
// start. The error is that of INFO, or says which line of it was not understood.
func (s *Server) Commands(ctx context.Context) (map[string]int64, error) {
	info, err := s.client.Info(ctx, "commandstats").Result()
	if err != nil {
		return nil, fmt.Errorf("redistest: commandstats of %s: %w", s.addr, err)
	}
	return parseCommandStats(info)
}

// parseCommandStats reads lines like "cmdstat_set:calls=3,usec=12,…".
func parseCommandStats(info string) (map[string]int64, error) {
	calls := make(map[string]int64)
	for line := range strings.Lines(info) {
		rest, ok := strings.CutPrefix(strings.TrimSpace(line), "cmdstat_")
		if !ok {
			continue
		}
		name, stats, _ := strings.Cut(rest, ":calls=")
		count, _, _ := strings.Cut(stats, ",")
		n, err := strconv.ParseInt(count, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("redistest: commandstats line %q: %w", line, err)
		}
		calls[name] = n
	}
	return calls, nil
}
