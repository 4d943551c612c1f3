package admin

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"redlock-proxy/commands"
)

// clientCollector tells what clients ask for. Its labels are names of the
// program's own: of its commands, errors and limits.
type clientCollector struct {
	table *commands.Table

	build, draining                      metric
	open, most, accepted, rejected       metric
	received, sent, malformed            metric
	calls, took, failed, refused         metric
	errorReplies, limits, denied, unread metric
}

func newClientCollector(t *commands.Table) *clientCollector {
	return &clientCollector{
		table:        t,
		build:        gauge("build_info", "1; the labels say what is running.", "version", "go_version"),
		draining:     gauge("draining", "1 when the proxy is shutting down and refuses new locks."),
		open:         gauge("connections", "Clients that are connected."),
		most:         gauge("connections_max", "Clients that may be (--max-clients)."),
		accepted:     counter("connections_accepted_total", "Clients that have connected."),
		rejected:     counter("connections_rejected_total", "Clients that were turned away, as there were too many or the proxy was leaving."),
		received:     counter("received_bytes_total", "Bytes received from clients."),
		sent:         counter("sent_bytes_total", "Bytes sent to clients."),
		malformed:    counter("protocol_errors_total", "Clients that sent what is no command, and were cut off."),
		calls:        counter("commands_total", "Commands that were run; there is no line for one that was never sent.", "command"),
		took:         counter("command_seconds_total", "Time from the commands to their answers, without the time that LOCKs waited.", "command"),
		failed:       counter("commands_failed_total", "Commands that were answered with an error.", "command"),
		refused:      counter("commands_rejected_total", "Commands that were refused before they were run.", "command"),
		errorReplies: counter("error_replies_total", "Errors that clients were answered, by code.", "code"),
		limits:       counter("limit_hits_total", "Errors with the code LIMIT, by the limit.", "limit"),
		denied:       counter("access_denied_total", "Refusals for want of rights: auth is wrong passwords.", "reason"),
		unread:       counter("unread_replies_total", "Large replies that were given up as clients do not read."),
	}
}

// Describe implements prometheus.Collector.
func (c *clientCollector) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(c, ch) }

// Collect implements prometheus.Collector.
func (c *clientCollector) Collect(ch chan<- prometheus.Metric) {
	to, s := sink(ch), c.table.Stats()
	to.value(c.build, 1, c.table.Version, runtime.Version())
	to.value(c.draining, number(c.table.Leaving()))
	c.connections(to)
	for _, row := range s.Commands {
		if row.Calls == 0 && row.Rejected == 0 && !row.Locks {
			continue // most are never sent
		}
		to.value(c.calls, float64(row.Calls), row.Name)
		to.value(c.took, row.Took.Seconds(), row.Name)
		to.value(c.failed, float64(row.Failed), row.Name)
		to.value(c.refused, float64(row.Rejected), row.Name)
	}
	for code, n := range s.Errors {
		to.value(c.errorReplies, float64(n), code)
	}
	for limit, n := range s.Limits {
		to.value(c.limits, float64(n), limit)
	}
	for reason, n := range s.Denied {
		to.value(c.denied, float64(n), reason)
	}
}

func (c *clientCollector) connections(to sink) {
	front := c.table.Front
	traffic := front.Traffic()
	to.value(c.open, float64(front.Clients()))
	to.value(c.most, float64(front.MaxClients()))
	to.value(c.accepted, float64(traffic.Received))
	to.value(c.rejected, float64(traffic.Rejected))
	to.value(c.received, float64(traffic.InputBytes))
	to.value(c.sent, float64(traffic.OutputBytes))
	to.value(c.malformed, float64(traffic.ProtocolErrors))
	to.value(c.unread, float64(traffic.Unread))
}
