package admin

import (
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"redlock-proxy/redlock"
)

// namespace begins every name.
const namespace = "redlock_proxy"

// maxScrapes at once; more are told to come again.
const maxScrapes = 4

// metrics is the handler of /metrics, with a registry of its own.
func (s *Server) metrics() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		newQuorumCollector(s.options.Table),
		newNodeCollector(s.options.Table),
		newClientCollector(s.options.Table),
		gauge("ready", "1 when /readyz says that locks can be taken here.").function(func() float64 {
			ready, _ := s.ready()
			return number(ready)
		}),
	)
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog:            slog.NewLogLogger(s.options.Logger.Handler(), slog.LevelWarn),
		MaxRequestsInFlight: maxScrapes,
	})
}

// metric is one name, and what it means.
type metric struct {
	name, help string
	desc       *prometheus.Desc
	kind       prometheus.ValueType
}

func newMetric(kind prometheus.ValueType, name, help string, labels []string) metric {
	full := namespace + "_" + name
	return metric{full, help, prometheus.NewDesc(full, help, labels, nil), kind}
}

func gauge(name, help string, labels ...string) metric {
	return newMetric(prometheus.GaugeValue, name, help, labels)
}

func counter(name, help string, labels ...string) metric {
	return newMetric(prometheus.CounterValue, name, help, labels)
}

// histogram has the kind in its type.
func histogram(name, help string, labels ...string) metric {
	return newMetric(prometheus.UntypedValue, name, help, labels)
}

// function is a collector of just this metric.
func (m metric) function(value func() float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: m.name, Help: m.help}, value)
}

// sink takes what a collector has to tell.
type sink chan<- prometheus.Metric

func (to sink) value(m metric, value float64, labels ...string) {
	to <- prometheus.MustNewConstMetric(m.desc, m.kind, value, labels...)
}

// values sends a map's, with its keys as the last label.
func (to sink) values(m metric, values map[string]uint64, labels ...string) {
	for name, n := range values {
		to.value(m, float64(n), append(labels[:len(labels):len(labels)], name)...)
	}
}

func (to sink) histogram(m metric, h redlock.Histogram, labels ...string) {
	upTo := map[float64]uint64{}
	var n uint64
	for i, bound := range h.Bounds {
		n += h.Counts[i]
		upTo[bound] = n
	}
	to <- prometheus.MustNewConstHistogram(m.desc, h.Count(), h.Sum, upTo, labels...)
}

func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}
