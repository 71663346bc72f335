package telemetry

import (
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics are the node's figures, each in a registry of its own so that two nodes in one process do
// not meet. Label values come from fixed lists: member names on the ledger, indicator types, the
// codes of crosslight/query/v1. No indicator, digest or case reference is ever one.
type Metrics struct {
	registry *prometheus.Registry
	alertMetrics

	// QueriesAsked counts questions of this member by holder and status.
	QueriesAsked *prometheus.CounterVec // holder, status
	// QueriesAnswered counts requests of others by querier and code, refusals included.
	QueriesAnswered *prometheus.CounterVec // querier, code
	// Evaluated counts elements that this member evaluated for others.
	Evaluated *prometheus.CounterVec // querier, type
	// ProofsVerified and ProofsFailed count elements of answers to this member.
	ProofsVerified prometheus.Counter
	ProofsFailed   *prometheus.CounterVec // holder
	// QuerySeconds is how long a question took, all holders together.
	QuerySeconds prometheus.Histogram
	// Matches counts matches found, by type.
	Matches *prometheus.CounterVec // type
	// Imports counts rows of imports by what became of them.
	Imports *prometheus.CounterVec // outcome: imported, refused, duplicate, suppressed, derived
	// Indicators is how many indicators are held, by type.
	Indicators *prometheus.GaugeVec // type
	// IndexSeconds is how long the last build of the index took.
	IndexSeconds prometheus.Gauge
	// MirrorBytes counts bytes of segments received, by holder.
	MirrorBytes *prometheus.CounterVec // holder
	// MirrorEntries is how many entries of a holder's index are here.
	MirrorEntries *prometheus.GaugeVec // holder
	// LedgerSize, RaftTerm and RaftLeader are where this node's ledger stands.
	LedgerSize, RaftTerm, RaftLeader prometheus.Gauge
	// FinalSize, FinalHeight and FinalAge are where its newest final checkpoint stands; the age in seconds.
	FinalSize, FinalHeight, FinalAge prometheus.Gauge
	// StreamErrors counts streams that ended in an error, by protocol and reason.
	StreamErrors *prometheus.CounterVec // protocol, reason
	// RefusedStreams counts streams and connections that the gate refused, by reason.
	RefusedStreams *prometheus.CounterVec // reason
	// Peers is how many members this node is connected to.
	Peers prometheus.Gauge
	// HTTPSeconds is how long requests of the local API took.
	HTTPSeconds *prometheus.HistogramVec // route, status
}

// NewMetrics registers all figures, with those of the Go runtime and the process.
func NewMetrics() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.registry.MustRegister(collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.queries()
	m.data()
	m.alerts()
	m.network()
	return m
}

func (m *Metrics) queries() {
	m.QueriesAsked = m.counters("queries_asked_total", "Questions asked.", "holder", "status")
	m.QueriesAnswered = m.counters("queries_answered_total", "Requests of others, by the code they were answered with.", "querier", "code")
	m.Evaluated = m.counters("evaluations_total", "Elements evaluated for others.", "querier", "type")
	m.ProofsVerified = m.counters("proofs_verified_total", "Elements of answers whose proof held.").WithLabelValues()
	m.ProofsFailed = m.counters("proofs_failed_total", "Elements of answers whose proof did not hold.", "holder")
	m.QuerySeconds = m.histograms("query_seconds", "Time of a question, all holders together.").WithLabelValues().(prometheus.Histogram)
	m.Matches = m.counters("matches_total", "Matches found.", "type")
}

func (m *Metrics) data() {
	m.Imports = m.counters("import_rows_total", "Rows of imports, by what became of them.", "outcome")
	m.Indicators = m.gauges("indicators", "Own indicators held.", "type")
	m.IndexSeconds = m.gauges("index_build_seconds", "Time of the last build of the own index.").WithLabelValues()
	m.MirrorBytes = m.counters("mirror_bytes_total", "Bytes of segments received.", "holder")
	m.MirrorEntries = m.gauges("mirror_entries", "Entries of a holder's index held here.", "holder")
}

func (m *Metrics) network() {
	m.FinalSize = m.gauges("ledger_final_size", "Entries of the ledger that are final here.").WithLabelValues()
	m.FinalHeight = m.gauges("ledger_final_height", "Number of the newest final checkpoint.").WithLabelValues()
	m.FinalAge = m.gauges("ledger_final_age_seconds", "Since a quorum of voters had the newest final checkpoint.").WithLabelValues()
	m.LedgerSize = m.gauges("ledger_size", "Entries of the ledger applied here.").WithLabelValues()
	m.RaftTerm = m.gauges("raft_term", "Current raft term.").WithLabelValues()
	m.RaftLeader = m.gauges("raft_leader", "1 while this node leads.").WithLabelValues()
	m.StreamErrors = m.counters("stream_errors_total", "Streams that ended in an error.", "protocol", "reason")
	m.RefusedStreams = m.counters("refused_streams_total", "Connections and streams that the gate refused.", "reason")
	m.Peers = m.gauges("peers", "Members connected.").WithLabelValues()
	m.HTTPSeconds = m.histograms("http_request_seconds", "Time of a request to the local API.", "route", "status")
}

const namespace = "crosslight"

func (m *Metrics) counters(name, help string, labels ...string) *prometheus.CounterVec {
	v := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) gauges(name, help string, labels ...string) *prometheus.GaugeVec {
	v := prometheus.NewGaugeVec(prometheus.GaugeOpts{Namespace: namespace, Name: name, Help: help}, labels)
	m.registry.MustRegister(v)
	return v
}

func (m *Metrics) histograms(name, help string, labels ...string) *prometheus.HistogramVec {
	v := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Namespace: namespace, Name: name, Help: help, Buckets: prometheus.ExponentialBuckets(0.001, 4, 9),
	}, labels)
	m.registry.MustRegister(v)
	return v
}

// Handler serves the figures in the Prometheus text format.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// Registry takes further collectors, such as raft's sink.
func (m *Metrics) Registry() *prometheus.Registry { return m.registry }
