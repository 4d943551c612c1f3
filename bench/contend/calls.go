package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"redlock-proxy/internal/redistest"
)

// callsOn sums how often each command was called on the nodes, also from within
// scripts.
func callsOn(ctx context.Context, nodes []*redistest.Server) (map[string]int64, error) {
	sum := map[string]int64{}
	for _, n := range nodes {
		calls, err := n.Commands(ctx)
		if err != nil {
			return nil, err
		}
		for command, count := range calls {
			sum[command] += count
		}
	}
	return sum, nil
}

// perLock is how often each command was called for one lock on one node.
func perLock(before, after map[string]int64, locks, nodes int) map[string]float64 {
	rates := map[string]float64{}
	for command, count := range after {
		rates[command] = float64(count-before[command]) / float64(max(locks, 1)*nodes)
	}
	return rates
}

// often lists the commands that are called more than once in a hundred locks,
// the most frequent first. The rest is connections being made.
func often(rates map[string]float64) string {
	var words []string
	commands := slices.SortedFunc(maps.Keys(rates), func(a, b string) int {
		if rates[a] != rates[b] {
			return int(1e6 * (rates[b] - rates[a]))
		}
		return strings.Compare(a, b)
	})
	for _, command := range commands {
		if rates[command] >= 0.01 {
			words = append(words, fmt.Sprintf("%s %.2f", command, rates[command]))
		}
	}
	return strings.Join(words, ", ")
}
