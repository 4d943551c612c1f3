package commands

import (
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"strconv"
	"time"
)

func decimal(n int) string { return strconv.Itoa(n) }

func (t *Table) serverInfo() []string {
	up := int(time.Since(t.since).Seconds())
	return []string{
		"redis_version:" + redisVersion,
		"redlock_proxy_version:" + t.Version,
		"redis_mode:standalone",
		"os:" + runtime.GOOS + " " + runtime.GOARCH,
		"arch_bits:" + decimal(strconv.IntSize),
		"process_id:" + decimal(os.Getpid()),
		"run_id:" + t.runID,
		fmt.Sprintf("server_time_usec:%d", time.Now().UnixMicro()),
		"uptime_in_seconds:" + decimal(up),
		"uptime_in_days:" + decimal(up/86400),
	}
}

func (t *Table) clientsInfo() []string {
	subscribed, blocked := 0, 0
	for _, s := range t.Front.Sessions() {
		v := s.look()
		if v.pubsub() {
			subscribed++
		}
		if v.waits {
			blocked++
		}
	}
	return []string{
		"connected_clients:" + decimal(t.Front.Clients()),
		"maxclients:" + decimal(t.Front.MaxClients()),
		"blocked_clients:" + decimal(blocked),
		"tracking_clients:0",
		"pubsub_clients:" + decimal(subscribed),
	}
}

// memoryInfo is of the Go runtime: used is what the heap holds, rss what the
// runtime has of the system.
func memoryInfo() []string {
	samples := []metrics.Sample{
		{Name: "/memory/classes/heap/objects:bytes"},
		{Name: "/memory/classes/total:bytes"},
		{Name: "/memory/classes/heap/released:bytes"},
	}
	metrics.Read(samples)
	used := samples[0].Value.Uint64()
	system := samples[1].Value.Uint64() - samples[2].Value.Uint64()
	return []string{
		fmt.Sprintf("used_memory:%d", used),
		"used_memory_human:" + human(used),
		fmt.Sprintf("used_memory_rss:%d", system),
		"used_memory_rss_human:" + human(system),
		"maxmemory:0",
		"maxmemory_human:0B",
		"maxmemory_policy:noeviction",
		fmt.Sprintf("mem_fragmentation_ratio:%.2f", float64(system)/float64(max(used, 1))),
		"mem_allocator:" + runtime.Version(),
	}
}

// human is a size as Redis writes it for people.
func human(n uint64) string {
	units := []string{"B", "K", "M", "G", "T"}
	f, u := float64(n), 0
	for f >= 1024 && u < len(units)-1 {
		f, u = f/1024, u+1
	}
	if u == 0 {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.2f%s", f, units[u])
}

func (t *Table) statsInfo() []string {
	traffic, s := t.Front.Traffic(), &t.stats
	return []string{
		fmt.Sprintf("total_connections_received:%d", traffic.Received),
		fmt.Sprintf("total_commands_processed:%d", s.processed.shown()),
		fmt.Sprintf("instantaneous_ops_per_sec:%d", s.opsPerSecond()),
		fmt.Sprintf("total_net_input_bytes:%d", traffic.InputBytes),
		fmt.Sprintf("total_net_output_bytes:%d", traffic.OutputBytes),
		fmt.Sprintf("rejected_connections:%d", traffic.Rejected),
		"expired_keys:0",
		"evicted_keys:0",
		"keyspace_hits:0",
		"keyspace_misses:0",
		"pubsub_channels:0",
		"pubsub_patterns:0",
		fmt.Sprintf("acl_access_denied_auth:%d", s.deniedAuth.shown()),
		fmt.Sprintf("acl_access_denied_cmd:%d", s.deniedCommand.shown()),
		fmt.Sprintf("acl_access_denied_key:%d", s.deniedKey.shown()),
		fmt.Sprintf("total_error_replies:%d", s.errors.shown()),
	}
}

// commandInfo counts the time a command took until its answer was known, with
// the waiting for nodes.
func (t *Table) commandInfo() []string {
	var lines []string
	for _, r := range t.sorted(true) {
		calls, rejected := r.counts.calls.shown(), r.counts.rejected.shown()
		if calls == 0 && rejected == 0 {
			continue
		}
		took := time.Duration(r.counts.nanos.shown())
		each := float64(took.Microseconds()) / float64(max(calls, 1))
		lines = append(lines, fmt.Sprintf("cmdstat_%s:calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			r.full, calls, took.Microseconds(), each, rejected, r.counts.failed.shown()))
	}
	return lines
}

func (t *Table) errorInfo() []string {
	var lines []string
	byCode := t.stats.errorCounts()
	for _, code := range sortedKeys(byCode) {
		lines = append(lines, fmt.Sprintf("errorstat_%s:count=%d", code, byCode[code]))
	}
	return lines
}
